/* What control may have of the vault: grants, certificates, checkpoints, epochs. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vault/vault.h"

enum { NOW = 3000000 };

static char dir[64], master_file[128];
static struct vault vault;

static struct msg_vault_grant grant_request(void)
{
	return (struct msg_vault_grant){ .req = 1, .sid = 9, .target = proto_str("web1"), .login = proto_str("deploy"),
		.key = proto_str("web1"), .kind = 0, .valid_from_at = NOW, .valid_to_at = NOW + 60, .uses = 2 };
}

static int try_grant(struct msg_vault_grant m)
{
	struct vault_grant *g = NULL;
	struct why why = { "" };
	struct buf out;
	int r;

	buf_init(&out, 16384);
	r = vault_grant(&vault, &m, NOW, &g, &out, &why);
	if (r < 0) {
		assert_null(g);
		assert_true(why.text[0] != '\0');
		assert_int_equal(out.len, 0);
	}
	vault_grant_free(g);
	buf_free(&out);
	return r;
}

#define WITH(change) ({ struct msg_vault_grant m = grant_request(); change; try_grant(m); })

static void add(const char *name, enum store_kind kind)
{
	struct key *k = NULL;
	struct why why = { "" };

	assert_int_equal(key_generate(KEY_ED25519, &k), ERR_OK);
	assert_int_equal(store_put(vault.store, name, kind, k, true, &why), ERR_OK);
	key_free(k);
}

static void grants_are_short_and_for_target_keys(void **state)
{
	(void)state;
	add("web1", STORE_TARGET);
	assert_int_equal(try_grant(grant_request()), ERR_OK);
	assert_int_equal(WITH(m.key = proto_str("web2")), ERR_NOTFOUND);
	assert_int_equal(WITH(m.key = proto_str("user-ca")), ERR_NOTFOUND);
	assert_int_equal(WITH(m.key = proto_str("audit.1")), ERR_NOTFOUND);
	assert_int_equal(WITH(m.key = proto_str("")), ERR_REFUSED);
	assert_int_equal(WITH(m.login = proto_str("")), ERR_REFUSED);
	assert_int_equal(WITH(m.login = proto_str("a,b")), ERR_REFUSED);
	assert_int_equal(WITH(m.login = proto_str("-oProxyCommand")), ERR_REFUSED);
	assert_int_equal(WITH(m.valid_to_at = NOW), ERR_REFUSED);
	assert_int_equal(WITH(m.valid_to_at = NOW + 601), ERR_REFUSED);
	assert_int_equal(WITH(m.valid_to_at = UINT64_MAX), ERR_REFUSED);
	assert_int_equal(WITH(m.valid_from_at = NOW + 60), ERR_REFUSED);
	assert_int_equal(WITH(m.kind = 2), ERR_UNSUPPORTED);
	assert_int_equal(WITH((m.kind = 1, m.principal = proto_str("deploy"))), ERR_OK);
	assert_int_equal(WITH((m.kind = 1, m.principal = proto_str("a,b"))), ERR_REFUSED);
	assert_int_equal(WITH((m.kind = 1, m.principal = proto_str(""))), ERR_REFUSED);
	assert_int_equal(WITH((m.kind = 1, m.principal = proto_str("deploy"), m.target = proto_str("a b"))), ERR_REFUSED);
}

static void at_most_four_uses(void **state)
{
	static const uint32_t asked[] = { 0, 1, 4, 5, UINT32_MAX }, given[] = { 4, 1, 4, 4, 4 };
	struct msg_vault_grant m = grant_request();
	struct vault_grant *g = NULL;
	struct why why;
	struct buf out;

	(void)state;
	add("web1", STORE_TARGET);
	for (size_t i = 0; i < 5; i++) {
		buf_init(&out, 16384);
		m.uses = asked[i];
		assert_int_equal(vault_grant(&vault, &m, NOW, &g, &out, &why), ERR_OK);
		assert_int_equal(g->agent.uses, given[i]);
		vault_grant_free(g);
		buf_free(&out);
	}
}

/* A login, as the SSH client of the worker would have it signed, with the i-th key that the grant lists. */
static int sign_login(struct vault_grant *g, size_t i, const char *algorithm)
{
	const struct buf *blob = &g->agent.keys[i].blob;
	struct buf data, frame, out;
	struct why why = { "" };
	int r;

	buf_init(&data, 8192);
	buf_init(&frame, 8192);
	buf_init(&out, 8192);
	buf_put_string(&data, "SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS", 32);
	buf_put_u8(&data, 50);
	buf_put_string(&data, "deploy", 6);
	buf_put_string(&data, "ssh-connection", 14);
	buf_put_string(&data, "publickey", 9);
	buf_put_u8(&data, 1);
	buf_put_string(&data, algorithm, strlen(algorithm));
	buf_put_string(&data, buf_ptr(blob), blob->len);
	buf_put_u8(&frame, 13);
	buf_put_string(&frame, buf_ptr(blob), blob->len);
	buf_put_string(&frame, buf_ptr(&data), data.len);
	buf_put_u32(&frame, 0);
	r = agent_handle(&g->agent, buf_ptr(&frame), frame.len, NOW, &out, &why);
	buf_free(&data);
	buf_free(&frame);
	buf_free(&out);
	return r;
}

static void both_keys_of_a_rotation_are_granted_and_a_replaced_one_is_not(void **state)
{
	struct msg_vault_grant m = grant_request();
	struct vault_grant *g = NULL;
	struct why why;
	struct buf out;

	(void)state;
	add("web1", STORE_TARGET);
	add("web1.previous", STORE_TARGET);
	buf_init(&out, 16384);
	m.uses = 4;
	assert_int_equal(vault_grant(&vault, &m, NOW, &g, &out, &why), ERR_OK);
	assert_int_equal(g->agent.nkeys, 2);
	assert_int_equal(sign_login(g, 0, "ssh-ed25519"), ERR_OK);
	assert_int_equal(sign_login(g, 1, "ssh-ed25519"), ERR_OK);
	add("web1", STORE_TARGET); /* replaced while the grant is open */
	assert_true(sign_login(g, 0, "ssh-ed25519") < 0);
	assert_int_equal(sign_login(g, 1, "ssh-ed25519"), ERR_OK);
	vault_grant_free(g);
	buf_free(&out);
	assert_int_equal(store_remove(vault.store, "web1.previous", &why), ERR_OK);
}

/* ssh-keygen reads the minted certificate as what it should be. */
static void minted_certificate_is_for_one_login_and_minutes(void **state)
{
	struct msg_vault_grant m = grant_request();
	char command[256], text[4096];
	struct vault_grant *g = NULL;
	struct why why;
	struct buf out;
	FILE *f;
	size_t n;

	(void)state;
	buf_init(&out, 16384);
	m.kind = 1;
	m.principal = proto_str("deploy");
	assert_int_equal(vault_grant(&vault, &m, NOW, &g, &out, &why), ERR_OK);
	assert_int_equal(sign_login(g, 0, "ssh-ed25519"), ERR_UNSUPPORTED);
	assert_int_equal(sign_login(g, 0, "ssh-ed25519-cert-v01@openssh.com"), ERR_OK);
	snprintf(command, sizeof(command), "%s/cert.pub", dir);
	f = fopen(command, "w");
	assert_non_null(f);
	fprintf(f, "%s\n", buf_cstr(&out));
	fclose(f);
	snprintf(command, sizeof(command), "TZ=UTC ssh-keygen -L -f %s/cert.pub", dir);
	f = popen(command, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	assert_int_equal(pclose(f), 0);
	assert_non_null(strstr(text, "ssh-ed25519-cert-v01@openssh.com user certificate"));
	assert_non_null(strstr(text, "Key ID: \"sallyport session=9 login=deploy target=web1\""));
	assert_non_null(strstr(text, "Valid: from 1970-02-04T17:19:00 to 1970-02-04T17:21:00")); /* NOW - 60 to NOW + 60 */
	assert_non_null(strstr(text, "Principals: \n                deploy\n"));
	assert_non_null(strstr(text, "Critical Options: (none)"));
	assert_non_null(strstr(text, "Extensions: \n                permit-pty\n"));
	vault_grant_free(g);
	buf_free(&out);
}

#define ROOT_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define ROOT_B "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static int checkpoint(const char *text)
{
	struct view v = proto_str(text);
	struct why why = { "" };
	struct buf out;
	int r;

	buf_init(&out, 8192);
	r = vault_sign_checkpoint(&vault, &v, &out, &why);
	assert_true(r == ERR_OK ? out.len > 0 : out.len == 0);
	buf_free(&out);
	return r;
}

static void a_checkpoint_never_takes_one_back(void **state)
{
	(void)state;
	memset(&vault.last, 0, sizeof(vault.last));
	assert_int_equal(checkpoint("host/log\n10\n" ROOT_A "\n"), ERR_OK);
	assert_int_equal(checkpoint("host/log\n10\n" ROOT_A "\n"), ERR_OK);
	assert_int_equal(checkpoint("host/log\n10\n" ROOT_B "\n"), ERR_REFUSED);
	assert_int_equal(checkpoint("host/log\n9\n" ROOT_B "\n"), ERR_REFUSED);
	assert_int_equal(checkpoint("host/log\n11\n" ROOT_B "\nepoch 2\n"), ERR_OK);
	assert_int_equal(checkpoint("host/log\n10\n" ROOT_A "\n"), ERR_REFUSED);
}

static void what_is_not_a_checkpoint_is_not_signed(void **state)
{
	static const char *const bad[] = {
		"", "\n", "host/log\n", "host/log\n20\n", "host/log\n20\n" ROOT_A, "host/log\n020\n" ROOT_A "\n",
		"host/log\n-1\n" ROOT_A "\n", "host/log\n20\nAAAA\n", "host/log\n20\n" ROOT_A "=\n", "host/log\n20\n" ROOT_A "\n\n",
		"\n20\n" ROOT_A "\n", "host\033/log\n20\n" ROOT_A "\n", "host/log\n99999999999999999999\n" ROOT_A "\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(checkpoint(bad[i]) < 0);
}

static unsigned audit_keys(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < store_count(vault.store); i++)
		n += store_at(vault.store, i)->kind == STORE_AUDIT;
	return n;
}

static void an_epoch_ends_with_its_key_gone(void **state)
{
	struct why why = { "" };
	struct buf a, b;
	char path[160];

	(void)state;
	buf_init(&a, 4096);
	buf_init(&b, 4096);
	assert_int_equal(vault_epoch_advance(&vault, &why), ERR_WRONGSTATE);
	assert_int_equal(vault_epoch_next(&vault, &a, &why), ERR_OK);
	/* Asked again, after a crash in between, it is the same key. */
	assert_int_equal(vault_epoch_next(&vault, &b, &why), ERR_OK);
	assert_string_equal(buf_cstr(&a), buf_cstr(&b));
	assert_int_equal(audit_keys(), 2);
	assert_non_null(store_find(vault.store, "audit.1"));
	assert_int_equal(vault_epoch_advance(&vault, &why), ERR_OK);
	assert_null(store_find(vault.store, "audit.1"));
	assert_non_null(store_find(vault.store, "audit.2"));
	snprintf(path, sizeof(path), "%s/store/audit.1.key", dir);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(vault_epoch_advance(&vault, &why), ERR_WRONGSTATE);
	assert_int_equal(checkpoint("host/log\n1000\n" ROOT_A "\n"), ERR_OK);
	buf_free(&a);
	buf_free(&b);
}

/* By number, not by name: audit.10 comes after audit.9. */
static void epochs_are_in_the_order_of_their_numbers(void **state)
{
	struct why why = { "" };
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	for (int i = 0; i < 9; i++) {
		buf_clear(&out);
		assert_int_equal(vault_epoch_next(&vault, &out, &why), ERR_OK);
		assert_int_equal(vault_epoch_advance(&vault, &why), ERR_OK);
	}
	assert_int_equal(audit_keys(), 1);
	assert_non_null(strstr(buf_cstr(&out), store_at(vault.store, 0)->name));
	assert_true(store_epoch(store_at(vault.store, 0)->name) == 11);
	buf_free(&out);
}

static void public_keys_are_listed_three_strings_a_key(void **state)
{
	struct view list, kind, name, line;
	struct why why;
	struct buf out;
	unsigned n = 0, audit = 0, next = 0;

	(void)state;
	buf_init(&out, 65536);
	assert_int_equal(vault_epoch_next(&vault, &out, &why), ERR_OK);
	buf_clear(&out);
	assert_int_equal(vault_public_keys(&vault, &out, &why), ERR_OK);
	list = (struct view){ buf_ptr(&out), out.len };
	while (proto_list_next(&list, &kind) == ERR_OK) {
		assert_int_equal(proto_list_next(&list, &name), ERR_OK);
		assert_int_equal(proto_list_next(&list, &line), ERR_OK);
		assert_true(line.n > 11 && memcmp(line.p, "ssh-ed25519 ", 12) == 0);
		if (view_is(&kind, "audit")) {
			char name_text[SEAL_NAME_MAX + 1];

			/* audit.N and audit.N+1: by number the first, whatever the order of names */
			snprintf(name_text, sizeof(name_text), "%.*s", (int)name.n, (const char *)name.p);
			assert_int_equal(store_epoch(name_text), 11);
			audit++;
		}
		next += view_is(&kind, "audit-next");
		n++;
	}
	assert_int_equal(audit, 1);
	assert_int_equal(next, 1);
	assert_int_equal(n, store_count(vault.store));
	assert_true(n >= 4);
	buf_free(&out);
}

static int open_vault(void)
{
	char store[128];
	struct why why = { "" };
	uint8_t *master = NULL;
	int r;

	snprintf(store, sizeof(store), "%s/store", dir);
	r = vault_init(store, master_file, &why);
	if (r == ERR_OK)
		r = master_from_file(master_file, &master, &why);
	if (r == ERR_OK)
		r = store_open(store, master, &vault.store, &why);
	master_free(master);
	if (r < 0)
		print_message("%s\n", why.text);
	return r;
}

static void init_run_again_keeps_the_keys(void **state)
{
	const struct store_entry *e = store_find(vault.store, "user-ca");
	struct buf before;

	(void)state;
	assert_non_null(e);
	buf_init(&before, KEY_BLOB_MAX);
	buf_put(&before, e->blob.p, e->blob.n);
	store_free(vault.store);
	assert_int_equal(open_vault(), ERR_OK);
	e = store_find(vault.store, "user-ca");
	assert_non_null(e);
	assert_memory_equal(e->blob.p, buf_ptr(&before), e->blob.n);
	assert_int_equal(audit_keys(), 1);
	buf_free(&before);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/vault_requests.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(master_file, sizeof(master_file), "%s/master", dir);
	vault.max_cert_lifetime = VAULT_CERT_LIFETIME;
	return open_vault();
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	store_free(vault.store);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(init_run_again_keeps_the_keys),
		cmocka_unit_test(grants_are_short_and_for_target_keys),
		cmocka_unit_test(at_most_four_uses),
		cmocka_unit_test(both_keys_of_a_rotation_are_granted_and_a_replaced_one_is_not),
		cmocka_unit_test(minted_certificate_is_for_one_login_and_minutes),
		cmocka_unit_test(a_checkpoint_never_takes_one_back),
		cmocka_unit_test(what_is_not_a_checkpoint_is_not_signed),
		cmocka_unit_test(an_epoch_ends_with_its_key_gone),
		cmocka_unit_test(epochs_are_in_the_order_of_their_numbers),
		cmocka_unit_test(public_keys_are_listed_three_strings_a_key),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
