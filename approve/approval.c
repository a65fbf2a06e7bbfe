/* The life of a request for approval; see approval.h. Distrusts everybody who answers, and the order in which things come. */
#include "approve/approval.h"

#include <stdlib.h>
#include <string.h>

#include "audit/digest.h"

static const char *const names[] = { "pending", "approved", "denied", "expired", "withdrawn" };

const char *approval_state_name(enum approval_state s)
{
	return names[s];
}

int approval_state_parse(const char *name, enum approval_state *out)
{
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(names[i], name) == 0) {
			*out = (enum approval_state)i;
			return ERR_OK;
		}
	}
	return ERR_NOTFOUND;
}

int approval_digest(const struct approval_binding *b, const char *id, uint8_t out[APPROVAL_DIGEST])
{
	static const char domain[] = "sallyport approval v1";
	const struct view *parts[] = { &b->text, &b->issuer, &b->subject, &b->on_behalf_of, &b->target, &b->login, &b->cwd,
				       &b->policy, &b->env, &b->state, &b->stdin_bytes };
	struct buf m;
	int r;

	buf_init_secret(&m, 4 << 20);
	r = buf_put_string(&m, domain, sizeof(domain) - 1);
	if (r >= 0)
		r = buf_put_string(&m, id, id != NULL ? strlen(id) : 0);
	for (size_t i = 0; r >= 0 && i < sizeof(parts) / sizeof(*parts); i++)
		r = buf_put_string(&m, parts[i]->p, parts[i]->n);
	if (r >= 0)
		r = buf_put_u8(&m, (uint8_t)(b->has_pty | b->stdin_known << 1 | b->exact << 2));
	if (r >= 0)
		r = buf_put_u8(&m, b->kind);
	if (r >= 0)
		r = buf_put_u8(&m, b->op);
	if (r >= 0)
		r = digest(buf_ptr(&m), m.len, out);
	buf_free(&m);
	return r;
}

json_t *approval_asker_json(const struct identity *id)
{
	json_t *groups = json_array();

	for (size_t i = 0; i < id->n_groups; i++)
		json_array_append_new(groups, json_string(id->groups[i]));
	return json_pack("{s:s,s:s*,s:s,s:o,s:s*,s:s*}", "issuer", id->issuer, "iss", id->iss, "subject", id->subject, "groups", groups,
			 "on_behalf_of", id->on_behalf_of, "email", id->email);
}

static int read_string(const json_t *j, const char *key, bool required, char **out)
{
	const char *s = json_string_value(json_object_get(j, key));

	if (s == NULL)
		return required ? ERR_MALFORMED : ERR_OK;
	*out = strdup(s);
	return *out != NULL ? ERR_OK : ERR_NOMEM;
}

int approval_asker_read(const json_t *j, struct identity **out)
{
	struct identity *id = calloc(1, sizeof(*id));
	json_t *groups = json_object_get(j, "groups");
	size_t n = json_array_size(groups);
	int r;

	*out = NULL;
	if (id == NULL)
		return ERR_NOMEM;
	r = read_string(j, "issuer", true, &id->issuer);
	if (r >= 0)
		r = read_string(j, "iss", false, &id->iss);
	if (r >= 0)
		r = read_string(j, "subject", true, &id->subject);
	if (r >= 0)
		r = read_string(j, "on_behalf_of", false, &id->on_behalf_of);
	if (r >= 0)
		r = read_string(j, "email", false, &id->email);
	if (r >= 0 && n > 0) {
		id->groups = calloc(n, sizeof(*id->groups));
		r = id->groups != NULL ? ERR_OK : ERR_NOMEM;
	}
	for (size_t i = 0; r >= 0 && i < n; i++) {
		const char *g = json_string_value(json_array_get(groups, i));

		id->groups[i] = strdup(g != NULL ? g : "");
		r = id->groups[i] != NULL ? ERR_OK : ERR_NOMEM;
		id->n_groups += r >= 0;
	}
	if (r < 0)
		identity_free(id);
	else
		*out = id;
	return r;
}

struct approval *approval_new(void)
{
	return calloc(1, sizeof(struct approval));
}

static void drop_text(struct approval *a)
{
	if (a->text != NULL)
		wipe(a->text, a->text_len);
	free(a->text);
	a->text = NULL;
	a->text_len = 0;
}

void approval_free(struct approval *a)
{
	if (a == NULL)
		return;
	for (unsigned i = 0; i < a->n_votes; i++) {
		free(a->votes[i].issuer);
		free(a->votes[i].subject);
		free(a->votes[i].reason);
		free(a->votes[i].signature);
		free(a->votes[i].signer);
		free(a->votes[i].role);
	}
	drop_text(a);
	identity_free(a->asker);
	json_decref(a->ask);
	free(a->why);
	free(a);
}

bool approval_live(const struct approval *a)
{
	return a->state == APPROVAL_PENDING || (a->state == APPROVAL_APPROVED && a->uses_left > 0);
}

int64_t approval_deadline(const struct approval *a)
{
	if (a->state == APPROVAL_PENDING)
		return a->expires_ms;
	return approval_live(a) ? a->grant_until_ms : INT64_MAX;
}

bool approval_tick(struct approval *a, int64_t now_ms)
{
	if (now_ms < approval_deadline(a))
		return false;
	if (a->state == APPROVAL_PENDING)
		a->decided_ms = now_ms;
	a->state = APPROVAL_EXPIRED;
	a->uses_left = 0;
	drop_text(a);
	return true;
}

/* strdup() that keeps NULL. */
static char *copy(const char *s, bool *failed)
{
	char *c = s != NULL ? strdup(s) : NULL;

	if (s != NULL && c == NULL)
		*failed = true;
	return c;
}

static bool voted(const struct approval *a, const struct identity *who)
{
	for (unsigned i = 0; i < a->n_votes; i++) {
		if (strcmp(a->votes[i].issuer, who->issuer) == 0 &&
		    (strcmp(a->votes[i].subject, who->subject) == 0 ||
		     (who->on_behalf_of != NULL && strcmp(a->votes[i].subject, who->on_behalf_of) == 0)))
			return true;
	}
	return false;
}

static int add_vote(struct approval *a, const struct approval_wish *w, unsigned uses, unsigned ttl, int64_t now_ms)
{
	struct approval_vote *v = &a->votes[a->n_votes];
	bool failed = false;

	if (a->n_votes == APPROVAL_VOTES_MAX)
		return ERR_LIMIT;
	*v = (struct approval_vote){ .uses = uses, .ttl = ttl, .at_ms = now_ms };
	/* One person is one vote: who acts for somebody votes as that person. */
	v->issuer = copy(w->who->issuer, &failed);
	v->subject = copy(w->who->on_behalf_of != NULL ? w->who->on_behalf_of : w->who->subject, &failed);
	v->reason = copy(w->reason, &failed);
	v->signature = copy(w->signature, &failed);
	v->signer = copy(w->signer, &failed);
	v->role = copy(w->role, &failed);
	a->n_votes++;
	return failed ? ERR_NOMEM : ERR_OK;
}

static void drop_vote(struct approval *a)
{
	struct approval_vote *v = &a->votes[--a->n_votes];

	free(v->issuer);
	free(v->subject);
	free(v->reason);
	free(v->signature);
	free(v->signer);
	free(v->role);
}

/* The least that anybody granted holds for all. */
static void make_grant(struct approval *a, int64_t now_ms)
{
	unsigned uses = a->uses_max, ttl = a->ttl_max;

	for (unsigned i = 0; i < a->n_votes; i++) {
		uses = a->votes[i].uses < uses ? a->votes[i].uses : uses;
		ttl = a->votes[i].ttl < ttl ? a->votes[i].ttl : ttl;
	}
	a->state = APPROVAL_APPROVED;
	a->uses_left = uses;
	a->decided_ms = now_ms;
	a->grant_until_ms = now_ms + (int64_t)ttl * 1000;
}

static int check_wish(const struct approval *a, const struct approval_wish *w, struct why *why)
{
	size_t n = w->reason != NULL ? strlen(w->reason) : 0;

	if (n == 0 || strspn(w->reason, " \t\r\n") == n)
		return why_fail(why, ERR_MALFORMED, "a reason is required");
	if (n > APPROVAL_REASON_MAX)
		return why_fail(why, ERR_MALFORMED, "the reason is longer than %d bytes", APPROVAL_REASON_MAX);
	if (!w->yes)
		return ERR_OK;
	if (identity_may_be_same(a->asker, w->who))
		return why_fail(why, ERR_REFUSED, "nobody approves their own request");
	if (voted(a, w->who))
		return why_fail(why, ERR_EXISTS, "you have approved this already; %u different people are needed", a->needed);
	if (w->uses > a->uses_max)
		return why_fail(why, ERR_LIMIT, "uses: the rule allows at most %u", a->uses_max);
	if (w->ttl > a->ttl_max)
		return why_fail(why, ERR_LIMIT, "ttl: the rule allows at most %us", a->ttl_max);
	if (a->signed_required && w->signature == NULL)
		return why_fail(why, ERR_REFUSED, "the rule wants a signed approval: send `signature`, made over the digest with ssh-keygen -Y sign");
	return ERR_OK;
}

int approval_vote(struct approval *a, const struct approval_wish *w, int64_t now_ms, struct why *why)
{
	int r;

	(void)approval_tick(a, now_ms);
	if (a->state != APPROVAL_PENDING)
		return why_fail(why, ERR_WRONGSTATE, "this request is %s already", approval_state_name(a->state));
	r = check_wish(a, w, why);
	if (r < 0)
		return r;
	r = add_vote(a, w, w->uses > 0 ? w->uses : a->uses_max, w->ttl > 0 ? w->ttl : a->ttl_max, now_ms);
	if (r < 0) {
		if (r == ERR_NOMEM)
			drop_vote(a);
		return why_fail(why, r, "%s", err_text(r));
	}
	if (!w->yes) {
		a->state = APPROVAL_DENIED;
		a->decided_ms = now_ms;
		drop_text(a);
	} else if (a->n_votes >= a->needed) {
		make_grant(a, now_ms);
	}
	return ERR_OK;
}

int approval_use(struct approval *a, const uint8_t digest_asked[APPROVAL_DIGEST], int64_t now_ms)
{
	(void)approval_tick(a, now_ms);
	if (a->state == APPROVAL_EXPIRED)
		return ERR_EXPIRED;
	if (a->state != APPROVAL_APPROVED || a->uses_left == 0)
		return ERR_WRONGSTATE;
	if (memcmp(a->digest, digest_asked, APPROVAL_DIGEST) != 0)
		return ERR_REFUSED;
	a->uses_left--;
	return ERR_OK;
}

int approval_withdraw(struct approval *a, const char *why, int64_t now_ms)
{
	(void)approval_tick(a, now_ms);
	if (!approval_live(a))
		return ERR_WRONGSTATE;
	a->state = APPROVAL_WITHDRAWN;
	a->uses_left = 0;
	a->decided_ms = now_ms;
	a->why = strdup(why);
	drop_text(a);
	return ERR_OK;
}
