/* What is due to whom; see outputs.h. The receivers are outside: what they answer is not read beyond "it arrived". */
#include "approve/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "approve/outputs_impl.h"
#include "audit/checkpoint.h"
#include "base/log.h"

enum { PAUSE_MIN_MS = 500, PAUSE_MAX_MS = 60000, KEEP_MS = 1000, TOLD_MS = 60000 };

struct outputs {
	struct output *first;
	char host[256];
	int dirfd; /* the log's */
	int64_t kept_ms;
};

/* ---- one output ---- */

static bool wanted(const struct output *o, const struct chain_record *rec)
{
	char event[65];

	if (o->events == NULL)
		return true;
	snprintf(event, sizeof(event), "%.*s", (int)rec->event.n, (const char *)rec->event.p);
	for (char **glob = o->events; *glob != NULL; glob++)
		if (fnmatch(*glob, event, 0) == 0)
			return true;
	return false;
}

int output_next(struct output *o, struct view *line, struct chain_record *rec)
{
	uint64_t durable = audit_durable(o->ctl->log);
	int r;

	for (unsigned i = 0; i < 16 * OUTPUT_ROUND_RECORDS; i++) {
		r = follow_next(&o->log, durable, line, rec);
		if (r < 0) {
			if (r != ERR_EOF)
				output_failed(o, "the log cannot be read");
			return r;
		}
		if (wanted(o, rec)) {
			o->sent = rec->seq;
			return ERR_OK;
		}
		/* Passed over: as good as delivered where nothing stands before it. */
		if (o->delivered == o->sent)
			o->delivered = rec->seq;
		o->sent = rec->seq;
	}
	output_pause(o, 1);
	return ERR_EOF;
}

bool output_checkpoint_due(const struct output *o)
{
	return o->text.len > 0 && o->sent >= o->checkpoint_size;
}

void output_delivered(struct output *o, uint64_t seq)
{
	if (seq > o->delivered)
		o->delivered = seq;
	o->pause_ms = 0;
	if (o->told)
		log_info("the output %s takes records again", o->name);
	o->told = o->down = false;
}

static void go_on(void *arg)
{
	struct output *o = arg;

	o->timer = NULL; /* the round that follows does it */
}

void output_pause(struct output *o, int ms)
{
	if (o->timer == NULL)
		o->timer = loop_timer(o->ctl->loop, ms, go_on, o);
}

void output_failed(struct output *o, const char *why)
{
	output_socket_close(o);
	follow_back(&o->log, o->delivered);
	o->sent = o->delivered;
	o->pause_ms = o->pause_ms == 0 ? PAUSE_MIN_MS : o->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : o->pause_ms * 2;
	if (!o->down && (o->told_ms == 0 || clock_mono_ms() - o->told_ms > TOLD_MS)) {
		log_warn("the output %s cannot be served, records wait in the log: %s", o->name, why);
		o->told = true;
		o->told_ms = clock_mono_ms();
	}
	o->down = true;
	output_pause(o, o->pause_ms);
}

void output_free(struct output *o)
{
	loop_timer_del(o->timer);
	output_socket_close(o);
	follow_close(&o->log);
	for (char **glob = o->events; glob != NULL && *glob != NULL; glob++)
		free(*glob);
	free(o->events);
	free((char *)(uintptr_t)o->to.host);
	free(o->url);
	free(o->secret_file);
	free(o->ca_file);
	free(o->path);
	buf_free(&o->text);
	buf_free(&o->sig);
	buf_free(&o->out);
	free(o);
}

static char *copy(const char *s)
{
	return s != NULL ? strdup(s) : NULL;
}

static void key_of(const char *name, char key[48])
{
	snprintf(key, 48, "output.%s", name);
}

/* Begins where it was, or, for one that is new, with what happens from now on. */
static struct output *make(struct outputs *all, struct control *c, const struct config_output *cfg)
{
	struct output *o = calloc(1, sizeof(*o));
	char key[48];
	int64_t at;

	if (o == NULL)
		return NULL;
	o->ctl = c;
	snprintf(o->name, sizeof(o->name), "%s", cfg->name);
	o->kind = cfg->kind;
	o->to = (struct config_endpoint){ copy(cfg->to.host), cfg->to.port };
	o->path = copy(cfg->path);
	o->url = copy(cfg->url);
	o->secret_file = copy(cfg->secret_file);
	o->ca_file = copy(cfg->ca_file);
	o->style = (struct syslog_options){ all->host, cfg->max_bytes, cfg->ocsf };
	if (cfg->events.n > 0 && (o->events = calloc(cfg->events.n + 1, sizeof(*o->events))) != NULL)
		for (size_t i = 0; i < cfg->events.n; i++)
			o->events[i] = copy(cfg->events.v[i]);
	o->fd = -1;
	buf_init(&o->text, CHECKPOINT_MAX_TEXT);
	buf_init(&o->sig, 1 << 16);
	buf_init(&o->out, 8 << 20);
	key_of(o->name, key);
	at = store_number(c->store, key); /* one more than what is delivered: 0 is "never heard of" */
	o->delivered = at > 0 ? (uint64_t)at - 1 : audit_durable(c->log);
	if (o->delivered > audit_durable(c->log))
		o->delivered = audit_durable(c->log);
	o->kept = at > 0 ? o->delivered : o->delivered + 1; /* a new one is written down at once */
	o->sent = o->delivered;
	follow_init(&o->log, all->dirfd, o->delivered);
	return o;
}

/* ---- all of them ---- */

static void keep(struct outputs *all, struct control *c, bool now)
{
	char key[48];

	if (!now && clock_mono_ms() - all->kept_ms < KEEP_MS)
		return;
	for (struct output *o = all->first; o != NULL; o = o->next) {
		if (o->kept == o->delivered)
			continue;
		key_of(o->name, key);
		if (store_number_put(c->store, key, (int64_t)o->delivered + 1) >= 0)
			o->kept = o->delivered;
		all->kept_ms = clock_mono_ms();
	}
}

static void make_all(struct outputs *all, struct control *c)
{
	struct output *o;

	for (size_t i = 0; i < c->config->n_outputs; i++) {
		o = make(all, c, &c->config->outputs[i]);
		if (o == NULL)
			continue;
		o->next = all->first;
		all->first = o;
	}
	keep(all, c, true);
}

static void drop_all(struct outputs *all, bool stopping)
{
	struct output *o;

	while ((o = all->first) != NULL) {
		all->first = o->next;
		if (o->under_way && !stopping)
			o->dead = true; /* its answer frees it */
		else
			output_free(o);
	}
}

int outputs_open(struct control *c)
{
	struct outputs *all = calloc(1, sizeof(*all));
	struct utsname name;

	if (all == NULL)
		return ERR_NOMEM;
	if (uname(&name) == 0)
		snprintf(all->host, sizeof(all->host), "%s", name.nodename);
	all->dirfd = open("audit", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	c->outputs = all;
	if (all->dirfd < 0)
		return ERR_SYS;
	make_all(all, c);
	return ERR_OK;
}

void outputs_reload(struct control *c)
{
	keep(c->outputs, c, true);
	drop_all(c->outputs, false);
	make_all(c->outputs, c);
}

void outputs_close(struct control *c)
{
	struct outputs *all = c->outputs;
	struct why why;

	if (all == NULL)
		return;
	if (c->store != NULL && c->log != NULL) {
		outputs_round(c); /* the last records, as far as a socket takes them at once */
		keep(all, c, true);
		(void)store_commit(c->store, audit_durable(c->log), &why);
	}
	drop_all(all, true);
	if (all->dirfd >= 0)
		close(all->dirfd);
	free(all);
	c->outputs = NULL;
}

void outputs_round(struct control *c)
{
	if (c->outputs == NULL)
		return;
	for (struct output *o = c->outputs->first; o != NULL; o = o->next) {
		if (o->timer != NULL || (o->sent >= audit_durable(c->log) && o->delivered == o->sent && !output_checkpoint_due(o) && o->out.len == 0))
			continue;
		if (o->kind == OUTPUT_WEBHOOK)
			output_hook_step(o);
		else
			output_socket_step(o);
	}
	keep(c->outputs, c, false);
}

void outputs_checkpoint(struct control *c, struct view text, struct view sshsig)
{
	struct checkpoint cp;

	if (c->outputs == NULL || checkpoint_read(text, &cp, NULL) < 0)
		return;
	for (struct output *o = c->outputs->first; o != NULL; o = o->next) {
		buf_clear(&o->text);
		buf_clear(&o->sig);
		o->checkpoint_size = cp.size;
		if (buf_put(&o->sig, sshsig.p, sshsig.n) >= 0)
			(void)buf_put(&o->text, text.p, text.n);
	}
}

void outputs_metrics(struct control *c, struct buf *b)
{
	(void)buf_put_str(b, "# HELP sallyport_output_lag_records Durable records that an output has not delivered yet.\n"
			     "# TYPE sallyport_output_lag_records gauge\n");
	for (struct output *o = c->outputs == NULL ? NULL : c->outputs->first; o != NULL; o = o->next)
		(void)buf_printf(b, "sallyport_output_lag_records{output=\"%s\"} %llu\n", o->name,
				 (unsigned long long)(audit_durable(c->log) - o->delivered));
}
