/* A client with libssh, for the matrix of clients; see gossh.go for its command line. */
#include <fcntl.h>
#include <libssh/libssh.h>
#include <libssh/sftp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 32768 };

static void must(int ok, ssh_session s, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s: %s\n", what, ssh_get_error(s));
	exit(99);
}

static ssh_session dial(char **a, uint64_t rekey)
{
	ssh_session s = ssh_new();
	ssh_key key = NULL, cert = NULL;
	int off = 0, port = atoi(a[1]);

	ssh_options_set(s, SSH_OPTIONS_PROCESS_CONFIG, &off);
	ssh_options_set(s, SSH_OPTIONS_HOST, a[0]);
	ssh_options_set(s, SSH_OPTIONS_PORT, &port);
	ssh_options_set(s, SSH_OPTIONS_USER, a[2]);
	if (rekey > 0)
		ssh_options_set(s, SSH_OPTIONS_REKEY_DATA, &rekey);
	must(ssh_connect(s) == SSH_OK, s, "connect");
	must(ssh_pki_import_privkey_file(a[3], NULL, NULL, NULL, &key) == SSH_OK, s, "key");
	must(ssh_pki_import_cert_file(a[4], &cert) == SSH_OK, s, "certificate");
	must(ssh_pki_copy_cert_to_privkey(cert, key) == SSH_OK, s, "certificate and key");
	must(ssh_userauth_publickey(s, NULL, key) == SSH_AUTH_SUCCESS, s, "login");
	ssh_key_free(key);
	ssh_key_free(cert);
	return s;
}

static void drain(ssh_channel c, int is_stderr, FILE *to)
{
	char b[PIECE];
	int n;

	while ((n = ssh_channel_read(c, b, sizeof(b), is_stderr)) > 0)
		fwrite(b, 1, (size_t)n, to);
}

static int run(ssh_session s, const char *command, int pty)
{
	ssh_channel c = ssh_channel_new(s);
	char b[PIECE];
	ssize_t n;
	int code;

	must(ssh_channel_open_session(c) == SSH_OK, s, "channel");
	if (pty)
		must(ssh_channel_request_pty(c) == SSH_OK, s, "pty");
	must(ssh_channel_request_exec(c, command) == SSH_OK, s, "exec");
	while ((n = read(0, b, sizeof(b))) > 0)
		must(ssh_channel_write(c, b, (uint32_t)n) == n, s, "write");
	ssh_channel_send_eof(c);
	drain(c, 0, stdout);
	drain(c, 1, stderr);
	code = ssh_channel_get_exit_status(c);
	ssh_channel_free(c);
	return code;
}

static void many(ssh_session s, int n)
{
	ssh_channel c[64];
	char command[32];

	for (int i = 0; i < n; i++) {
		c[i] = ssh_channel_new(s);
		must(ssh_channel_open_session(c[i]) == SSH_OK, s, "channel");
	}
	for (int i = 0; i < n; i++) {
		snprintf(command, sizeof(command), "echo n%d", i);
		must(ssh_channel_request_exec(c[i], command) == SSH_OK, s, "exec");
	}
	for (int i = 0; i < n; i++)
		drain(c[i], 0, stdout);
}

static void copy(ssh_session s, const char *from, const char *to, int put)
{
	sftp_session f = sftp_new(s);
	FILE *local = fopen(put ? from : to, put ? "rb" : "wb");
	sftp_file remote;
	char b[PIECE];
	ssize_t n;

	must(f != NULL && sftp_init(f) == SSH_OK, s, "sftp");
	remote = sftp_open(f, put ? to : from, put ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY, 0644);
	must(remote != NULL && local != NULL, s, "open");
	if (put) {
		while ((n = (ssize_t)fread(b, 1, sizeof(b), local)) > 0)
			must(sftp_write(remote, b, (size_t)n) == n, s, "write");
	} else {
		while ((n = sftp_read(remote, b, sizeof(b))) > 0)
			fwrite(b, 1, (size_t)n, local);
		must(n == 0, s, "read");
	}
	must(sftp_close(remote) == SSH_OK && fclose(local) == 0, s, "close");
	sftp_free(f);
}

int main(int argc, char **argv)
{
	char **a = argv + 1, *op = argc > 7 ? a[5] : "";
	ssh_session s = dial(a, strcmp(op, "rekey") == 0 ? 1 << 20 : 0);
	int code = 0;

	if (strcmp(op, "many") == 0)
		many(s, atoi(a[6]));
	else if (strcmp(op, "put") == 0 || strcmp(op, "get") == 0)
		copy(s, a[6], a[7], strcmp(op, "put") == 0);
	else
		code = run(s, a[6], strcmp(op, "pty") == 0);
	fflush(stdout);
	ssh_disconnect(s);
	ssh_free(s);
	return code;
}
