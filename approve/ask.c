/* What a person sees of a request: everything that would run, in printable ASCII, with the hash and length of the true
 * bytes. Nothing that the agent chose reaches a terminal raw, is cut without a word, or hides in another writing direction. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approve/control.h"
#include "audit/chain.h"
#include "audit/digest.h"

/* One UTF-8 character: its length in bytes and code point; 0 when the bytes are none. */
static size_t decode(const uint8_t *p, size_t n, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : 0;

	if (len == 0 || len > n)
		return 0;
	*cp = p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (p[i] & 0x3f);
	}
	return *cp < least[len] || *cp > 0x10ffff || (*cp >= 0xd800 && *cp < 0xe000) ? 0 : len;
}

static bool plain(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] < 0x20 || p[i] > 0x7e)
			return false;
	}
	return true;
}

int ask_escape(const void *bytes, size_t n, struct buf *out, bool *escaped)
{
	const uint8_t *p = bytes;
	uint32_t cp = 0;
	size_t len;
	int r = ERR_OK;

	*escaped = !plain(p, n);
	if (!*escaped)
		return buf_put(out, p, n);
	for (size_t i = 0; r >= 0 && i < n; i += len) {
		len = 1;
		if (p[i] == '\\')
			r = buf_put_str(out, "\\\\");
		else if (p[i] == '\n')
			r = buf_put_str(out, "\\n");
		else if (p[i] == '\t')
			r = buf_put_str(out, "\\t");
		else if (p[i] >= 0x20 && p[i] < 0x7f)
			r = buf_put_u8(out, p[i]);
		else if (p[i] >= 0x80 && (len = decode(p + i, n - i, &cp)) > 0)
			r = buf_printf(out, "\\u{%x}", (unsigned)cp);
		else {
			len = 1;
			r = buf_printf(out, "\\x%02x", p[i]);
		}
	}
	return r;
}

/* Masks, then escapes, into the object under name. */
static void set_text(struct session *s, json_t *j, const char *name, struct view text, bool flags)
{
	struct buf masked, out;
	bool escaped = false;
	size_t n = 0;

	buf_init(&masked, 4 << 20);
	buf_init(&out, 16 << 20);
	if (control_mask(s->ctl, s->mask_key, text.p, text.n, &masked, &n) < 0 ||
	    ask_escape(buf_ptr(&masked), masked.len, &out, &escaped) < 0) {
		buf_clear(&out);
		(void)buf_put_str(&out, "[cannot be shown]");
	}
	json_object_set_new(j, name, json_stringn((const char *)buf_ptr(&out), out.len));
	if (flags) {
		json_object_set_new(j, "escaped", json_boolean(escaped));
		json_object_set_new(j, "masked", json_integer((json_int_t)n));
	}
	buf_free(&masked);
	buf_free(&out);
}

/* A list of NAME, value pairs. */
static void set_pairs(struct session *s, json_t *j, const char *name, struct view list)
{
	json_t *o = json_object();
	struct view key, value;
	struct buf text;
	bool escaped;

	while (proto_list_next(&list, &key) == ERR_OK && proto_list_next(&list, &value) == ERR_OK) {
		buf_init(&text, 1 << 20);
		(void)ask_escape(key.p, key.n, &text, &escaped);
		if (buf_cstr(&text) != NULL)
			set_text(s, o, buf_cstr(&text), value, false);
		buf_free(&text);
	}
	if (json_object_size(o) > 0)
		json_object_set(j, name, o);
	json_decref(o);
}

static void set_hash(json_t *j, const char *name, struct view v)
{
	uint8_t d[DIGEST_SIZE];
	char hex[DIGEST_HEX + 1];

	if (digest(v.p, v.n, d) == ERR_OK) {
		digest_hex(d, hex);
		json_object_set_new(j, name, json_string(hex));
	}
}

static json_t *argvs(struct session *s, const struct policy_answer *a)
{
	json_t *list = json_array(), *o, *argv;

	for (size_t i = 0; i < a->ncommands && i < 256; i++) {
		argv = json_array();
		for (size_t k = 0; k < a->commands[i].argc && k < 256; k++) {
			o = json_object();
			set_text(s, o, "w", proto_str(a->commands[i].argv[k]), false);
			json_array_append(argv, json_object_get(o, "w"));
			json_decref(o);
		}
		json_array_append_new(list, argv);
	}
	return list;
}

/* A file operation: its op, and every path that it concerns with what is done there. */
static void set_paths(struct session *s, json_t *j, const struct msg_question *m)
{
	struct view list = m->state, op, path;
	json_t *paths = json_array(), *one;

	json_object_set_new(j, "op", json_string(question_op(m->op)));
	while (proto_list_next(&list, &op) == ERR_OK && proto_list_next(&list, &path) == ERR_OK) {
		one = json_object();
		set_text(s, one, "op", op, false);
		set_text(s, one, "path", path, false);
		json_array_append_new(paths, one);
	}
	if (json_array_size(paths) > 0)
		json_object_set(j, "paths", paths);
	json_decref(paths);
}

json_t *ask_make(struct session *s, const struct request_ask *ask)
{
	static const char *const kinds[] = { "exec", "statement", "shell", "pty-raw", "file", "subsystem", "forward", "env", "other", "listen" };
	const struct policy_answer *a = ask->answer;
	const struct msg_question *m = ask->question;
	const struct config_target *t = config_target(s->ctl->config, s->target);
	json_t *j, *tags = json_object(), *groups = json_array();

	for (size_t i = 0; t != NULL && i < t->n_tags; i++)
		json_object_set_new(tags, t->tags[i].name, json_string(t->tags[i].value));
	for (size_t i = 0; i < a->napprovers; i++)
		json_array_append_new(groups, json_string(a->approvers[i]));
	j = json_pack("{s:s,s:s,s:s,s:s,s:o,s:s*,s:s,s:s,s:o,s:{s:s,s:s,s:o},s:o,s:b,s:b,s:I,s:s}", "kind", kinds[m->kind], "session", s->id,
		      "source", s->source, "rule", a->rule, "reason", chain_text(a->reason, strlen(a->reason)), "instead", a->instead, "risk",
		      a->risk != NULL ? a->risk : "medium", "confidence", confidence_name(a->confidence), "approvers", groups, "target", "name",
		      s->target, "login", s->login, "tags", tags, "who", control_who(s->who), "pty", m->has_pty != 0, "exact", !a->canonical,
		      "length", (json_int_t)ask->binding->text.n, "policy", policy_version(s->ctl->policy));
	if (j == NULL)
		return NULL;
	set_text(s, j, "command", ask->binding->text, true);
	set_hash(j, "sha256", ask->binding->text);
	if (a->canonical)
		set_text(s, j, "asked", m->text, false);
	if (m->kind == QUESTION_FILE)
		set_paths(s, j, m);
	if (m->cwd.n > 0)
		set_text(s, j, "cwd", m->cwd, false);
	if (a->ncommands > 0)
		json_object_set_new(j, "commands", argvs(s, a));
	set_pairs(s, j, "env", m->env);
	if (m->kind != QUESTION_FILE)
		set_pairs(s, j, "state_carried", m->state);
	if (m->stdin_known) {
		set_text(s, j, "stdin", m->stdin, false);
		set_hash(j, "stdin_sha256", m->stdin);
		json_object_set_new(j, "stdin_length", json_integer((json_int_t)m->stdin.n));
	}
	return j;
}

static json_t *votes_json(const struct approval *a)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < a->n_votes; i++) {
		const struct approval_vote *v = &a->votes[i];

		json_array_append_new(list, json_pack("{s:{s:s,s:s},s:o,s:s,s:i,s:i,s:o,s:s*,s:s*}", "by", "issuer", v->issuer, "subject", v->subject,
						      "reason", chain_text(v->reason, strlen(v->reason)), "answer",
						      a->state == APPROVAL_DENIED && i + 1 == a->n_votes ? "deny" : "approve", "uses", (int)v->uses,
						      "ttl", (int)v->ttl, "time", control_time(v->at_ms), "signer", v->signer, "signature",
						      v->signature));
	}
	return list;
}

json_t *ask_json(struct control *c, const struct approval *a, bool brief)
{
	char hex[DIGEST_HEX + 1];
	json_t *j = json_object();

	(void)c;
	digest_hex(a->digest, hex);
	json_object_set_new(j, "id", json_string(a->id));
	json_object_set_new(j, "state", json_string(approval_state_name(a->state)));
	json_object_update(j, a->ask);
	json_object_set_new(j, "digest", json_string(hex));
	json_object_set_new(j, "created", control_time(a->created_ms));
	json_object_set_new(j, "expires", control_time(a->expires_ms));
	json_object_set_new(j, "approvals", json_pack("{s:i,s:i}", "needed", (int)a->needed, "given",
						     (int)(a->state == APPROVAL_DENIED ? a->n_votes - 1 : a->n_votes)));
	json_object_set_new(j, "grant", json_pack("{s:i,s:i}", "uses", (int)a->uses_max, "ttl", (int)a->ttl_max));
	json_object_set_new(j, "signed", json_boolean(a->signed_required));
	json_object_set_new(j, "votes", votes_json(a));
	if (a->decided_ms != 0)
		json_object_set_new(j, "decided", control_time(a->decided_ms));
	if (a->state == APPROVAL_APPROVED) {
		json_object_set_new(j, "uses_left", json_integer((json_int_t)a->uses_left));
		json_object_set_new(j, "grant_until", control_time(a->grant_until_ms));
	}
	if (a->why != NULL)
		json_object_set_new(j, "withdrawn_because", json_string(a->why));
	if (brief) {
		json_object_del(j, "stdin");
		json_object_del(j, "commands");
		json_object_del(j, "votes");
	}
	return j;
}
