/* Masking: passwords that only their program knows as such: curl's -u, mysql's -p, sshpass's -p, SQL's words. */
#include "policy/mask_field.h"

/* `curl … -u user:password`: the password of an option that takes a pair, where curl stands before it on the line. */
static int program_curl(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h)
{
	size_t i = at + a->len, k = at, from, colon = 0;

	h->s = at;
	while (k >= 4 && at - k < 160 && x->t[k - 1] != '\n' && memcmp(x->t + k - 4, "curl", 4) != 0)
		k--;
	if (k < 4 || memcmp(x->t + k - 4, "curl", 4) != 0)
		return M_NO;
	if (i < x->len && (x->t[i] == '"' || x->t[i] == '\''))
		i++;
	for (from = i; i < x->len && i - from < 512 && !mask_field_ends(x->t[i]); i++) {
		if (x->t[i] == ':' && colon == 0)
			colon = i + 1;
	}
	h->s = colon > 0 ? colon : at;
	if (i == x->len && !x->end) {
		h->strong = colon > 0 && i > colon;
		return M_MORE;
	}
	h->e = i;
	return colon > 0 && !mask_value_none(x->t + colon, i - colon) ? M_YES : M_NO;
}

/* Whether a line ends in the three bytes from i on, as far as they are there: then what comes later is not asked for. */
static bool program_line_ends(const struct mtext *x, size_t i)
{
	for (; i < x->len; i++) {
		if (x->t[i] == '\n' || x->t[i] == '\r' || x->t[i] == '|' || x->t[i] == ';')
			return true;
	}
	return false;
}

/* `mysql … -pPASSWORD`, with no blank between. */
static int program_mysql(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h)
{
	size_t i = at + a->len;

	h->s = at;
	if (!mask_left(x, at, CLS_WORD))
		return M_NO;
	while (i < x->len && (mask_alpha(x->t[i]) || x->t[i] == '_' || x->t[i] == '-'))
		i++;
	/* Its prompt is no command line. */
	if (i < x->len && x->t[i] != ' ')
		return M_NO;
	for (; i + 3 < x->len && i - at < 200 && x->t[i] != '\n' && x->t[i] != '\r' && x->t[i] != '|' && x->t[i] != ';'; i++) {
		size_t e = i + 3;

		if (memcmp(x->t + i, " -p", 3) != 0 || mask_field_ends(x->t[e]))
			continue;
		while (e < x->len && e - i < 256 && !mask_field_ends(x->t[e]))
			e++;
		h->s = i + 3;
		h->e = e;
		if (e == x->len && !x->end) {
			h->strong = true;
			return M_MORE;
		}
		return mask_value_none(x->t + h->s, h->e - h->s) ? M_NO : M_YES;
	}
	return i + 3 >= x->len && !program_line_ends(x, i) && !x->end ? M_MORE : M_NO;
}

/* `sshpass -p PASSWORD`. */
static int program_sshpass(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h)
{
	struct field f = { .key = at, .v = at + a->len };
	int r;

	while (f.v < x->len && f.v - at < 16 && mask_space(x->t[f.v]))
		f.v++;
	h->s = f.v;
	if (f.v == x->len)
		return x->end ? M_NO : M_MORE;
	if (x->t[f.v] == '"' || x->t[f.v] == '\'') {
		f.quote = x->t[f.v++];
		r = f.v == x->len && !x->end ? M_MORE : mask_field_quoted(x, &f);
	} else {
		r = mask_field_bare(x, &f);
	}
	h->s = f.v;
	h->e = f.e;
	h->strong = r == M_MORE && f.v < x->len;
	return r == M_YES && mask_value_none(x->t + f.v, f.e - f.v) ? M_NO : r;
}

/* SQL: IDENTIFIED BY '…', WITH PASSWORD '…'. */
static int program_sql(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h)
{
	struct field f = { .key = at, .v = at + a->len };
	int r;

	while (f.v < x->len && f.v - at < 32 && mask_space(x->t[f.v]))
		f.v++;
	h->s = f.v;
	if (f.v == x->len)
		return x->end ? M_NO : M_MORE;
	if (x->t[f.v] != '\'' && x->t[f.v] != '"')
		return M_NO;
	f.quote = x->t[f.v++];
	h->s = f.v;
	if (f.v == x->len)
		return x->end ? M_NO : M_MORE;
	r = mask_field_quoted(x, &f);
	h->e = f.e;
	h->strong = r == M_MORE;
	return r == M_YES && (f.e == f.v || mask_value_none(x->t + f.v, f.e - f.v)) ? M_NO : r;
}

int mask_program_anchors(struct mask_set *set)
{
	static const struct {
		const char *lit;
		bool nocase;
		mask_match_fn fn;
	} programs[] = {
		{ " -u ", false, program_curl }, { "--user ", false, program_curl }, { "--user=", false, program_curl }, { "mysql", false, program_mysql },
		{ "mariadb", false, program_mysql }, { "sshpass -p", false, program_sshpass }, { "identified by", true, program_sql },
		{ "with password", true, program_sql }, { "encrypted password", true, program_sql },
	};
	int r = ERR_OK;

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]) && r >= 0; i++)
		r = mask_anchor_add(set, B_PASSWORD_FIELD, programs[i].lit, programs[i].nocase, 0, 0, 0, 0, programs[i].fn);
	return r;
}
