/* The whole of control in this process, with a supervisor and a vault that say yes to everything. A first byte 'h' makes the rest the bytes
 * of an HTTP connection, over the unix socket and so with every role; 's' what a session worker sends before its login; any other, what the
 * worker of a logged-in session sends, and after a zero frame its recorder. Whatever comes, control goes on, and nothing runs whose decision
 * was not recorded. The second byte says where the bytes are cut in two. */
int control_main(int argc, char **argv);
#define main control_main
#include "approve/control.c"
#undef main

#include <dirent.h>
#include <ftw.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "approve/http_call.h"
#include "recorder/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROUNDS = 24, LIFE = 5000, INPUT_MAX = 64 * 1024 };

static struct control ctl;
static char dir[64];
static struct ipc sup, vlt;
static struct ipc recorder; /* the recorder's end towards control */
static unsigned runs;
static uint64_t sid;

static const char config_text[] =
	"version: 1\nlisten: [\"127.0.0.1:0\"]\nhost_key: hk\nstate: %s/state\npolicy: policy.yaml\nvault: { store: v, master_key: m }\n"
	"issuers: [{ name: demo, issuer: \"https://idp.example\", audiences: [sallyport], jwks_file: jwks.json }]\n"
	"targets: [{ name: web, address: 127.0.0.1, login: me, logins: [me, you], key: web, host_keys: [\"ssh-ed25519 "
	"AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\"] }]\n"
	"roles: { approver: { groups: [sre] }, local: { uids: { %u: [approver, auditor, admin] } } }\nlimits: { commands_per_minute: 1000000 }\n";
static const char policy_text[] =
	"version: 1\nprofile: enforce\npacks: [core.readonly]\nwho: { all: { groups: [g] } }\nrules:\n"
	"  - { id: yes, who: [all], allow: [\"true **\", \"ls **\"] }\n"
	"  - { id: ask, who: [all], approve: [\"id **\"], approvers: [sre] }\n";
/* The public key of RFC 8032's first test; its private key is as public. */
static const char ca_line[] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea ca";

static void put_file(const char *name, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

static int rm_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void give_fd(int fd, int to)
{
	if (fd != to) {
		if (dup2(fd, to) < 0)
			abort();
		close(fd);
	}
}

static void close_down(void)
{
	if (dir[0] == '\0')
		return;
	ipc_free(&sup);
	ipc_free(&vlt);
	if (recorder.fd > 0)
		ipc_free(&recorder);
	stop(&ctl);
	if (chdir("/") < 0)
		abort();
	(void)nftw(dir, rm_one, 16, FTW_DEPTH | FTW_PHYS);
	dir[0] = '\0';
}

/* The vault's answers, all of them yes. */
static void serve_vault(void)
{
	struct msg_vault_answer a = { .ok = 1 };
	struct ipc_msg m;
	struct buf list;

	(void)ipc_read(&vlt);
	while (ipc_next(&vlt, &m) == ERR_OK) {
		if (m.type != MSG_vault_revoke && m.payload.n >= 4) {
			a.req = (uint32_t)m.payload.p[0] << 24 | (uint32_t)m.payload.p[1] << 16 | (uint32_t)m.payload.p[2] << 8 | m.payload.p[3];
			buf_init(&list, 4096);
			if (m.type == MSG_vault_public_keys) {
				(void)proto_list_put(&list, "user-ca", 7);
				(void)proto_list_put(&list, "user-ca", 7);
				(void)proto_list_put(&list, ca_line, sizeof(ca_line) - 1);
			}
			a.data = (struct view){ buf_ptr(&list), list.len };
			(void)msg_vault_answer_send(&vlt, &a, NULL, 0);
			buf_free(&list);
		}
		ipc_msg_close(&m);
	}
}

/* The supervisor's: every connection to a target, every recorder. */
static void serve_supervisor(void)
{
	struct msg_recorder_start rec;
	struct msg_dial dial;
	struct ipc_msg m;
	int a[2], b[2];

	(void)ipc_read(&sup);
	while (ipc_next(&sup, &m) == ERR_OK) {
		if (msg_dial_read(&m, &dial) == ERR_OK) {
			struct msg_dialed yes = { .req = dial.req, .ok = 1 };

			if (ipc_pair(a) < 0)
				abort();
			close(a[1]);
			(void)msg_dialed_send(&sup, &yes, &a[0], 1);
		} else if (msg_recorder_start_read(&m, &rec) == ERR_OK) {
			struct msg_recorder_ready yes = { .req = rec.req, .sid = rec.sid, .ok = 1 };
			int give[2];

			if (ipc_pair(a) < 0 || ipc_pair(b) < 0)
				abort();
			if (recorder.fd > 0)
				ipc_free(&recorder);
			ipc_init(&recorder, a[1], false);
			close(b[1]);
			give[0] = a[0];
			give[1] = b[0];
			(void)msg_recorder_ready_send(&sup, &yes, give, 2);
		}
		ipc_msg_close(&m);
	}
}

static void rounds(int n)
{
	for (int i = 0; i < n; i++) {
		loop_once(ctl.loop, 0);
		serve_supervisor();
		serve_vault();
	}
}

static void open_up(void)
{
	char text[2048];
	int s[2], v[2], state;

	snprintf(dir, sizeof(dir), "/dev/shm/fuzz-control.XXXXXX");
	if (mkdtemp(dir) == NULL)
		abort();
	snprintf(text, sizeof(text), config_text, dir, getuid());
	put_file("c.yaml", text);
	put_file("policy.yaml", policy_text);
	put_file("jwks.json", "{\"keys\":[]}");
	put_file("hk.pub", ca_line);
	snprintf(text, sizeof(text), "%s/state", dir);
	if (mkdir(text, 0700) < 0 || (state = open(text, O_RDONLY | O_DIRECTORY)) < 0 || ipc_pair(s) < 0 || ipc_pair(v) < 0)
		abort();
	/* Out of the way first: one may stand where another goes. */
	state = fcntl(state, F_DUPFD, 50);
	for (int i = 0; i < 2; i++) {
		s[i] = fcntl(s[i], F_DUPFD_CLOEXEC, 50);
		v[i] = fcntl(v[i], F_DUPFD_CLOEXEC, 50);
	}
	give_fd(s[0], FD_CONTROL);
	give_fd(v[0], FD_CONTROL_VAULT);
	give_fd(state, FD_CONTROL_STATE);
	ipc_init(&sup, s[1], false);
	ipc_init(&vlt, v[1], false);
	memset(&ctl, 0, sizeof(ctl));
	memset(&recorder, 0, sizeof(recorder));
	snprintf(text, sizeof(text), "%s/c.yaml", dir);
	ctl.config_path = strdup(text);
	prepare(&ctl);
	if (make_dirs(FD_CONTROL_STATE) < 0 || control_load(&ctl) < 0 || start(&ctl) < 0)
		abort();
	control_round(&ctl);
	rounds(8);
	if (!ctl.ready)
		abort();
}

static bool put_some(int fd, const uint8_t *p, size_t n)
{
	ssize_t k;

	while (n > 0) {
		k = send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (k < 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

static void put_cut(int fd, const uint8_t *data, size_t size)
{
	size_t cut = size * data[1] / 256;

	cut = cut < 2 ? 2 : cut > size ? size : cut;
	if (put_some(fd, data + 2, cut - 2)) {
		rounds(2);
		(void)put_some(fd, data + cut, size - cut);
	}
	rounds(ROUNDS);
}

static void http(const uint8_t *data, size_t size)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char sink[4096];
	int fd;

	/* A call that waits stays when its caller is gone, until its time is over: here it would fill the table. */
	if (memmem(data, size, "wait", 4) != NULL || memmem(data, size, "/v1/events", 10) != NULL)
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	strcpy(a.sun_path, "run/api.sock");
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		abort(); /* control does not listen any more */
	put_cut(fd, data, size);
	while (recv(fd, sink, sizeof(sink), MSG_DONTWAIT) > 0)
		rounds(1);
	close(fd);
	rounds(3);
}

static struct identity *somebody(void)
{
	struct identity *who = calloc(1, sizeof(*who));

	who->issuer = strdup("demo");
	who->iss = strdup("https://idp.example");
	who->subject = strdup("agent");
	who->groups = calloc(1, sizeof(char *));
	who->groups[0] = strdup("g");
	who->n_groups = 1;
	return who;
}

/* What the worker is told: to run only what is on record, and on the disk. */
static void look(struct session *s, struct ipc *worker)
{
	struct msg_answer a;
	struct question *q;
	struct ipc_msg m;

	(void)ipc_read(worker);
	while (ipc_next(worker, &m) == ERR_OK) {
		if (msg_answer_read(&m, &a) == ERR_OK && a.action == ANSWER_RUN && s != NULL) {
			q = question_find(s, a.question);
			if (q != NULL && (q->decision == 0 || q->decision > audit_durable(ctl.log)))
				abort();
		}
		ipc_msg_close(&m);
	}
}

static void session(const uint8_t *data, size_t size)
{
	struct msg_session_new note = { .sid = ++sid, .peer = proto_str("127.0.0.1"), .port = 7 };
	struct msg_session_gone gone = { .sid = sid };
	const uint8_t *rest = memmem(data + 2, size - 2, "\0\0\0\4\0\0\0\0", 8);
	size_t mine = rest == NULL ? size : (size_t)(rest - data);
	struct session *s;
	struct ipc worker;
	int pair[2];

	if (ipc_pair(pair) < 0)
		abort();
	(void)msg_session_new_send(&sup, &note, &pair[0], 1);
	ipc_init(&worker, pair[1], false);
	rounds(2);
	s = session_by_sid(&ctl, sid);
	if (s == NULL)
		abort();
	if (data[0] != 's') {
		s->who = somebody();
		s->target = strdup("web");
		s->login = strdup("me");
		s->in = true;
		s->started_ms = clock_wall_ms();
	}
	put_cut(worker.fd, data, mine);
	look(session_by_sid(&ctl, sid), &worker);
	if (rest != NULL && recorder.fd > 0) {
		(void)put_some(recorder.fd, rest + 8, size - mine - 8);
		rounds(4);
	}
	ipc_free(&worker);
	rounds(2);
	if (recorder.fd > 0)
		ipc_free(&recorder);
	memset(&recorder, 0, sizeof(recorder));
	(void)msg_session_gone_send(&sup, &gone, NULL, 0);
	rounds(4);
	if (session_by_sid(&ctl, sid) != NULL)
		abort(); /* it is over, and still there */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3 || size > INPUT_MAX)
		return 0;
	if (runs++ % LIFE == 0) {
		if (runs == 1)
			(void)atexit(close_down);
		close_down();
		open_up();
	}
	if (data[0] == 'h')
		http(data, size);
	else
		session(data, size);
	if (ctl.n_sessions != 0)
		abort();
	return 0;
}
