/* The vault as a process: closed in, outlived by nobody it serves, dropped by no malformed message. Runs the real program. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/e2e/vault_child.h"
#include "vault/secmem.h"
#include "vault/vault.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

static char dir[64], store[128], master_file[128];
static struct vault_child v;

static struct msg_vault_grant request(uint64_t sid)
{
	uint64_t now = (uint64_t)time(NULL);

	return (struct msg_vault_grant){ .req = 7, .sid = sid, .target = proto_str("host"), .login = proto_str("deploy"), .kind = 1,
		.principal = proto_str("deploy"), .valid_from_at = now - 1, .valid_to_at = now + 60, .uses = 1 };
}

static int grant(uint64_t sid, int *agent)
{
	struct msg_vault_grant m = request(sid);
	char text[8192];
	int r = vault_child_grant(&v, &m, agent, text, sizeof(text));

	if (r == 1)
		assert_int_equal(strncmp(text, "ssh-ed25519-cert-v01@openssh.com AAAA", 37), 0);
	return r;
}

static bool answers(void)
{
	struct msg_vault_public_keys q = { .req = 3 };
	struct msg_vault_answer a;
	struct ipc_msg m;

	return msg_vault_public_keys_send(&v.control, &q, NULL, 0) == ERR_OK && ipc_wait(&v.control, &m, 10000) == ERR_OK &&
	       msg_vault_answer_read(&m, &a) == ERR_OK && a.req == 3 && a.ok && a.data.n > 0;
}

/* Each answer is to its question, and carries what was asked for. */
static void answers_say_what_was_asked(void **state)
{
	static const char *const kinds[] = { "audit", "target", "target", "target", "target-ca", "user-ca" };
	struct msg_vault_public_keys keys = { .req = 11 };
	struct msg_vault_checkpoint bad = { .req = 12, .text = proto_str("not a checkpoint") };
	struct msg_vault_checkpoint good = { .req = 13,
		.text = proto_str("host/log\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n") };
	struct msg_vault_reload reload = { .req = 14 };
	struct msg_vault_answer a;
	struct view list, s;
	struct ipc_msg m;

	(void)state;
	assert_int_equal(msg_vault_public_keys_send(&v.control, &keys, NULL, 0), ERR_OK);
	assert_int_equal(msg_vault_checkpoint_send(&v.control, &bad, NULL, 0), ERR_OK);
	assert_int_equal(msg_vault_checkpoint_send(&v.control, &good, NULL, 0), ERR_OK);
	assert_int_equal(msg_vault_reload_send(&v.control, &reload, NULL, 0), ERR_OK);
	assert_int_equal(ipc_wait(&v.control, &m, 10000), ERR_OK);
	assert_int_equal(msg_vault_answer_read(&m, &a), ERR_OK);
	assert_int_equal(a.req, 11);
	list = a.data;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		assert_int_equal(proto_list_next(&list, &s), ERR_OK);
		assert_true(view_is(&s, kinds[i]));
		assert_int_equal(proto_list_next(&list, &s), ERR_OK);
		assert_int_equal(proto_list_next(&list, &s), ERR_OK);
		assert_non_null(memmem(s.p, s.n, " AAAA", 5));
	}
	assert_int_equal(proto_list_next(&list, &s), ERR_EOF);
	assert_int_equal(ipc_wait(&v.control, &m, 10000), ERR_OK);
	assert_int_equal(msg_vault_answer_read(&m, &a), ERR_OK);
	assert_int_equal(a.req, 12);
	assert_int_equal(a.ok, 0);
	assert_true(a.data.n == 0 && a.why.n > 0);
	assert_int_equal(ipc_wait(&v.control, &m, 10000), ERR_OK);
	assert_int_equal(msg_vault_answer_read(&m, &a), ERR_OK);
	assert_int_equal(a.req, 13);
	assert_int_equal(a.ok, 1);
	assert_true(a.data.n > 10 && memcmp(a.data.p, "SSHSIG\0\0\0\1", 10) == 0);
	assert_int_equal(ipc_wait(&v.control, &m, 10000), ERR_OK);
	assert_int_equal(msg_vault_answer_read(&m, &a), ERR_OK);
	assert_int_equal(a.req, 14);
	assert_int_equal(a.ok, 1);
}

/* Whether an agent socket answers a request for identities; false when it is closed. */
static bool lists(int agent)
{
	uint8_t bytes[4096];
	struct pollfd p = { agent, POLLIN, 0 };

	if (write(agent, "\0\0\0\1\13", 5) != 5)
		return false;
	return poll(&p, 1, 10000) == 1 && read(agent, bytes, sizeof(bytes)) > 9 && bytes[4] == 12;
}

static bool closed(int agent)
{
	uint8_t byte;
	struct pollfd p = { agent, POLLIN, 0 };

	return poll(&p, 1, 10000) == 1 && read(agent, &byte, 1) <= 0;
}

/* A field of /proc/PID/status. */
static long status_of(const char *field)
{
	char path[64], line[256];
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)v.pid);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, field, strlen(field)) == 0)
			value = strtol(line + strlen(field), NULL, 10);
	}
	fclose(f);
	return value;
}

static bool ended(void)
{
	int status;

	for (int i = 0; i < 500; i++) {
		if (waitpid(v.pid, &status, WNOHANG) == v.pid) {
			v.pid = -1;
			return WIFEXITED(status) && WEXITSTATUS(status) == 0;
		}
		usleep(10000);
	}
	return false;
}

static void new_control(void)
{
	struct msg_vault_socket m = { 0 };
	int fds[2];

	assert_int_equal(ipc_pair(fds), ERR_OK);
	assert_int_equal(msg_vault_socket_send(&v.supervisor, &m, &fds[1], 1), ERR_OK);
	ipc_free(&v.control);
	ipc_init(&v.control, fds[0], false);
}

static void it_is_closed_in(void **state)
{
	char path[64], line[256], limits[4096] = "";
	FILE *f;

	(void)state;
	assert_true(answers());
	assert_int_equal(status_of("NoNewPrivs:"), 1);
#ifndef SANITIZED /* which has no seccomp filter, and its own idea of locked memory */
	assert_int_equal(status_of("Seccomp:"), 2);
#endif
	snprintf(path, sizeof(path), "/proc/%d/limits", (int)v.pid);
	f = fopen(path, "r");
	if (f != NULL) { /* unreadable to an ordinary user once it is not dumpable, which is the point */
		while (fgets(line, sizeof(line), f) != NULL) {
			if (strncmp(line, "Max core file size", 18) == 0)
				strcpy(limits, line);
		}
		fclose(f);
		assert_non_null(strstr(limits, " 0 "));
	}
#ifndef SANITIZED /* which has no seccomp filter, and its own idea of locked memory */
	assert_true(status_of("VmLck:") > 0);
#endif
}

/* The master key's descriptor is closed, and there is no other way back to it. */
static void the_master_key_is_closed(void **state)
{
	char path[64], to[256];
	ssize_t n;

	(void)state;
	assert_true(answers());
	snprintf(path, sizeof(path), "/proc/%d/fd/4", (int)v.pid);
	n = readlink(path, to, sizeof(to) - 1);
	if (n > 0) {
		to[n] = '\0';
		assert_null(strstr(to, "master"));
	} else {
		assert_true(errno == ENOENT || errno == EACCES);
	}
}

static void a_malformed_message_drops_control_and_not_the_vault(void **state)
{
	int agent;

	(void)state;
	assert_int_equal(grant(1, &agent), 1);
	assert_int_equal(ipc_send(&v.control, MSG_vault_sign_cert, "ab", 2, NULL, 0), ERR_OK);
	assert_true(closed(v.control.fd));
	assert_true(lists(agent));
	new_control();
	assert_true(answers());
	/* a type that is not control's, and one that is nobody's */
	assert_int_equal(ipc_send(&v.control, MSG_vault_answer, "", 0, NULL, 0), ERR_OK);
	assert_true(closed(v.control.fd));
	new_control();
	assert_int_equal(ipc_send(&v.control, 999, "", 0, NULL, 0), ERR_OK);
	assert_true(closed(v.control.fd));
	new_control();
	assert_true(answers());
	close(agent);
}

static void a_grant_without_its_socket_drops_control(void **state)
{
	struct msg_vault_grant m = request(1);

	(void)state;
	assert_int_equal(msg_vault_grant_send(&v.control, &m, NULL, 0), ERR_OK);
	assert_true(closed(v.control.fd));
	new_control();
	assert_true(answers());
}

static void revoking_ends_the_sessions_grants_only(void **state)
{
	struct msg_vault_revoke m = { .sid = 1 };
	int a, b, other;

	(void)state;
	assert_int_equal(grant(1, &a), 1);
	assert_int_equal(grant(1, &b), 1);
	assert_int_equal(grant(2, &other), 1);
	assert_true(lists(a) && lists(b) && lists(other));
	assert_int_equal(msg_vault_revoke_send(&v.control, &m, NULL, 0), ERR_OK);
	assert_true(closed(a));
	assert_true(closed(b));
	assert_true(lists(other));
	close(a);
	close(b);
	close(other);
}

static void a_grant_ends_by_itself(void **state)
{
	struct msg_vault_grant m = request(1);
	char text[8192];
	int agent;

	(void)state;
	m.valid_to_at = (uint64_t)time(NULL) + 2;
	assert_int_equal(vault_child_grant(&v, &m, &agent, text, sizeof(text)), 1);
	assert_true(lists(agent));
	assert_true(closed(agent));
	close(agent);
}

static void a_frame_too_long_ends_the_connection_only(void **state)
{
	int agent;

	(void)state;
	assert_int_equal(grant(1, &agent), 1);
	assert_int_equal(write(agent, "\0\0\100\1\13", 5), 5);
	assert_true(closed(agent));
	close(agent);
	assert_int_equal(grant(1, &agent), 1);
	assert_int_equal(write(agent, "\0\0\0\0", 4), 4);
	assert_true(closed(agent));
	close(agent);
	assert_true(answers());
}

/* Byte by byte, and many at once: frames are put together whichever way they come. */
static void frames_come_in_any_pieces(void **state)
{
	static const uint8_t frame[] = { 0, 0, 0, 1, 11 };
	uint8_t many[40 * sizeof(frame)], answer[32768];
	size_t got = 0, each = 0;
	int agent;

	(void)state;
	assert_int_equal(grant(1, &agent), 1);
	for (size_t i = 0; i < sizeof(frame); i++) {
		assert_int_equal(write(agent, frame + i, 1), 1);
		usleep(1000);
	}
	while (each == 0 || got < each) {
		struct pollfd p = { agent, POLLIN, 0 };
		ssize_t n;

		assert_int_equal(poll(&p, 1, 10000), 1);
		n = read(agent, answer + got, sizeof(answer) - got);
		assert_true(n > 0);
		got += (size_t)n;
		each = 4 + ((size_t)answer[2] << 8 | answer[3]);
	}
	assert_int_equal(got, each);
	for (size_t i = 0; i < 40; i++)
		memcpy(many + i * sizeof(frame), frame, sizeof(frame));
	assert_int_equal(write(agent, many, sizeof(many)), sizeof(many));
	for (got = 0; got < 40 * each;) {
		struct pollfd p = { agent, POLLIN, 0 };
		ssize_t n;

		assert_int_equal(poll(&p, 1, 10000), 1);
		n = read(agent, answer, sizeof(answer));
		assert_true(n > 0);
		got += (size_t)n;
	}
	assert_int_equal(got, 40 * each);
	close(agent);
}

/* ---- what is left in memory ---- */

enum { NEEDLE = 24 };

static const struct {
	const char *name, *algorithm;
	enum key_type type;
	uint32_t flags;
} kept[] = {
	{ "k-ed", "ssh-ed25519", KEY_ED25519, 0 },
	{ "k-ec", "ecdsa-sha2-nistp256", KEY_ECDSA_P256, 0 },
	{ "k-rsa", "rsa-sha2-512", KEY_RSA, 4 },
};
#define NKEPT (sizeof(kept) / sizeof(kept[0]))

static uint8_t needles[2 * NKEPT][NEEDLE];

static void put_login(struct buf *frame, const char *algorithm, uint32_t flags, const struct view *blob)
{
	struct buf data;

	buf_init(&data, 8192);
	buf_put_string(&data, "SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS", 32);
	buf_put_u8(&data, 50);
	buf_put_string(&data, "deploy", 6);
	buf_put_string(&data, "ssh-connection", 14);
	buf_put_string(&data, "publickey", 9);
	buf_put_u8(&data, 1);
	buf_put_string(&data, algorithm, strlen(algorithm));
	buf_put_string(&data, blob->p, blob->n);
	buf_put_u32(frame, (uint32_t)(1 + 4 + blob->n + 4 + data.len + 4));
	buf_put_u8(frame, 13);
	buf_put_string(frame, blob->p, blob->n);
	buf_put_string(frame, buf_ptr(&data), data.len);
	buf_put_u32(frame, flags);
	buf_free(&data);
}

/* One login with a stored key, through the running vault. */
static void log_in_with(const struct store *s, size_t i)
{
	struct msg_vault_grant m = request(1);
	uint8_t answer[4096];
	char text[8192];
	struct buf frame;
	int agent;

	m.kind = 0;
	m.key = proto_str(kept[i].name);
	assert_int_equal(vault_child_grant(&v, &m, &agent, text, sizeof(text)), 1);
	buf_init(&frame, 16384);
	put_login(&frame, kept[i].algorithm, kept[i].flags, &store_find(s, kept[i].name)->blob);
	assert_int_equal(write(agent, buf_ptr(&frame), frame.len), frame.len);
	assert_true(poll(&(struct pollfd){ agent, POLLIN, 0 }, 1, 10000) == 1);
	assert_true(read(agent, answer, sizeof(answer)) > 5);
	assert_int_equal(answer[4], 14);
	buf_free(&frame);
	close(agent);
}

static unsigned count_in(const uint8_t *p, size_t n, const uint8_t *needle, size_t len)
{
	unsigned found = 0;
	const uint8_t *at = p;

	while ((at = memmem(at, n - (size_t)(at - p), needle, len)) != NULL) {
		found++;
		at++;
	}
	return found;
}

/* How often a needle stands in the writable memory of the vault; -1 when that cannot be read. */
static int count_in_vault(const uint8_t *needle, size_t len)
{
	char path[64], line[512], mode[8];
	unsigned long from, to;
	int found = 0, mem;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)v.pid);
	mem = open(path, O_RDONLY);
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)v.pid);
	maps = fopen(path, "r");
	if (mem < 0 || maps == NULL)
		return -1;
	while (fgets(line, sizeof(line), maps) != NULL) {
		uint8_t *copy;

		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || mode[1] != 'w')
			continue;
		copy = malloc(to - from);
		if (copy != NULL && pread(mem, copy, to - from, (off_t)from) == (ssize_t)(to - from))
			found += (int)count_in(copy, to - from, needle, len);
		free(copy);
	}
	fclose(maps);
	close(mem);
	return found;
}

/* A key is open for the time of one signature: afterwards no part of it stands anywhere in the vault's memory. The master key
 * does, once, which also shows that the search finds what is there. */
static void no_private_key_stays_in_memory(void **state)
{
	struct why why = { "" };
	struct store *s = NULL;
	uint8_t *master = NULL;
	int masters;

	(void)state;
#ifdef SANITIZED
	skip(); /* freed memory stays as it was */
#endif
	assert_int_equal(master_from_file(master_file, &master, &why), ERR_OK);
	assert_int_equal(store_open(store, master, &s, &why), ERR_OK);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < NKEPT; i++)
			log_in_with(s, i);
	}
	masters = count_in_vault(master, MASTER_SIZE);
	master_free(master);
	store_free(s);
	if (masters < 0)
		skip(); /* only root may look into it, which is the point */
	assert_int_equal(masters, 1);
	for (size_t i = 0; i < 2 * NKEPT; i++)
		assert_int_equal(count_in_vault(needles[i], NEEDLE), 0);
}

static int make_kept(struct store *s, size_t i)
{
	struct key *k = NULL;
	struct why why;
	struct buf priv;
	const uint8_t *end;
	int r = key_generate(kept[i].type, &k);

	if (r == ERR_OK)
		r = secmem_buf(&priv, KEY_PRIVATE_MAX);
	if (r < 0 || key_write_private(k, &priv) < 0)
		return -1;
	/* Ed25519 ends in seed and public key, ECDSA in its scalar, RSA in p and q (n e d iqmp p q). Numbers lie in memory with
	 * their low byte first, so what an RSA or EC key leaves behind is looked for that way round. */
	end = buf_ptr(&priv) + priv.len;
	memcpy(needles[2 * i], kept[i].type == KEY_ED25519 ? end - 64 : end - NEEDLE, NEEDLE);
	for (size_t b = 0; b < NEEDLE; b++)
		needles[2 * i + 1][b] = needles[2 * i][NEEDLE - 1 - b];
	r = store_put(s, kept[i].name, STORE_TARGET, k, false, &why);
	key_free(k);
	secmem_buf_free(&priv);
	return r;
}

static void it_lives_while_one_of_the_two_does(void **state)
{
	int agent;

	(void)state;
	assert_int_equal(grant(1, &agent), 1);
	ipc_free(&v.supervisor);
	assert_true(answers());
	assert_true(lists(agent));
	assert_int_equal(kill(v.pid, 0), 0);
	ipc_free(&v.control);
	assert_true(ended());
	close(agent);
}

static void control_may_go_first(void **state)
{
	(void)state;
	assert_true(answers());
	ipc_free(&v.control);
	usleep(100000);
	assert_int_equal(waitpid(v.pid, NULL, WNOHANG), 0);
	ipc_init(&v.control, dup(0), false); /* so that new_control() has one to replace */
	new_control();
	assert_true(answers());
	ipc_free(&v.control);
	ipc_free(&v.supervisor);
	assert_true(ended());
}

static int set_up(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	return vault_child_start(&v, "./sallyport-vault", store, master_file);
}

static int tear_down(void **state)
{
	(void)state;
	if (v.pid > 0) {
		kill(v.pid, SIGTERM);
		if (!ended())
			return -1;
		ipc_free(&v.control);
		ipc_free(&v.supervisor);
	}
	return 0;
}

static int make_store(void **state)
{
	struct why why = { "" };
	struct store *s = NULL;
	uint8_t *master = NULL;
	int r = 0;

	(void)state;
	strcpy(dir, "/tmp/vault_process.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(store, sizeof(store), "%s/store", dir);
	snprintf(master_file, sizeof(master_file), "%s/master", dir);
	if (vault_init(store, master_file, &why) < 0 || master_from_file(master_file, &master, &why) < 0 ||
	    store_open(store, master, &s, &why) < 0)
		return -1;
	for (size_t i = 0; i < NKEPT && r == 0; i++)
		r = make_kept(s, i);
	store_free(s);
	master_free(master);
	return r;
}

static int remove_store(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_say_what_was_asked),
		TEST(it_is_closed_in),
		TEST(the_master_key_is_closed),
		TEST(a_malformed_message_drops_control_and_not_the_vault),
		TEST(a_grant_without_its_socket_drops_control),
		TEST(revoking_ends_the_sessions_grants_only),
		TEST(a_grant_ends_by_itself),
		TEST(a_frame_too_long_ends_the_connection_only),
		TEST(frames_come_in_any_pieces),
		TEST(no_private_key_stays_in_memory),
		TEST(it_lives_while_one_of_the_two_does),
		TEST(control_may_go_first),
	};

	return cmocka_run_group_tests(tests, make_store, remove_store);
}
