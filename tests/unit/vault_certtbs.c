/* The vault signs a user certificate for one principal, minutes long, under its own CA, and no other. */
#include "tests/unit/unit.h"

#include <string.h>

#include "vault/certtbs.h"

enum { NOW = 2000000, LIFETIME = 900 };

static const uint8_t ca_blob[] = "\0\0\0\013ssh-ed25519\0\0\0\040CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC";
static const struct view ca = { ca_blob, sizeof(ca_blob) - 1 };

/* A certificate, taken apart so that each test changes one thing. Lists hold their strings one after the other, each with a
 * length byte in front. */
struct cert {
	const char *algorithm, *key_id;
	size_t nonce, key_id_len;
	uint32_t type;
	const char *principals;
	size_t principals_len;
	uint64_t after, before;
	const char *critical, *extensions;
	size_t critical_len, extensions_len;
	struct view ca;
	unsigned reserved, tail;
};

static struct cert good(void)
{
	return (struct cert){ .algorithm = "ssh-ed25519-cert-v01@openssh.com", .nonce = 32, .key_id = "agent one", .key_id_len = 9,
		.type = 1, .principals = "\006agent1", .principals_len = 7, .after = NOW - 60, .before = NOW + LIFETIME,
		.critical = "", .extensions = "", .ca = ca };
}

static void put_packed(struct buf *b, const char *list, size_t n)
{
	struct buf inner;

	buf_init(&inner, 65536);
	for (size_t at = 0; at < n; at += 1 + (uint8_t)list[at])
		buf_put_string(&inner, list + at + 1, (uint8_t)list[at]);
	buf_put_string(b, buf_ptr(&inner), inner.len);
	buf_free(&inner);
}

static void put_subject(struct buf *b, const char *algorithm)
{
	uint8_t point[133] = { 4 }, modulus[257] = { 0, 0x80 };

	if (strncmp(algorithm, "ecdsa-sha2-", 11) == 0 || strncmp(algorithm, "sk-ecdsa", 8) == 0) {
		const char *curve = strstr(algorithm, "nistp");

		buf_put_string(b, curve, 8);
		buf_put_string(b, point, strncmp(curve, "nistp256", 8) == 0 ? 65 : strncmp(curve, "nistp384", 8) == 0 ? 97 : 133);
	} else if (strncmp(algorithm, "ssh-rsa", 7) == 0) {
		buf_put_string(b, "\1\0\1", 3);
		buf_put_string(b, modulus, sizeof(modulus));
	} else {
		buf_put_string(b, "KKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKK", 32);
	}
	if (strncmp(algorithm, "sk-", 3) == 0)
		buf_put_string(b, "ssh:", 4);
}

static void build(const struct cert *c, struct buf *b)
{
	uint8_t nonce[128] = { 0 };

	buf_init(b, 65536);
	buf_put_string(b, c->algorithm, strlen(c->algorithm));
	buf_put_string(b, nonce, c->nonce);
	put_subject(b, c->algorithm);
	buf_put_u64(b, 1);
	buf_put_u32(b, c->type);
	buf_put_string(b, c->key_id, c->key_id_len);
	put_packed(b, c->principals, c->principals_len);
	buf_put_u64(b, c->after);
	buf_put_u64(b, c->before);
	put_packed(b, c->critical, c->critical_len);
	put_packed(b, c->extensions, c->extensions_len);
	buf_put_string(b, "x", c->reserved);
	buf_put_string(b, c->ca.p, c->ca.n);
	for (unsigned i = 0; i < c->tail; i++)
		buf_put_u8(b, 0);
}

static int judge_bytes(const uint8_t *p, size_t n)
{
	struct why why = { "" };
	struct certtbs c;
	int r = certtbs_parse(p, n, &c, &why);

	if (r == ERR_OK)
		r = certtbs_check(&c, &ca, NOW, LIFETIME, &why);
	if (r < 0)
		assert_true(why.text[0] != '\0');
	return r;
}

static int judge(struct cert c)
{
	struct buf b;
	int r;

	build(&c, &b);
	r = judge_bytes(buf_ptr(&b), b.len);
	buf_free(&b);
	return r;
}

#define WITH(change) ({ struct cert c = good(); change; judge(c); })

static void good_ones_are_signed(void **state)
{
	static const char *const algorithms[] = { "ssh-ed25519-cert-v01@openssh.com", "ecdsa-sha2-nistp256-cert-v01@openssh.com",
		"ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp521-cert-v01@openssh.com",
		"ssh-rsa-cert-v01@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com",
		"sk-ecdsa-sha2-nistp256-cert-v01@openssh.com" };

	(void)state;
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		assert_int_equal(WITH(c.algorithm = algorithms[i]), ERR_OK);
	assert_int_equal(WITH((c.extensions = "\022identity@sallyport\003\0\0\0", c.extensions_len = 23)), ERR_OK);
	assert_int_equal(WITH((c.extensions = "\012permit-pty\0", c.extensions_len = 12)), ERR_OK);
	assert_int_equal(WITH((c.critical = "\016source-address\014\0\0\0\01010.0.0.1", c.critical_len = 28)), ERR_OK);
}

static void exactly_one_principal_of_plain_letters(void **state)
{
	static char many[257 * 2];

	(void)state;
	for (size_t i = 0; i < 257; i++)
		memcpy(many + 2 * i, "\1a", 2);
	assert_int_equal(WITH(c.principals_len = 0), ERR_REFUSED);
	assert_int_equal(WITH((c.principals = "\1a\1b", c.principals_len = 4)), ERR_REFUSED);
	assert_int_equal(WITH((c.principals = many, c.principals_len = sizeof(many))), ERR_REFUSED);
	assert_int_equal(WITH((c.principals = "\3a,b", c.principals_len = 4)), ERR_REFUSED);
	assert_int_equal(WITH((c.principals = "\3a\0b", c.principals_len = 4)), ERR_REFUSED);
	assert_int_equal(WITH((c.principals = "\2a\0", c.principals_len = 3)), ERR_REFUSED);
	assert_int_equal(WITH((c.principals = "\1A", c.principals_len = 2)), ERR_REFUSED);
	assert_int_equal(WITH((c.principals = "\1*", c.principals_len = 2)), ERR_REFUSED);
	assert_int_equal(WITH((c.principals = "\0", c.principals_len = 1)), ERR_REFUSED);
	assert_int_equal(
		WITH((c.principals = "\101aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", c.principals_len = 66)),
		ERR_REFUSED);
}

static void minutes_and_not_longer(void **state)
{
	(void)state;
	assert_int_equal(WITH(c.before = NOW + LIFETIME + 60), ERR_OK);
	assert_int_equal(WITH(c.before = NOW + LIFETIME + 61), ERR_REFUSED);
	assert_int_equal(WITH((c.after = NOW + 60, c.before = NOW + LIFETIME + 61)), ERR_REFUSED);
	assert_int_equal(WITH(c.after = NOW - 300), ERR_REFUSED);
	assert_int_equal(WITH(c.after = NOW + 60), ERR_OK);
	assert_int_equal(WITH(c.after = NOW + 61), ERR_REFUSED);
	assert_int_equal(WITH(c.before = NOW), ERR_REFUSED);
	assert_int_equal(WITH((c.after = NOW + 20, c.before = NOW + 10)), ERR_REFUSED);
	assert_int_equal(WITH(c.before = UINT64_MAX), ERR_REFUSED);
	assert_int_equal(WITH(c.after = 0), ERR_REFUSED);
	assert_int_equal(WITH((c.after = 0, c.before = UINT64_MAX)), ERR_REFUSED);
}

/* GHSA-8cqv-pj7f-pwpc: a certificate in the place of the CA's key is not the CA's key. */
static void only_under_its_own_plain_ca_key(void **state)
{
	uint8_t other[sizeof(ca_blob)];
	struct view v = { other, ca.n };
	struct buf nested;

	(void)state;
	memcpy(other, ca_blob, sizeof(other));
	other[30] ^= 1;
	assert_int_equal(WITH(c.ca = v), ERR_REFUSED);
	v.n--;
	assert_int_equal(WITH(c.ca = v), ERR_REFUSED);
	v.n = 0;
	assert_int_equal(WITH(c.ca = v), ERR_REFUSED);
	struct cert inner = good();
	build(&inner, &nested);
	v = (struct view){ buf_ptr(&nested), nested.len };
	assert_int_equal(WITH(c.ca = v), ERR_REFUSED);
	buf_free(&nested);
}

static void unknown_options_are_refused(void **state)
{
	(void)state;
	assert_int_equal(WITH((c.critical = "\015force-command\006\0\0\0\002id", c.critical_len = 21)), ERR_OK);
	assert_int_equal(WITH((c.critical = "\017verify-required\0", c.critical_len = 17)), ERR_REFUSED);
	assert_int_equal(WITH((c.critical = "\006x@host\0", c.critical_len = 8)), ERR_REFUSED);
	assert_int_equal(WITH((c.critical = "\006x@host\006\0\0\0\002id", c.critical_len = 14)), ERR_REFUSED);
	/* a value that is not a string inside a string, or empty */
	assert_int_equal(WITH((c.critical = "\015force-command\002id", c.critical_len = 17)), ERR_REFUSED);
	assert_int_equal(WITH((c.critical = "\015force-command\004\0\0\0\0", c.critical_len = 19)), ERR_REFUSED);
	/* twice, and in the wrong order */
	assert_int_equal(WITH((c.critical = "\015force-command\006\0\0\0\002id\015force-command\006\0\0\0\002id", c.critical_len = 42)),
			 ERR_MALFORMED);
	assert_int_equal(WITH((c.extensions = "\012permit-pty\0\012permit-X11\0", c.extensions_len = 24)), ERR_MALFORMED);
	assert_int_equal(WITH((c.extensions = "\007unknown\0", c.extensions_len = 9)), ERR_REFUSED);
	assert_int_equal(WITH((c.extensions = "\012permit-pty\001x", c.extensions_len = 13)), ERR_REFUSED);
	assert_int_equal(WITH((c.extensions = "\015x@openssh.com\0", c.extensions_len = 15)), ERR_REFUSED);
	/* a name without its data */
	assert_int_equal(WITH((c.extensions = "\012permit-pty", c.extensions_len = 11)), ERR_MALFORMED);
}

static void the_rest_of_the_form(void **state)
{
	(void)state;
	assert_int_equal(WITH(c.type = 2), ERR_REFUSED);
	assert_int_equal(WITH(c.type = 0), ERR_REFUSED);
	assert_int_equal(WITH(c.nonce = 8), ERR_MALFORMED);
	assert_int_equal(WITH(c.nonce = 65), ERR_MALFORMED);
	assert_int_equal(WITH(c.reserved = 1), ERR_MALFORMED);
	assert_int_equal(WITH(c.tail = 1), ERR_MALFORMED);
	assert_int_equal(WITH(c.key_id_len = 0), ERR_REFUSED);
	assert_int_equal(WITH((c.key_id = "a\033]0;x\007", c.key_id_len = 7)), ERR_REFUSED);
	assert_int_equal(WITH(c.algorithm = "ssh-ed25519"), ERR_UNSUPPORTED);
	assert_int_equal(WITH(c.algorithm = "ssh-dss-cert-v01@openssh.com"), ERR_UNSUPPORTED);
}

static void every_cut_is_refused(void **state)
{
	struct cert c = good();
	struct buf b;

	(void)state;
	build(&c, &b);
	for (size_t n = 0; n < b.len; n++)
		assert_true(judge_bytes(buf_ptr(&b), n) < 0);
	buf_free(&b);
}

/* Nothing that the vault would sign for a user doubles as an SSH login, nor as an SSHSIG: the first string tells them apart. */
static void a_login_is_not_a_certificate(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	buf_put_string(&b, "SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS", 32);
	buf_put_u8(&b, 50);
	buf_put_string(&b, "root", 4);
	assert_int_equal(judge_bytes(buf_ptr(&b), b.len), ERR_UNSUPPORTED);
	buf_clear(&b);
	buf_put_str(&b, "SSHSIG");
	assert_true(judge_bytes(buf_ptr(&b), b.len) < 0);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones_are_signed),
		cmocka_unit_test(exactly_one_principal_of_plain_letters),
		cmocka_unit_test(minutes_and_not_longer),
		cmocka_unit_test(only_under_its_own_plain_ca_key),
		cmocka_unit_test(unknown_options_are_refused),
		cmocka_unit_test(the_rest_of_the_form),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(a_login_is_not_a_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
