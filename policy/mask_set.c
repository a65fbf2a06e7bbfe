/* Masking: the set of rules, its built-ins' names and defaults, and the literals they are anchored at. */
#include "policy/mask_int.h"

#include <stdlib.h>

/* In the order in which one of two rules that find the same beginning is named. */
static const struct {
	const char *name;
	bool on;
} set_builtins[B_COUNT] = {
	[B_PRIVATE_KEY] = { "private-key", true },
	[B_CREDIT_CARD] = { "credit-card", true },
	[B_AWS_KEY] = { "aws-key", true },
	[B_GCP_KEY] = { "gcp-key", true },
	[B_AZURE_KEY] = { "azure-key", true },
	[B_GITHUB_TOKEN] = { "github-token", true },
	[B_GITLAB_TOKEN] = { "gitlab-token", true },
	[B_SLACK_TOKEN] = { "slack-token", true },
	[B_STRIPE_KEY] = { "stripe-key", true },
	[B_VENDOR_TOKEN] = { "vendor-token", true },
	[B_JWT] = { "jwt", true },
	[B_URL_PASSWORD] = { "url-password", true },
	[B_PASSWORD_FIELD] = { "password-field", true },
	[B_PASSWORD_HASH] = { "password-hash", true },
	[B_K8S_SECRET] = { "k8s-secret", true },
	[B_IBAN] = { "iban", true },
	[B_US_SSN] = { "us-ssn", false },
	[B_EMAIL] = { "email", true },
};

#define UP (CLS_ALNUM | CLS_WORD | CLS_B64URL | CLS_B64 | CLS_LOCAL | CLS_UPPER32 | CLS_TILDE | CLS_CRYPT)
#define LOW (UP & ~CLS_UPPER32)
#define U4 UP, UP, UP, UP
#define L4 LOW, LOW, LOW, LOW

const uint8_t mask_class[256] = {
	['%'] = CLS_LOCAL, ['$'] = CLS_CRYPT, [','] = CLS_CRYPT,
	['+'] = CLS_B64 | CLS_LOCAL | CLS_CRYPT, ['-'] = CLS_B64URL | CLS_LOCAL | CLS_TILDE,
	['.'] = CLS_LOCAL | CLS_TILDE | CLS_CRYPT, ['/'] = CLS_B64 | CLS_CRYPT, ['='] = CLS_B64 | CLS_CRYPT,
	['_'] = CLS_WORD | CLS_B64URL | CLS_LOCAL | CLS_TILDE, ['~'] = CLS_TILDE,
	['0'] = U4, U4, UP, UP,
	['A'] = U4, U4, U4, U4, U4, U4, UP, UP,
	['a'] = L4, L4, L4, L4, L4, L4, LOW, LOW,
};

const char *mask_builtin_name(enum builtin b)
{
	return set_builtins[b].name;
}

bool mask_builtin_default(enum builtin b)
{
	return set_builtins[b].on;
}

int mask_builtin_find(const char *name)
{
	for (int b = 0; b < B_COUNT; b++) {
		if (strcmp(set_builtins[b].name, name) == 0)
			return b;
	}
	return -1;
}

int mask_set_new(struct mask_set **out)
{
	struct mask_set *set = calloc(1, sizeof(*set));

	*out = set;
	if (set == NULL)
		return ERR_NOMEM;
	for (int b = 0; b < B_COUNT; b++)
		set->rule_of[b] = -1;
	return ERR_OK;
}

void mask_set_free(struct mask_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->nrules; i++)
		mask_regex_free(set->rules[i].re);
	for (size_t i = 0; i < set->nnames; i++)
		free(set->names[i]);
	free(set->names);
	free(set->anchors);
	mask_scan_free(set->scan);
	free(set);
}

int mask_set_add(struct mask_set *set, const char *id, int builtin)
{
	struct mrule *r;

	if (builtin >= 0 && set->rule_of[builtin] >= 0)
		return set->rule_of[builtin];
	if (strlen(id) > MASK_RULE_ID_MAX || set->nrules >= B_COUNT + MASK_CUSTOM_MAX ||
	    (builtin < 0 && set->ncustom >= MASK_CUSTOM_MAX))
		return ERR_LIMIT;
	r = &set->rules[set->nrules];
	memcpy(r->id, id, strlen(id) + 1);
	r->builtin = builtin;
	if (builtin >= 0)
		set->rule_of[builtin] = (int)set->nrules;
	else
		set->custom[set->ncustom++] = (uint8_t)set->nrules;
	return (int)set->nrules++;
}

int mask_anchor_add(struct mask_set *set, enum builtin b, const char *lit, bool nocase, uint8_t cls, uint16_t min,
	uint16_t max, uint8_t arg, mask_match_fn fn)
{
	struct manchor *a;

	if (set->rule_of[b] < 0)
		return ERR_OK;
	a = realloc(set->anchors, (set->nanchors + 1) * sizeof(*a));
	if (a == NULL)
		return ERR_NOMEM;
	set->anchors = a;
	a += set->nanchors++;
	*a = (struct manchor){ .lit = lit, .len = (uint8_t)strlen(lit), .nocase = nocase, .rule = (uint8_t)set->rule_of[b],
		.builtin = (uint8_t)b, .arg = arg, .cls = cls, .min = min, .max = max, .fn = fn,
		.hash = mask_scan_hash((const uint8_t *)lit) };
	return ERR_OK;
}

static int set_by_hash(const void *x, const void *y)
{
	const struct manchor *a = x, *b = y;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return strcmp(a->lit, b->lit);
}

int mask_set_seal(struct mask_set *set)
{
	int r = mask_token_anchors(set);

	if (r >= 0)
		r = mask_field_anchors(set);
	if (r >= 0)
		r = mask_block_anchors(set);
	if (r < 0)
		return r;
	if (set->nanchors > 0)
		qsort(set->anchors, set->nanchors, sizeof(*set->anchors), set_by_hash);
	if (set->rule_of[B_EMAIL] >= 0)
		set->lookback = MASK_LOOKBACK;
	else if (set->rule_of[B_AZURE_KEY] >= 0)
		set->lookback = 4;
	return mask_scan_new(set, &set->scan);
}

size_t mask_set_count(const struct mask_set *set)
{
	return set->nrules;
}

void mask_set_info(const struct mask_set *set, size_t i, struct mask_rule_info *out)
{
	const struct mrule *r = &set->rules[i];

	*out = (struct mask_rule_info){ .id = r->id, .regex = r->re == NULL ? NULL : mask_regex_pattern(r->re),
		.builtin = r->builtin >= 0, .same_length = r->same_length, .end_session = r->end_session };
}

const char *mask_length_class(uint64_t length)
{
	static const struct {
		uint64_t most;
		const char *name;
	} classes[] = {
		{ 8, "1-8" }, { 16, "9-16" }, { 32, "17-32" }, { 64, "33-64" }, { 256, "65-256" }, { 1024, "257-1024" },
		{ 4096, "1025-4096" },
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (length <= classes[i].most)
			return classes[i].name;
	}
	return "4097+";
}
