/* What auditors read and operators stop: sessions, recordings, certificates. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "approve/http_call.h"
#include "audit/chain.h"

enum { RECORDINGS_LIMIT = 1000 };

/* ---- sessions ---- */

void api_sessions(struct call *call)
{
	json_t *list = json_array();

	for (struct session *s = call->ctl->sessions; s != NULL; s = s->next) {
		if (!s->in || s->over)
			continue;
		json_array_append_new(list, json_pack("{s:s,s:o,s:s,s:s,s:s,s:o,s:o,s:I,s:I,s:i}", "id", s->id, "who", control_who(s->who), "target",
						      s->target, "login", s->login, "source", s->source, "started", control_time(s->started_ms),
						      "expires", control_time(s->expires_ms), "serial", (json_int_t)s->serial, "commands",
						      (json_int_t)s->commands, "open", (int)s->n_questions));
	}
	call_reply_json(call, 200, json_pack("{s:o}", "sessions", list));
}

static json_t *by(const struct call *call)
{
	return json_pack("{s:s,s:s}", "issuer", call->who->issuer, "subject", call->who->subject);
}

void api_session_stop(struct call *call)
{
	struct session *s = session_by_id(call->ctl, call->id);
	const char *reason = call_query(call, "reason");

	if (s == NULL || !s->in || s->over) {
		call_problem(call, 404, "there is no such session");
		return;
	}
	if (control_record(call->ctl, s->id, "session.stopped",
			   json_pack("{s:o,s:o,s:o,s:s}", "by", by(call), "reason",
				     reason != NULL ? chain_text(reason, strlen(reason)) : json_string("stopped by an operator"), "identity",
				     control_who(s->who), "target", s->target),
			   NULL) < 0) {
		call_problem(call, 503, "nothing can be recorded now");
		return;
	}
	session_stop(s, EXIT_REFUSED, "sallyport: the session was stopped by an operator");
	call_reply(call, 204, "text/plain", "", 0);
}

/* ---- certificates ---- */

void api_revoke(struct call *call)
{
	char *end;
	uint64_t serial;
	int r;

	errno = 0;
	serial = strtoull(call->id, &end, 10);
	if (errno != 0 || *end != '\0' || serial == 0 || serial > INT64_MAX) {
		call_problem(call, 400, "a serial number is decimal");
		return;
	}
	r = store_certificate_revoke(call->ctl->store, serial, clock_wall_ms() / 1000);
	if (r < 0 && r != ERR_NOTFOUND && r != ERR_EXISTS) {
		call_problem(call, 503, "the revocation cannot be kept");
		return;
	}
	if (control_record(call->ctl, NULL, "certificate.revoked",
			   json_pack("{s:I,s:o,s:s}", "serial", (json_int_t)serial, "by", by(call), "reason", "revoked by an administrator"), NULL) < 0) {
		call_problem(call, 503, "nothing can be recorded now");
		return;
	}
	for (struct session *s = call->ctl->sessions; s != NULL; s = s->next) {
		if (s->in && !s->over && s->serial == serial)
			session_stop(s, EXIT_REFUSED, "sallyport: the certificate of this session was revoked");
	}
	call_reply(call, 204, "text/plain", "", 0);
}

/* ---- recordings ---- */

static void list_recording(void *arg, const struct store_recording *v)
{
	json_t *o = json_pack("{s:s,s:s,s:{s:s,s:s},s:s,s:s,s:o,s:I,s:I,s:I,s:I,s:s,s:b}", "id", v->id, "session", v->session, "who", "issuer",
			      v->issuer, "subject", v->subject, "target", v->target, "login", v->login, "started", control_time(v->started_ms),
			      "channel", (json_int_t)v->channel, "parts", (json_int_t)v->parts, "bytes", (json_int_t)v->bytes, "raw_bytes",
			      (json_int_t)v->raw_bytes, "sha256", v->sha256, "complete", v->ended_ms != 0);

	if (v->ended_ms != 0)
		json_object_set_new(o, "ended", control_time(v->ended_ms));
	if (v->ended_ms != 0 && v->bytes == 0)
		json_object_set_new(o, "deleted", json_true());
	json_array_append_new(arg, o);
}

void api_recordings(struct call *call)
{
	json_t *list = json_array();
	int64_t limit;

	if (call_query_number(call, "limit", RECORDINGS_LIMIT, 100, &limit) < 0 || limit == 0) {
		json_decref(list);
		call_problem(call, 400, "limit is a number, at most %d", RECORDINGS_LIMIT);
		return;
	}
	(void)store_recordings(call->ctl->store, NULL, call_query(call, "session"), 0, (unsigned)limit, list_recording, list);
	call_reply_json(call, 200, json_pack("{s:o}", "recordings", list));
}

/* The file, as it lies there: gzip, which curl --compressed undoes. */
void api_recording(struct call *call)
{
	json_t *list = json_array();
	struct MHD_Response *r;
	bool sealed = false;
	char name[128];
	struct stat st;
	int64_t part;
	int fd;

	(void)store_recordings(call->ctl->store, call->id, NULL, 0, 1, list_recording, list);
	if (json_array_size(list) == 0 || call_query_number(call, "part", 100000, 1, &part) < 0 || part == 0) {
		json_decref(list);
		call_problem(call, 404, "there is no such recording");
		return;
	}
	json_decref(list);
	/* The name comes out of the store, where only ids are that a recorder made up. */
	if (part == 1)
		snprintf(name, sizeof(name), "recordings/%s.cast.gz", call->id);
	else
		snprintf(name, sizeof(name), "recordings/%s.%d.cast.gz", call->id, (int)part);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT) {
		strcat(name, ".cms");
		fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		sealed = fd >= 0;
	}
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		call_problem(call, 404, "the recording's file is not here; it may not be complete yet, or was deleted");
		return;
	}
	r = MHD_create_response_from_fd64((uint64_t)st.st_size, fd);
	if (r == NULL) {
		close(fd);
		call_problem(call, 503, "no memory");
		return;
	}
	/* Encrypted it is for its readers only: openssl cms -decrypt -inform DER, then zcat. */
	MHD_add_response_header(r, "Content-Type", sealed ? "application/cms" : "application/x-asciicast");
	if (!sealed)
		MHD_add_response_header(r, "Content-Encoding", "gzip");
	call_reply_response(call, 200, r);
}
