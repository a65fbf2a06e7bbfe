/* What libssh tells of a channel's two sides; see channel.h. Flags only: the loop acts on them, since a callback comes in the middle of a read. */
#include <string.h>

#include "policy/policy.h"
#include "server/session.h"

static void agent_eof(ssh_session session, ssh_channel channel, void *arg)
{
	(void)session;
	(void)channel;
	((struct channel *)arg)->agent_eof = true;
}

static void agent_close(ssh_session session, ssh_channel channel, void *arg)
{
	(void)session;
	(void)channel;
	((struct channel *)arg)->agent_gone = true;
}

static void agent_signal(ssh_session session, ssh_channel channel, const char *name, void *arg)
{
	struct channel *c = arg;

	(void)session;
	(void)channel;
	if (c->state == CHANNEL_RUNNING && c->target != NULL && strlen(name) < 16) {
		c->session->passed_on++;
		ssh_channel_request_send_signal(c->target, name);
	}
}

/* libssh answers "yes" where this exists, and nothing is forwarded; without it there would be no record of the request. */
static void agent_forward_agent(ssh_session session, ssh_channel channel, void *arg)
{
	(void)session;
	(void)channel;
	control_note(((struct channel *)arg)->session, QUESTION_OTHER, "auth-agent-req@openssh.com", NULL, NULL, NULL);
}

static void target_eof(ssh_session session, ssh_channel channel, void *arg)
{
	(void)session;
	(void)channel;
	((struct channel *)arg)->target_eof = true;
}

static void target_close(ssh_session session, ssh_channel channel, void *arg)
{
	struct channel *c = arg;

	(void)session;
	(void)channel;
	c->target_eof = c->target_closed = true;
}

static void target_status(ssh_session session, ssh_channel channel, int status, void *arg)
{
	(void)session;
	(void)channel;
	((struct channel *)arg)->exit_status = status;
}

static void target_signal(ssh_session session, ssh_channel channel, const char *name, int core, const char *text, const char *lang, void *arg)
{
	struct channel *c = arg;

	(void)session;
	(void)channel;
	(void)text;
	(void)lang;
	if (c->exit_signal == NULL && strlen(name) < 32)
		c->exit_signal = strdup(name);
	c->exit_core = core != 0;
}

void chan_set_callbacks(struct channel *c)
{
	c->agent_callbacks = (struct ssh_channel_callbacks_struct){
		.userdata = c,
		.channel_data_function = pump_agent_data,
		.channel_eof_function = agent_eof,
		.channel_close_function = agent_close,
		.channel_signal_function = agent_signal,
		.channel_auth_agent_req_function = agent_forward_agent,
	};
	ssh_callbacks_init(&c->agent_callbacks);
	c->target_callbacks = (struct ssh_channel_callbacks_struct){
		.userdata = c,
		.channel_data_function = pump_target_data,
		.channel_eof_function = target_eof,
		.channel_close_function = target_close,
		.channel_exit_status_function = target_status,
		.channel_exit_signal_function = target_signal,
	};
	ssh_callbacks_init(&c->target_callbacks);
}
