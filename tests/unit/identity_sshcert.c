/* Certificates: what we build is read and accepted; each way to be wrong (security table C1 to C4, L8, and the classes of
 * OpenSSH's cert-userkey.sh) is refused. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity/sshcert.h"
#include "tests/unit/identity_mint.h"

#define NOW 1800000000

static struct mint_key ca, ca256, ca384, user, user256, user384, user521, user_rsa, rsa_ca, stranger;
static struct buf ca_blob, user_blob;
static const char *const principal[] = { "agent" };

static int setup(void **state)
{
	(void)state;
	ca = mint_key(PKEY_ED25519, 0);
	ca256 = mint_key(PKEY_P256, 0);
	ca384 = mint_key(PKEY_P384, 0);
	user = mint_key(PKEY_ED25519, 0);
	user256 = mint_key(PKEY_P256, 0);
	user384 = mint_key(PKEY_P384, 0);
	user521 = mint_key(PKEY_P521, 0);
	user_rsa = mint_key(PKEY_RSA, 2048);
	rsa_ca = mint_key(PKEY_RSA, 2048);
	stranger = mint_key(PKEY_ED25519, 0);
	buf_init(&ca_blob, 4096);
	buf_init(&user_blob, 4096);
	mint_ssh_key(&ca, &ca_blob);
	mint_ssh_key(&user, &user_blob);
	return 0;
}

static int teardown(void **state)
{
	struct mint_key *all[] = { &ca, &ca256, &ca384, &user, &user256, &user384, &user521, &user_rsa, &rsa_ca, &stranger };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		mint_key_free(all[i]);
	buf_free(&ca_blob);
	buf_free(&user_blob);
	return 0;
}

static struct sshcert_params params(void)
{
	struct sshcert_params p = { .type = SSHCERT_USER, .serial = 42, .key_id = "idp:agent-7", .principals = principal,
		.n_principals = 1, .valid_after = NOW - 60, .valid_before = NOW + 900 };

	memset(p.nonce, 7, sizeof(p.nonce));
	return p;
}

/* A certificate by our own builder, signed by any key. */
static int build(const struct sshcert_params *p, const struct mint_key *subject, const struct mint_key *signer,
	struct buf *out, struct why *why)
{
	struct buf tbs, sig, s, c;
	int r;

	buf_init(&tbs, 1 << 16);
	buf_init(&sig, 1 << 16);
	buf_init(&s, 1 << 16);
	buf_init(&c, 1 << 16);
	mint_ssh_key(subject, &s);
	mint_ssh_key(signer, &c);
	r = sshcert_tbs(p, mint_view(&s), mint_view(&c), &tbs, why);
	if (r == ERR_OK) {
		mint_ssh_sign(signer, NULL, mint_view(&tbs), &sig);
		r = sshcert_finish(mint_view(&tbs), mint_view(&sig), out, why);
	}
	buf_free(&tbs);
	buf_free(&sig);
	buf_free(&s);
	buf_free(&c);
	return r;
}

static struct sshcert_rules rules_for(struct view *list, const struct buf *blob)
{
	struct sshcert_rules r = { .cas = list, .n_cas = 1, .type = SSHCERT_USER, .now = NOW };

	*list = mint_view(blob);
	return r;
}

static void ours_are_read_and_accepted(void **state)
{
	struct mint_key *users[] = { &user, &user256, &user384, &user521, &user_rsa }, *cas[] = { &ca, &ca256, &ca384 };

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		for (size_t j = 0; j < 3; j++) {
			struct sshcert_params p = params();
			struct buf blob, cab, plain, subject;
			struct sshcert_rules rules;
			struct sshcert c;
			struct view list;
			struct why why;

			p.identity = "{\"issuer\":\"idp\"}";
			p.source_address = "192.0.2.0/24,2001:db8::/32";
			p.permits = SSHCERT_PTY | SSHCERT_PORT_FORWARDING;
			buf_init(&blob, SSHKEY_BLOB_MAX);
			buf_init(&cab, 4096);
			buf_init(&plain, 4096);
			buf_init(&subject, 4096);
			if (build(&p, users[i], cas[j], &blob, &why) < 0)
				fail_msg("%zu under %zu: %s", i, j, why.text);
			mint_ssh_key(cas[j], &cab);
			mint_ssh_key(users[i], &subject);
			assert_true(sshcert_is(mint_view(&blob)));
			assert_int_equal(sshcert_parse(mint_view(&blob), &c, &why), ERR_OK);
			assert_int_equal(c.serial, 42);
			assert_true(view_is(&c.key_id, "idp:agent-7"));
			assert_true(view_is(&c.principal, "agent"));
			assert_true(view_is(&c.identity, p.identity));
			assert_int_equal(c.permits, p.permits);
			assert_int_equal(sshcert_plain_key(&c, &plain), ERR_OK);
			assert_int_equal(plain.len, subject.len);
			assert_memory_equal(buf_ptr(&plain), buf_ptr(&subject), plain.len);
			rules = rules_for(&list, &cab);
			assert_int_equal(sshcert_check(&c, &rules, &why), ERR_REFUSED); /* no address known */
			assert_int_equal(addr_parse((struct view){ (uint8_t *)"192.0.2.9", 9 }, &rules.source), ERR_OK);
			if (sshcert_check(&c, &rules, &why) < 0)
				fail_msg("%zu under %zu: %s", i, j, why.text);
			rules.principal = "agent";
			assert_int_equal(sshcert_check(&c, &rules, &why), ERR_OK);
			buf_free(&blob);
			buf_free(&cab);
			buf_free(&plain);
			buf_free(&subject);
		}
	}
}

static void what_may_not_be_said_is_not_built(void **state)
{
	static const char *const bad_names[] = { "", "a,b", "A", "a b", "a/b", "a\n", "\xc3\xa9", "*",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	const char *two[] = { "a", "b" };
	struct sshcert_params p;
	struct buf out;
	struct why why;

	(void)state;
	buf_init(&out, SSHKEY_BLOB_MAX);
	for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
		const char *one[] = { bad_names[i] };

		p = params();
		p.principals = one;
		assert_int_equal(build(&p, &user, &ca, &out, &why), ERR_REFUSED);
	}
	p = params();
	p.n_principals = 0;
	assert_int_equal(build(&p, &user, &ca, &out, &why), ERR_REFUSED);
	p = params();
	p.principals = two;
	p.n_principals = 2;
	assert_int_equal(build(&p, &user, &ca, &out, &why), ERR_REFUSED);
	p.type = SSHCERT_HOST;
	assert_int_equal(build(&p, &user, &ca, &out, &why), ERR_OK);
	buf_clear(&out);
	p.type = 3;
	assert_int_equal(build(&p, &user, &ca, &out, &why), ERR_REFUSED);
	p = params();
	p.key_id = "a\033]0;x\007";
	assert_int_equal(build(&p, &user, &ca, &out, &why), ERR_REFUSED);
	p = params();
	p.valid_before = p.valid_after;
	assert_int_equal(build(&p, &user, &ca, &out, &why), ERR_REFUSED);
	p = params();
	p.source_address = "192.0.2.1/24";
	assert_int_equal(build(&p, &user, &ca, &out, &why), ERR_REFUSED);
	p = params();
	assert_int_equal(build(&p, &user, &rsa_ca, &out, &why), ERR_REFUSED);
	assert_int_equal(build(&p, &ca, &ca, &out, &why), ERR_REFUSED);
	assert_int_equal(out.len, 0);
	buf_free(&out);
}

/* A signer that answers with somebody else's signature gives no certificate. */
static void a_wrong_signature_leaves_nothing(void **state)
{
	struct sshcert_params p = params();
	struct buf tbs, sig, out;
	struct why why;

	(void)state;
	buf_init(&tbs, 4096);
	buf_init(&sig, 4096);
	buf_init(&out, 4096);
	assert_int_equal(sshcert_tbs(&p, mint_view(&user_blob), mint_view(&ca_blob), &tbs, &why), ERR_OK);
	mint_ssh_sign(&stranger, NULL, mint_view(&tbs), &sig);
	assert_int_equal(sshcert_finish(mint_view(&tbs), mint_view(&sig), &out, &why), ERR_SIGNATURE);
	assert_int_equal(out.len, 0);
	buf_free(&tbs);
	buf_free(&sig);
	buf_free(&out);
}

/* A certificate by hand, in which everything can be wrong. Strings are packed by the caller where they are lists. */
struct raw {
	const char *type_name;
	uint64_t serial;
	uint32_t type;
	const char *key_id;
	struct view principals, critical, extensions;
	uint64_t after, before;
	const struct buf *ca_key;
	const struct mint_key *signer;
	const char *alg;
	const char *tail;
};

static struct view lit(const char *s, size_t n)
{
	return (struct view){ (const uint8_t *)s, n };
}

#define LIT(s) lit(s, sizeof(s) - 1)

static struct raw raw(void)
{
	return (struct raw){ .type_name = "ssh-ed25519-cert-v01@openssh.com", .serial = 1, .type = 1, .key_id = "k",
		.principals = LIT("\0\0\0\5agent"), .after = NOW - 60, .before = NOW + 60, .ca_key = &ca_blob,
		.signer = &ca, .tail = "" };
}

static void raw_build(const struct raw *w, struct buf *out)
{
	struct view pk = { buf_ptr(&user_blob) + 15, user_blob.len - 15 }; /* behind the type's name */
	struct buf sig;

	buf_init(out, 1 << 18);
	buf_init(&sig, 1 << 16);
	buf_put_string(out, w->type_name, strlen(w->type_name));
	buf_put_string(out, "nonce", 5);
	buf_put(out, pk.p, pk.n);
	buf_put_u64(out, w->serial);
	buf_put_u32(out, w->type);
	buf_put_string(out, w->key_id, strlen(w->key_id));
	buf_put_string(out, w->principals.p, w->principals.n);
	buf_put_u64(out, w->after);
	buf_put_u64(out, w->before);
	buf_put_string(out, w->critical.p, w->critical.n);
	buf_put_string(out, w->extensions.p, w->extensions.n);
	buf_put_string(out, NULL, 0);
	buf_put_string(out, buf_ptr(w->ca_key), w->ca_key->len);
	mint_ssh_sign(w->signer, w->alg, mint_view(out), &sig);
	buf_put_string(out, buf_ptr(&sig), sig.len);
	buf_put(out, w->tail, strlen(w->tail));
	buf_free(&sig);
}

static bool revoked_seven(void *arg, uint64_t serial)
{
	(void)arg;
	return serial == 7;
}

/* Parse and check in one: what the bastion does with a certificate. */
static int judge_with(const struct raw *w, const struct sshcert_rules *rules, struct why *why)
{
	struct sshcert c;
	struct buf blob;
	int r;

	raw_build(w, &blob);
	r = sshcert_parse(mint_view(&blob), &c, why);
	if (r == ERR_OK)
		r = sshcert_check(&c, rules, why);
	buf_free(&blob);
	return r;
}

static void judge(const char *name, const struct raw *w, int want)
{
	struct sshcert_rules rules;
	struct view list;
	struct why why = { "" };
	int r;

	rules = rules_for(&list, &ca_blob);
	rules.principal = "agent";
	rules.revoked = revoked_seven;
	assert_int_equal(addr_parse(LIT("192.0.2.9"), &rules.source), ERR_OK);
	r = judge_with(w, &rules, &why);
	if (r != want)
		fail_msg("%s: %s (%s), not %s", name, err_text(r), why.text, err_text(want));
}

#define ROW(name, want, ...) do { struct raw w = raw(); __VA_ARGS__; judge(name, &w, want); } while (0)

static void principals_are_exactly_one(void **state)
{
	struct sshcert_rules rules;
	struct view list;
	struct why why;
	struct raw x;
	struct buf many;

	(void)state;
	ROW("as it should be", ERR_OK);
	ROW("none", ERR_REFUSED, w.principals = LIT(""));
	ROW("another", ERR_REFUSED, w.principals = LIT("\0\0\0\5other"));
	ROW("star", ERR_REFUSED, w.principals = LIT("\0\0\0\1*"));
	ROW("two", ERR_REFUSED, w.principals = LIT("\0\0\0\5agent\0\0\0\1b"));
	ROW("twice the same", ERR_REFUSED, w.principals = LIT("\0\0\0\5agent\0\0\0\5agent"));
	ROW("comma", ERR_REFUSED, w.principals = LIT("\0\0\0\7agent,b"));
	ROW("NUL inside", ERR_REFUSED, w.principals = LIT("\0\0\0\7agent\0b"));
	ROW("NUL behind", ERR_REFUSED, w.principals = LIT("\0\0\0\6agent\0"));
	ROW("empty name", ERR_REFUSED, w.principals = LIT("\0\0\0\0"));
	ROW("capital", ERR_REFUSED, w.principals = LIT("\0\0\0\5Agent"));
	ROW("cut off", ERR_MALFORMED, w.principals = LIT("\0\0\0\6agent"));
	ROW("half a length", ERR_MALFORMED, w.principals = LIT("\0\0\0\5agent\0\0"));
	/* A caller that names no principal still gets one that is well-formed. */
	rules = rules_for(&list, &ca_blob);
	x = raw();
	assert_int_equal(judge_with(&x, &rules, &why), ERR_OK);
	x.principals = LIT("\0\0\0\7agent,b");
	assert_int_equal(judge_with(&x, &rules, &why), ERR_REFUSED);
	buf_init(&many, 1 << 16);
	for (int i = 0; i < 257; i++)
		buf_put_string(&many, "agent", 5);
	ROW("257", ERR_REFUSED, w.principals = mint_view(&many));
	buf_free(&many);
}

static void time_and_type_are_held(void **state)
{
	(void)state;
	ROW("host certificate", ERR_REFUSED, w.type = 2);
	ROW("type 0", ERR_MALFORMED, w.type = 0);
	ROW("type 3", ERR_MALFORMED, w.type = 3);
	ROW("not yet", ERR_EXPIRED, w.after = NOW + 1);
	ROW("from now", ERR_OK, w.after = NOW);
	ROW("until now", ERR_EXPIRED, w.before = NOW);
	ROW("one second left", ERR_OK, w.before = NOW + 1);
	ROW("expired", ERR_EXPIRED, w.after = 1, w.before = 2);
	ROW("backwards", ERR_EXPIRED, w.after = NOW + 9, w.before = NOW - 9);
	ROW("for ever", ERR_OK, w.after = 0, w.before = UINT64_MAX);
	ROW("revoked", ERR_REFUSED, w.serial = 7);
}

/* Names and values: n a value inside of a string, f a flag. */
#define OPT_FORCE "\0\0\0\x0d" "force-command" "\0\0\0\x08\0\0\0\4true"
#define OPT_SRC(len2, len, v) "\0\0\0\x0esource-address\0\0\0" len2 "\0\0\0" len v
#define OPT_PTY "\0\0\0\x0apermit-pty\0\0\0\0"

static void options_are_held(void **state)
{
	(void)state;
	ROW("force-command", ERR_REFUSED, w.critical = LIT(OPT_FORCE));
	ROW("empty force-command", ERR_REFUSED, w.critical = LIT("\0\0\0\x0d" "force-command" "\0\0\0\4\0\0\0\0"));
	ROW("source-address", ERR_OK, w.critical = LIT(OPT_SRC("\x10", "\x0c", "192.0.2.0/24")));
	ROW("source-address of one", ERR_OK, w.critical = LIT(OPT_SRC("\x0d", "\x09", "192.0.2.9")));
	ROW("source-address elsewhere", ERR_REFUSED, w.critical = LIT(OPT_SRC("\x0e", "\x0a", "10.0.0.0/8")));
	ROW("source-address of nobody", ERR_REFUSED, w.critical = LIT(OPT_SRC("\x04", "\0", "")));
	ROW("source-address broken behind a match", ERR_REFUSED, w.critical = LIT(OPT_SRC("\x0f", "\x0b", "192.0.2.9,x")));
	ROW("source-address with host bits", ERR_REFUSED, w.critical = LIT(OPT_SRC("\x10", "\x0c", "192.0.2.9/24")));
	ROW("source-address without a value", ERR_MALFORMED, w.critical = LIT("\0\0\0\x0esource-address\0\0\0\0"));
	ROW("source-address, bytes behind", ERR_MALFORMED, w.critical = LIT("\0\0\0\x0esource-address\0\0\0\x0e\0\0\0\x09" "192.0.2.9x"));
	ROW("unknown critical", ERR_REFUSED, w.critical = LIT("\0\0\0\4xxxx\0\0\0\0"));
	ROW("verify-required", ERR_REFUSED, w.critical = LIT("\0\0\0\x0fverify-required\0\0\0\0"));
	ROW("unknown critical behind a known one", ERR_REFUSED,
		w.critical = LIT(OPT_SRC("\x10", "\x0c", "192.0.2.0/24") "\0\0\0\4xxxx\0\0\0\0"));
	ROW("critical twice", ERR_MALFORMED, w.critical = LIT(OPT_SRC("\x0e", "\x0a", "10.0.0.0/8") OPT_SRC("\x10", "\x0c", "192.0.2.0/24")));
	ROW("critical out of order", ERR_MALFORMED, w.critical = LIT(OPT_SRC("\x10", "\x0c", "192.0.2.0/24") OPT_FORCE));
	ROW("empty name", ERR_MALFORMED, w.critical = LIT("\0\0\0\0\0\0\0\0"));
	ROW("critical cut off", ERR_MALFORMED, w.critical = LIT("\0\0\0\4xxxx"));
	ROW("unknown extension", ERR_OK, w.extensions = LIT("\0\0\0\4xxxx\0\0\0\1y"));
	ROW("pty", ERR_OK, w.extensions = LIT(OPT_PTY));
	ROW("pty twice", ERR_MALFORMED, w.extensions = LIT(OPT_PTY OPT_PTY));
	ROW("pty with a value", ERR_MALFORMED, w.extensions = LIT("\0\0\0\x0apermit-pty\0\0\0\1x"));
	ROW("bytes behind", ERR_MALFORMED, w.tail = "x");
}

/* A caller that enforces force-command itself gets to see it. */
static void force_command_is_reported_when_asked(void **state)
{
	struct sshcert_rules rules;
	struct raw w = raw();
	struct view list;
	struct why why;

	(void)state;
	rules = rules_for(&list, &ca_blob);
	rules.report_force_command = true;
	w.critical = LIT(OPT_FORCE);
	assert_int_equal(judge_with(&w, &rules, &why), ERR_OK);
}

static void only_the_plain_ca_signs(void **state)
{
	struct sshcert_params p = params();
	struct buf other, sub_ca, b256, b384, brsa;
	struct sshcert_rules rules;
	struct view list[2];
	struct why why;
	struct raw x;

	(void)state;
	buf_init(&other, 4096);
	buf_init(&sub_ca, 4096);
	buf_init(&b256, 4096);
	buf_init(&b384, 4096);
	buf_init(&brsa, 4096);
	mint_ssh_key(&stranger, &other);
	mint_ssh_key(&ca256, &b256);
	mint_ssh_key(&ca384, &b384);
	mint_ssh_key(&rsa_ca, &brsa);
	ROW("a stranger", ERR_REFUSED, w.signer = &stranger, w.ca_key = &other);
	ROW("a stranger under our name", ERR_SIGNATURE, w.signer = &stranger);
	ROW("another key's algorithm", ERR_REFUSED, w.signer = &ca256);
	ROW("a made-up algorithm", ERR_REFUSED, w.alg = "ssh-ed448");
	ROW("an empty CA key", ERR_REFUSED, w.ca_key = &(struct buf){ 0 });
	/* C1: a certificate that our CA signed, as the CA of another certificate. Even where somebody configured it. */
	assert_int_equal(build(&p, &stranger, &ca, &sub_ca, &why), ERR_OK);
	ROW("a certificate as CA", ERR_REFUSED, w.signer = &stranger, w.ca_key = &sub_ca);
	list[0] = mint_view(&sub_ca);
	rules = (struct sshcert_rules){ .cas = list, .n_cas = 1, .type = SSHCERT_USER, .now = NOW };
	x = raw();
	x.signer = &stranger;
	x.ca_key = &sub_ca;
	assert_int_equal(judge_with(&x, &rules, &why), ERR_UNSUPPORTED);
	/* C4: p384 signs while p256 is listed; SHA-1. */
	list[0] = mint_view(&b256);
	x.signer = &ca384;
	x.ca_key = &b384;
	assert_int_equal(judge_with(&x, &rules, &why), ERR_REFUSED);
	x.signer = &ca256;
	x.ca_key = &b256;
	assert_int_equal(judge_with(&x, &rules, &why), ERR_OK);
	list[0] = mint_view(&brsa);
	x.signer = &rsa_ca;
	x.ca_key = &brsa;
	x.alg = "ssh-rsa";
	assert_int_equal(judge_with(&x, &rules, &why), ERR_REFUSED);
	x.alg = "rsa-sha2-512";
	assert_int_equal(judge_with(&x, &rules, &why), ERR_REFUSED);
	/* No CA configured: nobody. Two: either. */
	x = raw();
	rules.n_cas = 0;
	assert_int_equal(judge_with(&x, &rules, &why), ERR_REFUSED);
	list[0] = mint_view(&b256);
	list[1] = mint_view(&ca_blob);
	rules.n_cas = 2;
	assert_int_equal(judge_with(&x, &rules, &why), ERR_OK);
	buf_free(&other);
	buf_free(&sub_ca);
	buf_free(&b256);
	buf_free(&b384);
	buf_free(&brsa);
}

static void every_flipped_byte_and_every_cut_is_noticed(void **state)
{
	struct sshcert_rules rules;
	struct raw w = raw();
	struct view list;
	struct buf blob;
	uint8_t *copy;

	(void)state;
	rules = rules_for(&list, &ca_blob);
	w.extensions = LIT(OPT_PTY);
	raw_build(&w, &blob);
	copy = malloc(blob.len);
	for (size_t i = 0; i < blob.len; i++) {
		struct sshcert c;

		memcpy(copy, buf_ptr(&blob), blob.len);
		copy[i] ^= 1;
		assert_true(sshcert_parse((struct view){ copy, blob.len }, &c, NULL) < 0 || sshcert_check(&c, &rules, NULL) < 0);
		assert_true(sshcert_parse((struct view){ buf_ptr(&blob), i }, &c, NULL) < 0);
	}
	free(copy);
	buf_free(&blob);
}

/* L8: a modulus of 65,536 bits is refused for its length, before any arithmetic. */
static void pathological_keys_are_refused_unseen(void **state)
{
	static const size_t sizes[] = { 128, 255, 1025, 2048, 8192 };
	struct sshkey key;
	struct buf b;
	struct why why;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint8_t *n = malloc(sizes[i] + 1);

		memset(n, 0xff, sizes[i] + 1);
		n[0] = 0;
		buf_init(&b, 1 << 16);
		buf_put_string(&b, "ssh-rsa", 7);
		buf_put_string(&b, "\1\0\1", 3);
		buf_put_string(&b, n, sizes[i] + 1);
		assert_int_equal(sshkey_parse(mint_view(&b), &key, &why), ERR_LIMIT);
		buf_free(&b);
		free(n);
	}
	buf_init(&b, 4096);
	buf_put_string(&b, "ssh-dss", 7);
	assert_int_equal(sshkey_parse(mint_view(&b), &key, &why), ERR_UNSUPPORTED);
	buf_free(&b);
	/* A point that is not on the curve parses, and is not sound. */
	buf_init(&b, 4096);
	mint_ssh_key(&user256, &b);
	b.data[b.off + b.len - 1] ^= 1;
	assert_int_equal(sshkey_parse(mint_view(&b), &key, &why), ERR_OK);
	assert_int_equal(sshkey_sound(&key, &why), ERR_MALFORMED);
	buf_free(&b);
}

static void key_lines_are_one_line(void **state)
{
	struct buf line, blob;
	char *comment, text[512];
	struct why why;
	char fp[SSHKEY_FINGERPRINT];

	(void)state;
	buf_init(&line, 4096);
	buf_init(&blob, SSHKEY_BLOB_MAX);
	assert_int_equal(sshkey_format_line(mint_view(&user_blob), "a comment", &line), ERR_OK);
	assert_int_equal(sshkey_parse_line(buf_cstr(&line), line.len, &blob, &comment, &why), ERR_OK);
	assert_string_equal(comment, "a comment");
	assert_int_equal(blob.len, user_blob.len);
	assert_memory_equal(buf_ptr(&blob), buf_ptr(&user_blob), blob.len);
	free(comment);
	sshkey_fingerprint(mint_view(&blob), fp);
	assert_int_equal(strlen(fp), 50);
#define BAD(fmt) do { snprintf(text, sizeof(text), fmt, buf_cstr(&line)); buf_clear(&blob); \
	assert_true(sshkey_parse_line(text, strlen(text), &blob, &comment, &why) < 0); assert_null(comment); \
	assert_int_equal(blob.len, 0); } while (0)
	BAD("restrict %s");
	BAD("command=\"x\" %s");
	BAD(" %s");
	BAD("%s\nssh-ed25519 AAAA");
	BAD("%s\r\n\r\n");
	BAD("ssh-rsa %s");
	BAD("%.20s");
	BAD("x%s");
	BAD("%.11s\t");
	BAD("%.0s");
	BAD("# %s");
	buf_clear(&blob);
	snprintf(text, sizeof(text), "%s\r\n", buf_cstr(&line));
	assert_int_equal(sshkey_parse_line(text, strlen(text), &blob, NULL, &why), ERR_OK);
	assert_int_equal(sshkey_format_line(mint_view(&user_blob), "two\nlines", &line), ERR_MALFORMED);
	buf_free(&line);
	buf_free(&blob);
}

static void windows_end_with_the_token(void **state)
{
	int64_t from, to;

	(void)state;
	assert_int_equal(sshcert_window(NOW, NOW + 10000, 900, &from, &to), ERR_OK);
	assert_int_equal(from, NOW - 60);
	assert_int_equal(to, NOW + 900);
	assert_int_equal(sshcert_window(NOW, NOW + 5, 900, &from, &to), ERR_OK);
	assert_int_equal(to, NOW + 5);
	assert_int_equal(sshcert_window(NOW, NOW, 900, &from, &to), ERR_EXPIRED);
	assert_int_equal(sshcert_window(NOW, NOW + 5, 0, &from, &to), ERR_EXPIRED);
}

static void addresses_match_by_prefix(void **state)
{
	static const struct {
		const char *list, *addr;
		int want;
	} rows[] = {
		{ "192.0.2.0/24", "192.0.2.255", ERR_OK }, { "192.0.2.0/24", "192.0.3.0", ERR_REFUSED },
		{ "0.0.0.0/0", "203.0.113.1", ERR_OK }, { "0.0.0.0/0", "2001:db8::1", ERR_REFUSED },
		{ "::/0", "2001:db8::1", ERR_OK }, { "192.0.2.1", "::ffff:192.0.2.1", ERR_OK },
		{ "2001:db8::/33", "2001:db8:8000::1", ERR_REFUSED }, { "2001:db8::/33", "2001:db8:7fff::1", ERR_OK },
		{ "10.0.0.0/8,192.0.2.0/31", "192.0.2.1", ERR_OK }, { "10.0.0.0/8,", "10.1.1.1", ERR_MALFORMED },
		{ "", "10.1.1.1", ERR_MALFORMED }, { "10.0.0.0/33", "10.1.1.1", ERR_MALFORMED },
		{ "10.0.0.0/08", "10.1.1.1", ERR_MALFORMED }, { "10.0.0.0/-1", "10.1.1.1", ERR_MALFORMED },
		{ "10.0.0.0/", "10.1.1.1", ERR_MALFORMED }, { "10.0.0/8", "10.1.1.1", ERR_MALFORMED },
		{ "!10.0.0.0/8", "10.1.1.1", ERR_MALFORMED }, { "*", "10.1.1.1", ERR_MALFORMED },
		{ "10.0.0.1/8", "10.1.1.1", ERR_MALFORMED }, { "10.0.0.0/8, 192.0.2.0/24", "10.1.1.1", ERR_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr a;

		assert_int_equal(addr_parse(lit(rows[i].addr, strlen(rows[i].addr)), &a), ERR_OK);
		if (cidr_match(lit(rows[i].list, strlen(rows[i].list)), &a) != rows[i].want)
			fail_msg("%s in %s", rows[i].addr, rows[i].list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ours_are_read_and_accepted),
		cmocka_unit_test(what_may_not_be_said_is_not_built),
		cmocka_unit_test(a_wrong_signature_leaves_nothing),
		cmocka_unit_test(principals_are_exactly_one),
		cmocka_unit_test(time_and_type_are_held),
		cmocka_unit_test(options_are_held),
		cmocka_unit_test(force_command_is_reported_when_asked),
		cmocka_unit_test(only_the_plain_ca_signs),
		cmocka_unit_test(every_flipped_byte_and_every_cut_is_noticed),
		cmocka_unit_test(pathological_keys_are_refused_unseen),
		cmocka_unit_test(key_lines_are_one_line),
		cmocka_unit_test(windows_end_with_the_token),
		cmocka_unit_test(addresses_match_by_prefix),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
