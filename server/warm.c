/* What a warmed parent of session workers does before the first: a whole SSH handshake with itself, so that every table, cache and
 * page that a session will need is there to be shared. No key of ours is in it. */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/mask.h"
#include "server/session.h"

enum { ROUNDS = 500 };

static void shake_hands(struct session *server, ssh_session client)
{
	bool connected = false, exchanged = false;

	for (int i = 0; i < ROUNDS && !(connected && exchanged); i++) {
		(void)ssh_event_dopoll(server->event, 0);
		if (!connected)
			connected = ssh_connect(client) != SSH_AGAIN;
		if (!exchanged)
			exchanged = ssh_handle_key_exchange(server->agent) != SSH_AGAIN;
	}
}

void warm_up(void)
{
	struct session server = { .target_fd = -1, .vault_fd = -1, .hello_fd = -1 }, client = { .target_fd = -1, .vault_fd = -1, .hello_fd = -1 };
	struct mask_set *masks = NULL;
	struct buf errors;
	ssh_key key = NULL;
	char *line = NULL;
	int pair[2] = { -1, -1 };

	buf_init(&client.host_keys, 4096);
	buf_init(&errors, 4096);
	server.event = ssh_event_new();
	client.target = ssh_new();
	client.login_name = (char[]){ "nobody" };
	if (server.event == NULL || client.target == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 ||
	    ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key) != SSH_OK || ssh_pki_export_pubkey_base64(key, &line) != SSH_OK)
		goto out;
	if (proto_list_put(&client.host_keys, "ssh-ed25519 ", 12) < 0)
		goto out;
	client.target_fd = pair[1];
	(void)fcntl(pair[1], F_SETFL, O_NONBLOCK);
	if (agent_start(&server, pair[0], key) < 0) {
		key = NULL;
		goto out;
	}
	key = NULL; /* the session's now */
	if (target_set_options(&client) == ERR_OK)
		shake_hands(&server, client.target);
	if (mask_load("mask", NULL, 0, &masks, &errors) == ERR_OK)
		mask_set_free(masks);
out:
	ssh_key_free(key);
	ssh_string_free_char(line);
	if (client.target != NULL) {
		ssh_silent_disconnect(client.target);
		ssh_free(client.target);
	}
	if (server.agent != NULL) {
		ssh_event_remove_session(server.event, server.agent);
		ssh_silent_disconnect(server.agent);
		ssh_free(server.agent);
	}
	ssh_event_free(server.event);
	buf_free(&client.host_keys);
	buf_free(&errors);
}
