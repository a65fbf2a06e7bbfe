/* A certificate for a verified token: composed here, signed by the vault; see issue.h. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "approve/control.h"
#include "approve/issue.h"
#include "audit/digest.h"
#include "base/log.h"
#include "identity/sshcert.h"
#include "identity/sshkey.h"

enum { SOURCES = 1024, PER_MINUTE = 600 };

/* How many tokens an address has sent within the minute: verifying costs more than sending. */
struct source {
	uint64_t hash;
	int64_t minute;
	unsigned n;
};

static struct source sources[SOURCES];

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
static bool too_many(const char *source)
{
	uint64_t h = 14695981039346656037u;
	int64_t minute = clock_mono_ms() / 60000;
	struct source *s;

	for (const char *p = source; *p != '\0'; p++)
		h = (h ^ (uint8_t)*p) * 1099511628211u;
	s = &sources[h % SOURCES];
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
	if (too_many(ask->source)) {
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
