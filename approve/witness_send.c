/* Our checkpoints to a witness; see witness.h. What it knows of us is a number; what it needs besides is the subtrees from there on, which are read from the log
 * itself, a bounded piece a round. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "approve/control.h"
#include "approve/issue.h"
#include "approve/witness.h"
#include "audit/follow.h"
#include "audit/witness.h"
#include "base/log.h"

enum { LEAVES_A_ROUND = 4096, BETWEEN_MS = 1000, PAUSE_MIN_MS = 1000, PAUSE_MAX_MS = 60000, RECORDED_MS = 3600000 };

struct offer {
	struct buf text, sig;
	uint64_t size; /* 0: none */
};

struct witness {
	struct control *ctl;
	int dirfd;
	char *url, *ca_file;
	uint64_t known;            /* records that the witness has seen */
	struct merkle_range range; /* from there on */
	struct follow log;
	struct offer closing, latest;
	uint64_t sending;          /* size of what is under way; 0: nothing is */
	bool dead;
	struct loop_timer *timer;
	int pause_ms;
	bool told;
	int64_t recorded_ms;
};

/* ---- offers ---- */

static void offer_init(struct offer *o)
{
	buf_init(&o->text, CHECKPOINT_MAX_TEXT);
	buf_init(&o->sig, 1 << 16);
}

static void offer_put(struct offer *o, struct view text, struct view sig, uint64_t size)
{
	buf_clear(&o->text);
	buf_clear(&o->sig);
	o->size = buf_put(&o->text, text.p, text.n) >= 0 && buf_put(&o->sig, sig.p, sig.n) >= 0 ? size : 0;
}

void witness_offer(struct control *c, struct view text, struct view sshsig)
{
	struct witness *w = c->witness;
	struct checkpoint cp;

	if (w == NULL || w->url == NULL || checkpoint_read(text, &cp, NULL) < 0)
		return;
	offer_put(cp.next.n > 0 ? &w->closing : &w->latest, text, sshsig, cp.size);
}

/* The last checkpoint that names a next key and that the witness has not seen yet, out of the log's own files: it may have been signed just before the last
 * control ended. */
static void find_closing(struct witness *w)
{
	char name[SEGMENT_NAME_MAX];
	struct buf text, sig;
	struct checkpoint cp;
	unsigned *numbers = NULL;
	struct lines l;
	struct view line;
	bool older = false;
	size_t n = 0;

	if (segments_list(w->dirfd, SEGMENT_CHECKPOINTS, &numbers, &n) < 0)
		return;
	buf_init(&text, 1 << 16);
	buf_init(&sig, 1 << 16);
	for (; n > 0 && !older; n--) {
		segment_name(SEGMENT_CHECKPOINTS, numbers[n - 1], name);
		if (lines_open(&l, w->dirfd, name, 0) < 0)
			break;
		while (lines_next(&l, &line, NULL) == ERR_OK) {
			if (checkpoint_line_read(line, &text, &sig, &cp, NULL) < 0)
				continue;
			older = older || cp.size <= w->known;
			/* The first one is sent first; those after it are found when it was. */
			if (cp.next.n > 0 && cp.size > w->known && (w->closing.size == 0 || cp.size < w->closing.size))
				offer_put(&w->closing, (struct view){ buf_ptr(&text), text.len }, (struct view){ buf_ptr(&sig), sig.len }, cp.size);
		}
		lines_close(&l);
	}
	buf_free(&text);
	buf_free(&sig);
	free(numbers);
}

/* ---- sending ---- */

static void go_on(void *arg)
{
	struct witness *w = arg;

	w->timer = NULL;
}

static void pause_for(struct witness *w, int ms)
{
	if (w->timer == NULL)
		w->timer = loop_timer(w->ctl->loop, ms, go_on, w);
}

/* From this many records on. */
static void begin_at(struct witness *w, uint64_t known)
{
	w->known = known;
	merkle_range_init(&w->range, known);
	follow_back(&w->log, known);
	(void)store_number_put(w->ctl->store, "witness", (int64_t)known);
}

static void failed(struct witness *w, const char *why)
{
	w->pause_ms = w->pause_ms == 0 ? PAUSE_MIN_MS : w->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : w->pause_ms * 2;
	w->ctl->count.failures[FAIL_WITNESS]++;
	if (!w->told)
		log_warn("the witness did not take a checkpoint: %s", why);
	w->told = true;
	pause_for(w, w->pause_ms);
}

/* It has seen something of this log that is not so. Once an hour on record: this is what a witness is for. */
static void contradicted(struct witness *w, const char *why)
{
	if (w->recorded_ms == 0 || clock_mono_ms() - w->recorded_ms > RECORDED_MS) {
		log_error("the witness contradicts this log: %s. Somebody rolled it back, or there are two of it", why);
		(void)control_record(w->ctl, NULL, "witness.refused",
				     json_pack("{s:s,s:s,s:I}", "log", w->ctl->config->audit.origin, "reason", why, "size", (json_int_t)w->sending), NULL);
		w->recorded_ms = clock_mono_ms();
	}
	w->told = true;
	failed(w, why);
}

/* Another Sallyport says what it knows: {"size": N}. */
static bool known_there(struct http_result *res, uint64_t *size)
{
	json_t *j = res->body.len > 0 ? json_loadb((const char *)buf_ptr(&res->body), res->body.len, 0, NULL) : NULL, *n = json_object_get(j, "size");
	bool ok = json_is_integer(n) && json_integer_value(n) >= 0;

	*size = ok ? (uint64_t)json_integer_value(n) : 0;
	json_decref(j);
	return ok;
}

static void taken(struct witness *w)
{
	if (w->closing.size != 0 && w->closing.size <= w->sending) {
		w->closing.size = 0;
		begin_at(w, w->sending);
		find_closing(w);
	} else {
		begin_at(w, w->sending);
	}
	if (w->latest.size <= w->sending)
		w->latest.size = 0;
	if (w->told)
		log_info("the witness takes checkpoints again");
	w->told = false;
	w->pause_ms = 0;
	pause_for(w, BETWEEN_MS);
}

static void free_witness(struct witness *w)
{
	loop_timer_del(w->timer);
	follow_close(&w->log);
	if (w->dirfd >= 0)
		close(w->dirfd);
	buf_free(&w->closing.text);
	buf_free(&w->closing.sig);
	buf_free(&w->latest.text);
	buf_free(&w->latest.sig);
	free(w->url);
	free(w->ca_file);
	free(w);
}

static void done(void *arg, struct http_result *res)
{
	struct witness *w = arg;
	uint64_t size;
	char why[96];

	if (w->dead) {
		free_witness(w);
		return;
	}
	if (res->err < 0) {
		failed(w, res->why.text);
	} else if (res->status >= 200 && res->status <= 299) {
		taken(w);
	} else if (res->status == 409 && known_there(res, &size)) {
		if (size > audit_durable(w->ctl->log)) {
			snprintf(why, sizeof(why), "it has seen %llu records, there are %llu", (unsigned long long)size,
				 (unsigned long long)audit_durable(w->ctl->log));
			contradicted(w, why);
		} else if (size == w->known) {
			failed(w, "it answered 409 to what it said itself");
		} else {
			begin_at(w, size);
			pause_for(w, 100);
		}
	} else {
		snprintf(why, sizeof(why), "it answered %ld", res->status);
		if (res->status == 422)
			contradicted(w, "it answered 422: what it has seen is no beginning of this log");
		else
			failed(w, why);
	}
	w->sending = 0;
}

/* Reads leaves up to `size`. Whether it is there. */
static bool reach(struct witness *w, uint64_t size)
{
	uint8_t leaf[DIGEST_SIZE];
	struct chain_record rec;
	struct view line;

	if (w->range.to > size) { /* a later one was begun with */
		merkle_range_init(&w->range, w->known);
		follow_back(&w->log, w->known);
	}
	for (unsigned i = 0; w->range.to < size && i < LEAVES_A_ROUND; i++) {
		if (follow_next(&w->log, size, &line, &rec) < 0 || merkle_leaf(line.p, line.n, leaf) < 0 || merkle_range_add(&w->range, leaf) < 0) {
			failed(w, "the log cannot be read");
			return false;
		}
	}
	if (w->range.to < size)
		pause_for(w, 1);
	return w->range.to == size;
}

void witness_round(struct control *c)
{
	static const char *const headers[] = { "Content-Type: text/plain; charset=utf-8", NULL };
	struct witness *w = c->witness;
	struct http_request req = { .method = "POST", .loopback_http = true, .headers = headers, .done = done, .arg = w };
	struct why why = { "" };
	struct offer *o;
	struct buf body;

	if (w == NULL || w->url == NULL || w->sending != 0 || w->timer != NULL)
		return;
	o = w->closing.size > 0 ? &w->closing : &w->latest;
	if (o->size == 0)
		return;
	if (o->size < w->known) { /* it was seen already */
		o->size = 0;
		return;
	}
	if (!reach(w, o->size))
		return;
	buf_init(&body, WITNESS_MAX);
	if (witness_write(&body, (struct view){ buf_ptr(&o->text), o->text.len }, (struct view){ buf_ptr(&o->sig), o->sig.len }, &w->range) < 0) {
		failed(w, "no memory");
	} else {
		req.url = w->url;
		req.ca_file = w->ca_file;
		req.body = buf_ptr(&body);
		req.body_len = body.len;
		if (http_fetch_submit(issue_fetcher(c), &req, &why) < 0)
			failed(w, why.text);
		else
			w->sending = o->size;
	}
	buf_free(&body);
}

/* ---- start and end ---- */

/* A number for the witness that is configured: another one has seen nothing. */
static int64_t mark_of(const char *url)
{
	uint8_t d[DIGEST_SIZE];
	int64_t v = 0;

	if (url == NULL || digest(url, strlen(url), d) < 0)
		return 0;
	memcpy(&v, d, sizeof(v));
	return v & INT64_MAX;
}

int witness_open(struct control *c)
{
	struct witness *w = calloc(1, sizeof(*w));
	const char *url = c->config->audit.witness;

	if (w == NULL)
		return ERR_NOMEM;
	w->ctl = c;
	w->dirfd = open("audit", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	follow_init(&w->log, w->dirfd, 0);
	offer_init(&w->closing);
	offer_init(&w->latest);
	c->witness = w;
	if (url == NULL)
		return ERR_OK;
	w->url = strdup(url);
	w->ca_file = c->config->audit.witness_ca != NULL ? strdup(c->config->audit.witness_ca) : NULL;
	if (w->url == NULL || w->dirfd < 0)
		return ERR_SYS;
	if (store_number(c->store, "witness_mark") != mark_of(url)) {
		(void)store_number_put(c->store, "witness_mark", mark_of(url));
		begin_at(w, 0);
	} else {
		begin_at(w, (uint64_t)store_number(c->store, "witness"));
	}
	if (w->known > audit_durable(c->log))
		begin_at(w, 0); /* it will say what it knows */
	else
		find_closing(w);
	return ERR_OK;
}

void witness_close(struct control *c)
{
	if (c->witness != NULL)
		free_witness(c->witness);
	c->witness = NULL;
}

void witness_reload(struct control *c)
{
	if (c->witness != NULL && c->witness->sending != 0)
		c->witness->dead = true; /* its answer frees it */
	else if (c->witness != NULL)
		free_witness(c->witness);
	c->witness = NULL;
	if (witness_open(c) < 0)
		log_warn("the witness: it cannot be set up");
}
