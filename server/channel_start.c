/* STARTING: the target's channel is opened and given what the command needs, a step at a time; see channel.h. The target may refuse each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"
#include "server/files.h"
#include "server/remote.h"
#include "server/session.h"

bool chan_start_failed(struct channel *c, const char *what)
{
	char line[400];

	snprintf(line, sizeof(line), "sallyport: unavailable: %s", what);
	chan_drop_target(c);
	chan_refuse(c, EXIT_UNAVAILABLE, line, strlen(line));
	return true;
}

static bool start_target(struct channel *c)
{
	struct session *s = c->session;

	if (s->recorder.fd < 0)
		return chan_start_failed(c, "there is no recorder, and nothing runs unrecorded");
	switch (s->target_state) {
	case TARGET_UP:
		if (c->env_asked > 0 || remote_pending(s))
			return false;
		c->target = ssh_channel_new(s->target);
		if (c->target == NULL || ssh_set_channel_callbacks(c->target, &c->target_callbacks) != SSH_OK)
			return chan_start_failed(c, "no channel to the target");
		c->step = START_OPEN;
		return true;
	case TARGET_NONE:
	case TARGET_FAILED:
		return chan_start_failed(c, s->target_state == TARGET_FAILED ? s->target_why : "no target was given");
	default:
		return false;
	}
}

/* The next variable that is passed on; SSH_OK at the end of the list. A target that takes none of them is no error. */
static int send_env(struct channel *c)
{
	struct view rest, name, value;
	char *n = NULL, *v = NULL;
	int r = SSH_OK;

	while (c->env_next.n > 0 && r != SSH_AGAIN) {
		rest = c->env_next;
		if (proto_list_next(&rest, &name) < 0 || proto_list_next(&rest, &value) < 0)
			break;
		if (view_strdup(&name, &n) == ERR_OK && view_strdup(&value, &v) == ERR_OK)
			r = ssh_channel_request_env(c->target, n, v);
		free(n);
		free(v);
		n = v = NULL;
		if (r != SSH_AGAIN)
			c->env_next = rest;
	}
	return r == SSH_AGAIN ? SSH_AGAIN : SSH_OK;
}

static int send_command(struct channel *c)
{
	if (c->kind == QUESTION_SUBSYSTEM)
		return ssh_channel_request_subsystem(c->target, buf_cstr(&c->command));
	if (c->kind == QUESTION_PTY_RAW)
		return ssh_channel_request_shell(c->target);
	return ssh_channel_request_exec(c->target, buf_cstr(&c->command));
}

static bool running(struct channel *c)
{
	struct view marker = { buf_ptr(&c->text), c->text.len };

	if ((!c->record_open && recording_open(c) < 0) || (marker.n > 0 && recording_marker(c, marker) < 0) || pump_start(c) < 0) {
		session_cut(c->session, "the recording cannot be written");
		return true;
	}
	buf_clear(&c->text);
	c->started_ms = session_now();
	c->step = START_EXEC;
	return true;
}

bool chan_start_step(struct channel *c)
{
	int r;

	switch (c->step) {
	case START_TARGET:
		return start_target(c);
	case START_OPEN:
		r = ssh_channel_open_session(c->target);
		if (r == SSH_ERROR)
			return chan_start_failed(c, "the target opens no channel");
		if (r == SSH_OK) {
			c->target_opened = true;
			c->step = START_PTY;
		}
		return r == SSH_OK;
	case START_PTY:
		r = c->has_pty && !c->no_tty ? ssh_channel_request_pty_size(c->target, c->term, (int)c->cols, (int)c->rows) : SSH_OK;
		if (r == SSH_ERROR)
			return chan_start_failed(c, "the target gives no terminal");
		if (r == SSH_OK)
			c->step = START_ENV;
		return r == SSH_OK;
	case START_ENV:
		return send_env(c) == SSH_OK ? running(c) : false;
	case START_EXEC:
		if (!files_ready(c))
			return c->state != CHANNEL_STARTING;
		r = send_command(c);
		if (r == SSH_ERROR && !c->target_closed)
			return chan_start_failed(c, "the target refused to run the command");
		if (r == SSH_AGAIN && !c->target_closed)
			return false;
		c->state = CHANNEL_RUNNING;
		return true;
	}
	return false;
}
