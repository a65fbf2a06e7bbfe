/* A client with libssh2, for the matrix of clients; see gossh.go for its command line. It begins no key exchange of its own, and its sftp is curl's
 * to show. */
#include <arpa/inet.h>
#include <libssh2.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE = 32768 };

static void must(int ok, LIBSSH2_SESSION *s, const char *what)
{
	char *text = "";

	if (ok)
		return;
	if (s != NULL)
		libssh2_session_last_error(s, &text, NULL, 0);
	fprintf(stderr, "%s: %s\n", what, text);
	exit(99);
}

static LIBSSH2_SESSION *dial(char **a)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(a[1])) };
	LIBSSH2_SESSION *s;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	inet_pton(AF_INET, a[0], &sin.sin_addr);
	must(libssh2_init(0) == 0 && (s = libssh2_session_init()) != NULL, NULL, "init");
	must(connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0, NULL, "connect");
	must(libssh2_session_handshake(s, fd) == 0, s, "handshake");
	must(libssh2_userauth_publickey_fromfile(s, a[2], a[4], a[3], NULL) == 0, s, "login");
	return s;
}

static void drain(LIBSSH2_CHANNEL *c, int stream, FILE *to)
{
	char b[PIECE];
	ssize_t n;

	while ((n = libssh2_channel_read_ex(c, stream, b, sizeof(b))) > 0)
		fwrite(b, 1, (size_t)n, to);
}

static int run(LIBSSH2_SESSION *s, const char *command, int pty)
{
	LIBSSH2_CHANNEL *c = libssh2_channel_open_session(s);
	char b[PIECE];
	ssize_t n, k;

	must(c != NULL, s, "channel");
	if (pty)
		must(libssh2_channel_request_pty(c, "xterm") == 0, s, "pty");
	must(libssh2_channel_exec(c, command) == 0, s, "exec");
	while ((n = read(0, b, sizeof(b))) > 0) {
		for (char *p = b; n > 0; p += k, n -= k) {
			k = libssh2_channel_write(c, p, (size_t)n);
			must(k > 0, s, "write");
		}
	}
	libssh2_channel_send_eof(c);
	drain(c, 0, stdout);
	drain(c, SSH_EXTENDED_DATA_STDERR, stderr);
	must(libssh2_channel_close(c) == 0, s, "close");
	libssh2_channel_wait_closed(c);
	return libssh2_channel_get_exit_status(c);
}

static void many(LIBSSH2_SESSION *s, int n)
{
	LIBSSH2_CHANNEL *c[64];
	char command[32];

	for (int i = 0; i < n; i++)
		must((c[i] = libssh2_channel_open_session(s)) != NULL, s, "channel");
	for (int i = 0; i < n; i++) {
		snprintf(command, sizeof(command), "echo n%d", i);
		must(libssh2_channel_exec(c[i], command) == 0, s, "exec");
	}
	for (int i = 0; i < n; i++)
		drain(c[i], 0, stdout);
}

int main(int argc, char **argv)
{
	char **a = argv + 1, *op = argc > 7 ? a[5] : "";
	LIBSSH2_SESSION *s = dial(a);
	int code = 0;

	if (strcmp(op, "many") == 0)
		many(s, atoi(a[6]));
	else
		code = run(s, a[6], strcmp(op, "pty") == 0);
	fflush(stdout);
	libssh2_session_disconnect(s, "done");
	return code;
}
