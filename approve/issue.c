/* Tokens in, certificates out; see issue.h. Distrusts the bearer, and the issuer's web server as far as identity/ does. */
#include "approve/issue.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "approve/control.h"
#include "audit/digest.h"
#include "base/log.h"
#include "identity/fetch.h"
#include "identity/jwks_cache.h"
#include "identity/sshcert.h"
#include "identity/sshkey.h"

enum { HOLD_MS = 12000, HELD_MAX = 1024, SOURCES = 1024, PER_MINUTE = 600 };

/* An issuer with its keys. */
struct home {
	struct issue *all;
	struct issuer *iss;
	struct jwks_cache cache;
	bool retired; /* by a reload, while a fetch was under way */
};

/* A token that waits for keys. */
struct verify {
	struct verify *next;
	struct issue *all;
	struct buf token;
	issue_verified_fn *fn;
	void *arg;
	struct home *home; /* whose keys it waits for */
	struct loop_timer *timer;
	bool again;        /* the keys have come once already */
};

/* How many tokens an address has sent within the minute: verifying costs more than sending. */
struct source {
	uint64_t hash;
	int64_t minute;
	unsigned n;
};

struct issue {
	struct control *ctl;
	struct source sources[SOURCES];
	struct home **homes;
	struct issuer **issuers; /* the same, as token_verify() wants them */
	size_t n;
	struct http_fetch *fetch;
	struct loop_watch *watch;
	struct verify *held;
	unsigned n_held;
};

/* ---- issuers out of the configuration ---- */

static int set_list(struct issuer *iss, const char *key, const struct config_strings *s, struct why *why)
{
	int r = ERR_OK;

	for (size_t i = 0; r >= 0 && i < s->n; i++)
		r = issuer_set(iss, key, s->v[i], why);
	return r;
}

static struct issuer *make_issuer(const struct config_issuer *ci, struct why *why)
{
	const struct {
		const char *key, *value;
	} words[] = { { "name", ci->name }, { "issuer", ci->issuer }, { "jwks_file", ci->jwks_file }, { "jwks_url", ci->jwks_url },
		      { "ca_file", ci->ca_file }, { "subject", ci->subject }, { "groups", ci->groups }, { "groups_format", ci->groups_format } };
	struct issuer *iss = issuer_new();
	int r = iss != NULL ? ERR_OK : ERR_NOMEM;

	for (size_t i = 0; r >= 0 && i < sizeof(words) / sizeof(*words); i++) {
		if (words[i].value != NULL)
			r = issuer_set(iss, words[i].key, words[i].value, why);
	}
	if (r >= 0)
		r = set_list(iss, "audiences", &ci->audiences, why);
	if (r >= 0)
		r = set_list(iss, "algorithms", &ci->algorithms, why);
	if (r >= 0)
		r = set_list(iss, "types", &ci->types, why);
	for (size_t i = 0; r >= 0 && i < ci->n_required; i++)
		r = issuer_require(iss, ci->required[i].name, ci->required[i].glob, why);
	if (r >= 0)
		r = issuer_finish(iss, why);
	if (r < 0) {
		issuer_free(iss);
		return NULL;
	}
	iss->max_age = (int64_t)ci->max_age;
	iss->skew = (int64_t)ci->clock_skew;
	iss->lifetime = (int64_t)ci->lifetime;
	iss->single_use = ci->single_use;
	return iss;
}

int issue_check(const struct config *cfg, struct buf *errors)
{
	struct issuer *iss;
	struct why why;
	int r = ERR_OK;

	for (size_t i = 0; i < cfg->n_issuers; i++) {
		why.text[0] = '\0';
		iss = make_issuer(&cfg->issuers[i], &why);
		if (iss == NULL) {
			(void)buf_printf(errors, "%s:%u:%u: issuer %s: %s\n", cfg->path, cfg->issuers[i].node->line, cfg->issuers[i].node->column,
					 cfg->issuers[i].name, why.text);
			r = ERR_MALFORMED;
		}
		issuer_free(iss);
	}
	return r;
}

static void free_home(struct home *h)
{
	if (h == NULL)
		return;
	jwks_cache_free(&h->cache);
	issuer_free(h->iss);
	free(h);
}

static void load_file(struct home *h)
{
	struct jwks *set = NULL;
	struct why why = { "" };

	if (fetch_keys_file(h->iss, &set, &why) < 0)
		log_error("issuer %s: %s", h->iss->name, why.text);
	jwks_cache_done(&h->cache, set, clock_mono_ms() / 1000);
}

static int load_homes(struct issue *all)
{
	const struct config *cfg = all->ctl->config;
	struct home **homes = calloc(cfg->n_issuers + 1, sizeof(*homes));
	struct issuer **issuers = calloc(cfg->n_issuers + 1, sizeof(*issuers));
	struct why why = { "" };
	int r = homes != NULL && issuers != NULL ? ERR_OK : ERR_NOMEM;

	for (size_t i = 0; r >= 0 && i < cfg->n_issuers; i++) {
		homes[i] = calloc(1, sizeof(**homes));
		if (homes[i] == NULL) {
			r = ERR_NOMEM;
			break;
		}
		homes[i]->all = all;
		jwks_cache_init(&homes[i]->cache);
		homes[i]->iss = issuers[i] = make_issuer(&cfg->issuers[i], &why);
		if (issuers[i] == NULL) {
			log_error("issuer %s (%s:%u): %s", cfg->issuers[i].name, cfg->path, cfg->issuers[i].node->line, why.text);
			r = ERR_MALFORMED;
		}
	}
	if (r >= 0)
		r = issuer_check_set((const struct issuer *const *)issuers, cfg->n_issuers, &why);
	if (r < 0) {
		for (size_t i = 0; homes != NULL && i < cfg->n_issuers; i++)
			free_home(homes[i]);
		free(homes);
		free(issuers);
		return r;
	}
	free(all->homes);
	free(all->issuers);
	all->homes = homes;
	all->issuers = issuers;
	all->n = cfg->n_issuers;
	for (size_t i = 0; i < all->n; i++) {
		if (homes[i]->iss->jwks_file != NULL)
			load_file(homes[i]);
	}
	return ERR_OK;
}

bool issue_knows(struct control *c, const char *name)
{
	for (size_t i = 0; i < c->issue->n; i++) {
		if (strcmp(c->issue->issuers[i]->name, name) == 0)
			return true;
	}
	return false;
}

struct http_fetch *issue_fetcher(struct control *c)
{
	return c->issue->fetch;
}

/* ---- verifying ---- */

static void try_verify(struct verify *v);

static void finish(struct verify *v, int r, struct identity *who, const struct token_facts *facts, const struct why *why)
{
	loop_timer_del(v->timer);
	v->fn(v->arg, r, who, facts, why);
	buf_free(&v->token);
	free(v);
}

static void unhold(struct verify *v)
{
	struct verify **p;

	for (p = &v->all->held; *p != v; p = &(*p)->next)
		;
	*p = v->next;
	v->all->n_held--;
	v->home = NULL;
}

static void hold_late(void *arg)
{
	struct verify *v = arg;
	struct token_facts facts = { 0 };
	struct why why;

	v->timer = NULL;
	unhold(v);
	why_set(&why, "the issuer's keys could not be fetched in time");
	finish(v, ERR_UNAVAILABLE, NULL, &facts, &why);
}

static void release_held(struct home *h)
{
	struct verify *v, *next, *mine = NULL;

	for (v = h->all->held; v != NULL; v = next) {
		next = v->next;
		if (v->home == h) {
			unhold(v);
			v->next = mine;
			mine = v;
		}
	}
	for (v = mine; v != NULL; v = next) {
		next = v->next;
		loop_timer_del(v->timer);
		v->timer = NULL;
		v->again = true;
		try_verify(v);
	}
}

static void on_keys(void *arg, int err, struct jwks *set, const struct why *why)
{
	struct home *h = arg;

	if (err < 0)
		log_warn("issuer %s: its keys cannot be fetched: %s", h->iss->name, why->text);
	jwks_cache_done(&h->cache, set, clock_mono_ms() / 1000);
	release_held(h);
	if (h->retired)
		free_home(h);
}

/* Begins to fetch; the cache has been told. */
static void fetch(struct home *h)
{
	struct why why = { "" };

	if (h->iss->jwks_file != NULL) {
		load_file(h);
	} else if (fetch_keys(h->all->fetch, h->iss, on_keys, h, &why) < 0) {
		log_warn("issuer %s: its keys cannot be fetched: %s", h->iss->name, why.text);
		jwks_cache_done(&h->cache, NULL, clock_mono_ms() / 1000);
	}
}

static struct home *home_of(struct issue *all, const struct issuer *iss)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->issuers[i] == iss)
			return all->homes[i];
	}
	return NULL;
}

static const struct jwks *keys_of(void *arg, const struct issuer *iss)
{
	struct home *h = home_of(arg, iss);

	return h != NULL ? h->cache.set : NULL;
}

/* The token names a key that is not at hand. Returns whether it waits now, or was tried again. */
static bool want_keys(struct verify *v, const struct token_facts *facts)
{
	struct home *h = facts->issuer != NULL ? home_of(v->all, facts->issuer) : NULL;
	enum jwks_want want;

	if (h == NULL || v->again || v->all->n_held >= HELD_MAX)
		return false;
	want = jwks_cache_missing(&h->cache, facts->kid, clock_mono_ms() / 1000);
	if (want == JWKS_WANT_NOTHING)
		return false;
	v->home = h;
	v->next = v->all->held;
	v->all->held = v;
	v->all->n_held++;
	v->timer = loop_timer(v->all->ctl->loop, HOLD_MS, hold_late, v);
	if (want == JWKS_WANT_FETCH) {
		fetch(h);
		if (!h->cache.under_way)
			release_held(h);
	}
	return true;
}

static void try_verify(struct verify *v)
{
	struct issue *all = v->all;
	struct token_facts facts = { 0 };
	struct identity *who = NULL;
	struct why why = { "" };
	struct home *h;
	int r;

	r = token_verify((const struct issuer *const *)all->issuers, all->n, keys_of, all, (const char *)buf_ptr(&v->token), v->token.len,
			 clock_wall_ms() / 1000, &who, &facts, &why);
	if (r == ERR_NOTFOUND && want_keys(v, &facts))
		return;
	h = facts.issuer != NULL ? home_of(all, facts.issuer) : NULL;
	if (r >= 0 && h != NULL && jwks_cache_should_refresh(&h->cache, clock_mono_ms() / 1000))
		fetch(h);
	finish(v, r, who, &facts, &why);
}

void issue_verify(struct control *c, struct view token, issue_verified_fn *fn, void *arg)
{
	struct verify *v = calloc(1, sizeof(*v));
	struct token_facts facts = { 0 };
	struct why why = { "" };

	/* A line break at the end is how a token comes out of a file. */
	while (token.n > 0 && (token.p[token.n - 1] == '\n' || token.p[token.n - 1] == '\r'))
		token.n--;
	if (v != NULL) {
		v->all = c->issue;
		v->fn = fn;
		v->arg = arg;
		buf_init_secret(&v->token, JWS_MAX + 1);
		if (buf_put(&v->token, token.p, token.n) >= 0) {
			try_verify(v);
			return;
		}
		buf_free(&v->token);
		free(v);
	}
	why_set(&why, "the token is too long");
	fn(arg, ERR_LIMIT, NULL, &facts, &why);
}

/* ---- certificates ---- */

struct job {
	struct control *ctl;
	issue_fn *fn;
	void *arg;
	char source[64], route[64];
	struct addr addr;
	struct buf key; /* the subject's blob */
	struct buf tbs;
	struct identity *who;
	uint64_t serial;
	int64_t from, until;
	uint8_t replay_key[32];
};

static void job_end(struct job *j, int status, const char *why, const char *line)
{
	struct issue_result res = { .status = status, .why = why, .line = line, .valid_until = j->until };

	j->fn(j->arg, &res);
	identity_free(j->who);
	buf_free(&j->key);
	buf_free(&j->tbs);
	free(j);
}

static void job_refuse(struct job *j, int status, const char *why, const struct token_facts *facts)
{
	json_t *o = json_pack("{s:s,s:s,s:s}", "reason", why, "route", j->route, "source", j->source);

	if (facts != NULL && facts->issuer != NULL)
		json_object_set_new(o, "issuer", json_string(facts->issuer->name));
	if (j->who != NULL)
		json_object_set_new(o, "identity", control_who(j->who));
	j->ctl->count.certificates_refused++;
	(void)control_record(j->ctl, NULL, "certificate.refused", o, NULL);
	job_end(j, status, why, NULL);
}

static int record_issued(struct job *j)
{
	char finger[SSHKEY_FINGERPRINT] = "", ca[SSHKEY_FINGERPRINT] = "", hex[DIGEST_HEX + 1];

	sshkey_fingerprint((struct view){ buf_ptr(&j->key), j->key.len }, finger);
	sshkey_fingerprint((struct view){ buf_ptr(&j->ctl->ca_blob), j->ctl->ca_blob.len }, ca);
	digest_hex(j->replay_key, hex);
	return control_record(j->ctl, NULL, "certificate.issued",
			      json_pack("{s:o,s:I,s:s,s:s,s:o,s:o,s:s,s:s,s:s*,s:s,s:s,s:s}", "identity", control_who(j->who), "serial",
					(json_int_t)j->serial, "principal", ISSUE_PRINCIPAL, "key", finger, "valid_from",
					control_time(j->from * 1000), "valid_until", control_time(j->until * 1000), "route", j->route, "source",
					j->source, "jti", j->who->jti, "ca", ca, "issuer", j->who->issuer, "token", hex),
			      NULL);
}

static void on_signed(void *arg, bool ok, struct view data, struct view why_text)
{
	struct job *j = arg;
	struct buf blob, line;
	struct why why = { "" };
	char *identity = NULL;
	int r;

	buf_init(&blob, 1 << 16);
	buf_init(&line, 1 << 17);
	if (!ok) {
		log_error("the vault signs no certificate: %.*s", (int)(why_text.n > 200 ? 200 : why_text.n), (const char *)why_text.p);
		r = ERR_UNAVAILABLE;
	} else {
		r = sshcert_finish((struct view){ buf_ptr(&j->tbs), j->tbs.len }, data, &blob, &why);
	}
	if (r >= 0)
		r = sshkey_format_line((struct view){ buf_ptr(&blob), blob.len }, j->who->issuer, &line);
	if (r >= 0)
		r = identity_text(j->who, &identity, &why);
	if (r >= 0)
		r = record_issued(j);
	if (r >= 0)
		r = store_certificate_add(j->ctl->store, j->serial, identity, j->until);
	free(identity);
	if (r >= 0) {
		j->ctl->count.certificates++;
		job_end(j, 201, NULL, buf_cstr(&line));
	} else {
		job_refuse(j, 503, "the certificate cannot be signed now", NULL);
	}
	buf_free(&blob);
	buf_free(&line);
}

static int build(struct job *j, int64_t lifetime, struct why *why)
{
	struct control *c = j->ctl;
	const char *principals[] = { ISSUE_PRINCIPAL };
	char key_id[512], *identity = NULL;
	struct sshcert_params p = { .type = SSHCERT_USER, .key_id = key_id, .principals = principals, .n_principals = 1,
				    .permits = SSHCERT_PTY };
	int64_t max = (int64_t)c->config->certificates.lifetime < lifetime ? (int64_t)c->config->certificates.lifetime : lifetime;
	int r;

	if (getrandom(p.nonce, sizeof(p.nonce), 0) != (ssize_t)sizeof(p.nonce) ||
	    getrandom(&j->serial, sizeof(j->serial), 0) != (ssize_t)sizeof(j->serial))
		return ERR_SYS;
	/* 53 bits: what every reader of JSON keeps. */
	j->serial &= (UINT64_C(1) << 53) - 1;
	j->serial |= 1;
	p.serial = j->serial;
	r = sshcert_window(clock_wall_ms() / 1000, j->who->exp, max, &j->from, &j->until);
	if (r < 0)
		return why_fail(why, r, "the token has expired");
	p.valid_after = j->from;
	p.valid_before = j->until;
	snprintf(key_id, sizeof(key_id), "%s|%.440s", j->who->issuer, j->who->subject);
	for (char *q = key_id; *q != '\0'; q++) {
		if (*q < 0x20 || *q > 0x7e)
			*q = '?';
	}
	if (c->config->certificates.source_address && j->addr.known)
		p.source_address = j->source;
	r = identity_text(j->who, &identity, why);
	p.identity = identity;
	if (r >= 0)
		r = sshcert_tbs(&p, (struct view){ buf_ptr(&j->key), j->key.len }, (struct view){ buf_ptr(&c->ca_blob), c->ca_blob.len }, &j->tbs,
				why);
	free(identity);
	return r;
}

static void on_verified(void *arg, int r, struct identity *who, const struct token_facts *facts, const struct why *why_not)
{
	struct job *j = arg;
	struct msg_vault_sign_cert m = { 0 };
	struct why why = { "" };

	if (r < 0) {
		job_refuse(j, r == ERR_UNAVAILABLE ? 503 : 401, why_not->text[0] != '\0' ? why_not->text : err_text(r), facts);
		return;
	}
	j->who = who;
	memcpy(j->replay_key, facts->replay_key, sizeof(j->replay_key));
	if (j->ctl->ca_blob.len == 0 || j->ctl->vault == NULL) {
		job_refuse(j, 503, "the certificate cannot be signed now", facts);
		return;
	}
	if (facts->issuer->single_use) {
		r = store_token_use(j->ctl->store, facts->replay_key, facts->replay_until);
		if (r < 0) {
			job_refuse(j, r == ERR_EXISTS ? 401 : 503, r == ERR_EXISTS ? "the token was used before" : "nothing can be kept now", facts);
			return;
		}
	}
	r = build(j, facts->issuer->lifetime, &why);
	if (r < 0) {
		job_refuse(j, r == ERR_EXPIRED ? 401 : 400, why.text[0] != '\0' ? why.text : err_text(r), facts);
		return;
	}
	r = control_vault_call(j->ctl, on_signed, j, &m.req);
	if (r < 0) {
		job_refuse(j, 503, "the certificate cannot be signed now", facts);
		return;
	}
	m.tbs = (struct view){ buf_ptr(&j->tbs), j->tbs.len };
	(void)msg_vault_sign_cert_send(&j->ctl->vault->ipc, &m, NULL, 0);
}

/* Whether the address has sent too many within this minute. Two addresses that share a place push each other out. */
static bool too_many(struct issue *all, const char *source)
{
	uint64_t h = 14695981039346656037u;
	int64_t minute = clock_mono_ms() / 60000;
	struct source *s;

	for (const char *p = source; *p != '\0'; p++)
		h = (h ^ (uint8_t)*p) * 1099511628211u;
	s = &all->sources[h % SOURCES];
	if (s->hash != h || s->minute != minute)
		*s = (struct source){ h, minute, 0 };
	return ++s->n > PER_MINUTE;
}

void issue_start(struct control *c, const struct issue_ask *ask, issue_fn *fn, void *arg)
{
	static const struct issue_result full = { .status = 503, .why = "no memory" };
	struct job *j = calloc(1, sizeof(*j));
	struct sshkey key;
	struct why why = { "" };
	int r;

	if (j == NULL) {
		fn(arg, &full);
		return;
	}
	j->ctl = c;
	j->fn = fn;
	j->arg = arg;
	j->addr = ask->addr;
	snprintf(j->source, sizeof(j->source), "%s", ask->source);
	snprintf(j->route, sizeof(j->route), "%s", ask->route);
	buf_init(&j->key, SSHKEY_BLOB_MAX);
	buf_init(&j->tbs, 1 << 16);
	if (too_many(c->issue, ask->source)) {
		job_end(j, 429, "too many requests from this address within a minute", NULL);
		return;
	}
	r = sshkey_parse_line((const char *)ask->key_line.p, ask->key_line.n, &j->key, NULL, &why);
	if (r >= 0)
		r = sshkey_parse((struct view){ buf_ptr(&j->key), j->key.len }, &key, &why);
	if (r >= 0)
		r = sshkey_sound(&key, &why);
	if (r < 0) {
		job_refuse(j, 400, why.text[0] != '\0' ? why.text : "not an OpenSSH public key", NULL);
		return;
	}
	issue_verify(c, ask->token, on_verified, j);
}

/* ---- start, reload, end ---- */

static void on_fetched(int fd, unsigned events, void *arg)
{
	struct issue *all = arg;

	(void)fd;
	(void)events;
	http_fetch_dispatch(all->fetch);
}

int issue_open(struct control *c)
{
	struct issue *all = calloc(1, sizeof(*all));
	int r;

	if (all == NULL)
		return ERR_NOMEM;
	all->ctl = c;
	c->issue = all;
	r = http_fetch_new(&all->fetch);
	if (r < 0) {
		log_error("the fetching thread cannot be started");
		return r;
	}
	all->watch = loop_watch(c->loop, http_fetch_fd(all->fetch), LOOP_READ, on_fetched, all);
	return all->watch == NULL ? ERR_NOMEM : load_homes(all);
}

static void retire(struct home **homes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (homes[i]->cache.under_way)
			homes[i]->retired = true;
		else
			free_home(homes[i]);
	}
}

void issue_reload(struct control *c)
{
	struct issue *all = c->issue;
	struct home **was = all->homes;
	size_t n = all->n;

	all->homes = NULL;
	if (load_homes(all) < 0) {
		log_error("the issuers are kept as they were");
		all->homes = was;
		return;
	}
	retire(was, n);
	free(was);
}

void issue_close(struct control *c)
{
	struct issue *all = c->issue;
	struct verify *v;

	if (all == NULL)
		return;
	loop_watch_del(all->watch);
	http_fetch_free(all->fetch);
	while ((v = all->held) != NULL) {
		struct token_facts facts = { 0 };
		struct why why = { "the bastion stops" };

		unhold(v);
		finish(v, ERR_UNAVAILABLE, NULL, &facts, &why);
	}
	for (size_t i = 0; i < all->n; i++)
		free_home(all->homes[i]);
	free(all->homes);
	free(all->issuers);
	free(all);
	c->issue = NULL;
}
