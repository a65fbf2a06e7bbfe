/* Tokens: the issuers, their keys, and whose a token is; see issue.h. Distrusts the bearer, and the issuer's web server as far as
 * identity/ does. */
#include "approve/issue.h"

#include <stdlib.h>
#include <string.h>

#include "approve/control.h"
#include "base/log.h"
#include "identity/fetch.h"
#include "identity/jwks_cache.h"

enum { HOLD_MS = 12000, HELD_MAX = 1024 };

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

struct issue {
	struct control *ctl;
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

	if (err < 0) {
		h->all->ctl->count.failures[FAIL_ISSUER_KEYS]++;
		log_warn("issuer %s: its keys cannot be fetched: %s", h->iss->name, why->text);
	}
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
		h->all->ctl->count.failures[FAIL_ISSUER_KEYS]++;
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

static bool same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Keys that were fetched stay known where nothing changed in where they come from: their server may be down just now. */
static void keep_keys(struct issue *all, struct home **was, size_t n)
{
	for (size_t i = 0; i < all->n; i++) {
		struct home *h = all->homes[i];

		for (size_t k = 0; k < n && h->iss->jwks_file == NULL; k++) {
			struct home *old = was[k];

			if (old->iss->jwks_file != NULL || old->cache.set == NULL || strcmp(old->iss->name, h->iss->name) != 0 ||
			    !same(old->iss->issuer, h->iss->issuer) || !same(old->iss->discovery, h->iss->discovery) || !same(old->iss->jwks_url, h->iss->jwks_url) || !same(old->iss->ca_file, h->iss->ca_file))
				continue;
			h->cache.set = old->cache.set; /* of age: the next token has them fetched again, and does not wait for it */
			old->cache.set = NULL;
			break;
		}
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
	keep_keys(all, was, n);
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
