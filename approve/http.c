/* libmicrohttpd in the loop: connections, bodies, answers that wait for the disk, long polls, event streams. Distrusts every
 * caller: sizes, counts and times are bounded here, before anything is understood. */
#include "approve/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "approve/http_call.h"
#include "approve/http_listen.h"
#include "approve/http_slow.h"
#include "base/log.h"

enum { CONNECTIONS_MAX = 1024, PER_ADDRESS_MAX = 256, IDLE_SECONDS = 20, STREAM_BYTES = 256 << 10, STREAM_SECONDS = 3600, KEEPALIVE_MS = 15000 };

struct http {
	struct control *ctl;
	struct MHD_Daemon *tcp, *local;
	struct slow_table slow; /* of tcp */
	struct loop_watch *tcp_watch, *local_watch;
	struct loop_timer *timer;   /* libmicrohttpd's own time-outs */
	struct loop_timer *keepalive;
	struct call *calls;
	char *certificate, *key, *client_ca;
	char *socket_path;
	bool events;                /* something changed in this round */
};

/* ---- event streams ---- */

static ssize_t stream_read(void *arg, uint64_t pos, char *to, size_t max)
{
	struct call *call = arg;
	size_t n = call->out.len < max ? call->out.len : max;

	(void)pos;
	if (n == 0 && call->stream_over)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n == 0) {
		MHD_suspend_connection(call->conn);
		call->stream_suspended = true;
		return 0;
	}
	memcpy(to, buf_ptr(&call->out), n);
	buf_consume(&call->out, n);
	return (ssize_t)n;
}

static void stream_end(void *arg)
{
	struct call *call = arg;

	call->deadline = NULL;
	call->stream_over = true;
}

void call_stream(struct call *call)
{
	struct MHD_Response *r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, stream_read, call, NULL);
	int64_t left = STREAM_SECONDS;

	if (r == NULL) {
		call_problem(call, 503, "no memory");
		return;
	}
	/* A stream lives no longer than the token that opened it. */
	if (call->who != NULL && call->who->exp > 0 && call->who->exp - clock_wall_ms() / 1000 < left)
		left = call->who->exp - clock_wall_ms() / 1000;
	MHD_add_response_header(r, "Content-Type", "text/event-stream");
	call->stream = true;
	buf_init(&call->staged, STREAM_BYTES);
	buf_init(&call->out, STREAM_BYTES);
	(void)buf_put_str(&call->staged, ": sallyport events\n\n");
	call_reply_response(call, 200, r);
	call->deadline = loop_timer(call->ctl->loop, left > 0 ? left * 1000 : 0, stream_end, call);
}

static void keepalive(void *arg)
{
	struct http *h = arg;

	for (struct call *call = h->calls; call != NULL; call = call->next) {
		if (call->stream && buf_put_str(&call->staged, ": still here\n\n") < 0)
			call->stream_over = true;
	}
	h->keepalive = loop_timer(h->ctl->loop, KEEPALIVE_MS, keepalive, h);
}

static bool may_see(const struct call *call, const struct approval *a);

void http_approval_event(struct control *c, const struct approval *a)
{
	struct http *h = c->http;
	char *text = NULL;
	json_t *j;

	if (h == NULL)
		return;
	h->events = true;
	for (struct call *call = h->calls; call != NULL; call = call->next) {
		if (!call->stream || !may_see(call, a))
			continue;
		if (text == NULL) {
			j = ask_json(c, a, true);
			text = json_dumps(j, JSON_COMPACT | JSON_ENSURE_ASCII);
			json_decref(j);
		}
		/* A reader that is too slow for the bound is let go; it comes back and lists. */
		if (text == NULL || buf_printf(&call->staged, "event: approval.%s\nid: %s\ndata: ", approval_state_name(a->state), a->id) < 0 ||
		    buf_put_str(&call->staged, text) < 0 || buf_put_str(&call->staged, "\n\n") < 0)
			call->stream_over = true;
	}
	free(text);
}

static bool may_see(const struct call *call, const struct approval *a)
{
	return call->roles != 0 || (call->who != NULL && identity_may_be_same(call->who, a->asker));
}

/* ---- letting go, after the commit ---- */

bool http_waits(const struct control *c)
{
	if (c->http == NULL)
		return false;
	for (const struct call *call = c->http->calls; call != NULL; call = call->next) {
		if ((call->state == CALL_DONE && call->suspended) || (call->stream && call->staged.len > 0))
			return true;
	}
	return c->http->events;
}

static void run(struct MHD_Daemon *d);
static void work(struct http *h);

bool http_release(struct control *c)
{
	struct http *h = c->http;
	bool resumed = false;

	if (h == NULL)
		return false;
	for (struct call *call = h->calls, *next; call != NULL; call = next) {
		next = call->next;
		if (h->events && call->polling && call->state == CALL_WAITING) {
			call->woken = false;
			call->route->fn(call);
		}
		if (call->stream && (call->staged.len > 0 || call->stream_over)) {
			if (buf_put(&call->out, buf_ptr(&call->staged), call->staged.len) < 0)
				call->stream_over = true;
			buf_clear(&call->staged);
			if (call->stream_suspended) {
				call->stream_suspended = false;
				MHD_resume_connection(call->conn);
				resumed = true;
			}
		}
		if (call->state == CALL_DONE && call->suspended && c->appended == 0) {
			call->suspended = false;
			MHD_resume_connection(call->conn);
			resumed = true;
		}
	}
	h->events = false;
	/* What was resumed goes out now; new calls that come in with it are the next turn's. */
	if (resumed) {
		run(h->tcp);
		run(h->local);
		work(h);
	}
	return resumed;
}

/* ---- libmicrohttpd ---- */

/* libmicrohttpd hands over a path with its escapes undone, and so without what stood behind a %00. No path here needs an escape: one that
 * has any would be another path to a proxy before us than to us. This stands for such a request until its call is made. */
static char escaped_path;

static void *look_at_address(void *cls, const char *address, struct MHD_Connection *conn)
{
	(void)cls;
	(void)conn;
	return memchr(address, '%', strcspn(address, "?")) != NULL ? &escaped_path : NULL;
}

static unsigned connections(struct MHD_Daemon *d)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(d, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info != NULL ? info->num_connections : 0;
}

/* A daemon that has as many connections as it takes listens no longer, and takes that up again when a run begins, not when one ends. If all of them
 * ended in one run there would be nothing to begin another, and nobody could connect any more. */
static void run(struct MHD_Daemon *d)
{
	unsigned before;

	if (d == NULL)
		return;
	do {
		before = connections(d);
		MHD_run(d);
	} while (connections(d) < before);
}

static void timer_due(void *arg)
{
	struct http *h = arg;

	h->timer = NULL;
	run(h->tcp);
	run(h->local);
}

/* A daemon that says "at once" has connections in hand that no descriptor will speak of again. Returns when it wants to run next, ms. */
static int64_t run_daemon(struct MHD_Daemon *d)
{
	MHD_UNSIGNED_LONG_LONG ms = 0;
	int rounds = 0;

	if (d == NULL)
		return INT64_MAX;
	while (MHD_get_timeout(d, &ms) == MHD_YES) {
		if (ms > 0 || rounds++ == 32)
			return (int64_t)(ms > 1000 ? 1000 : ms);
		run(d);
	}
	return INT64_MAX;
}

static void work(struct http *h)
{
	int64_t a = run_daemon(h->tcp), b = run_daemon(h->local), least = a < b ? a : b;

	loop_timer_del(h->timer);
	h->timer = least < INT64_MAX ? loop_timer(h->ctl->loop, least, timer_due, h) : NULL;
}

static void on_daemon(int fd, unsigned events, void *arg)
{
	(void)fd;
	(void)events;
	run(arg);
}

void http_work(struct control *c)
{
	if (c->http != NULL)
		work(c->http);
}

static struct call *call_new(struct http *h, struct MHD_Connection *conn, const char *method, const char *url)
{
	struct call *call = calloc(1, sizeof(*call));

	if (call == NULL)
		return NULL;
	call->ctl = h->ctl;
	call->conn = conn;
	buf_init_secret(&call->body, CALL_BODY_MAX);
	buf_init_secret(&call->token, CALL_TOKEN_MAX);
	snprintf(call->method, sizeof(call->method), "%s", method);
	if (strlen(url) < sizeof(call->path))
		strcpy(call->path, url);
	call->next = h->calls;
	call->self = &h->calls;
	if (call->next != NULL)
		call->next->self = &call->next;
	h->calls = call;
	h->ctl->count.http_requests++;
	return call;
}

static void on_completed(void *cls, struct MHD_Connection *conn, void **con_cls, enum MHD_RequestTerminationCode code)
{
	struct call *call = *con_cls != &escaped_path ? *con_cls : NULL;

	(void)cls;
	(void)code;
	slow_next(conn);
	*con_cls = NULL;
	if (call == NULL)
		return;
	*call->self = call->next;
	if (call->next != NULL)
		call->next->self = call->self;
	loop_timer_del(call->deadline);
	if (call->response != NULL)
		MHD_destroy_response(call->response);
	identity_free(call->who);
	json_decref(call->json);
	buf_free(&call->body);
	buf_free(&call->token);
	buf_free(&call->staged);
	buf_free(&call->out);
	free(call);
}

/* Who is at the other end of the connection. */
static void find_peer(struct call *call, bool local)
{
	const union MHD_ConnectionInfo *info;
	struct ucred cred;
	socklen_t n = sizeof(cred);

	call->local = local;
	if (local) {
		info = MHD_get_connection_info(call->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
		call->uid = UINT32_MAX;
		if (info != NULL && getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) == 0)
			call->uid = cred.uid;
		snprintf(call->source, sizeof(call->source), "uid %u", call->uid);
		return;
	}
	info = MHD_get_connection_info(call->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (info == NULL || info->client_addr == NULL)
		return;
	if (info->client_addr->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((struct sockaddr_in6 *)(void *)info->client_addr)->sin6_addr, call->source, sizeof(call->source));
	else
		inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)info->client_addr)->sin_addr, call->source, sizeof(call->source));
	(void)addr_parse(proto_str(call->source), &call->addr);
}

static enum MHD_Result answer(struct call *call)
{
	return MHD_queue_response(call->conn, (unsigned)call->status, call->response);
}

/* The first call for a request: its head is there. */
static enum MHD_Result begin(struct http *h, struct MHD_Connection *conn, const char *url, const char *method, const char *version,
			     bool local, void **con_cls)
{
	struct call *call = call_new(h, conn, method, url);
	bool known = false, escaped = *con_cls == &escaped_path;

	if (call == NULL)
		return MHD_NO;
	*con_cls = call;
	find_peer(call, local);
	if (strcmp(version, "HTTP/1.1") != 0)
		call_problem(call, 400, "HTTP/1.1 is spoken here");
	else if (call->path[0] == '\0' || escaped)
		call_problem(call, 404, "no such path");
	else if (auth_headers(call)) {
		call->route = route_find(method, url, call->id, sizeof(call->id), &known);
		if (call->route == NULL)
			call_problem(call, known ? 405 : 404, known ? "this path does not know the method" : "no such path");
	}
	/* A refusal is answered before a byte of the body is read. */
	return call->state == CALL_DONE ? answer(call) : MHD_YES;
}

static enum MHD_Result on_access(struct http *h, struct MHD_Connection *conn, const char *url, const char *method, const char *version,
				 const char *data, size_t *n, void **con_cls, bool local)
{
	struct call *call = *con_cls != &escaped_path ? *con_cls : NULL;

	if (call == NULL)
		return begin(h, conn, url, method, version, local, con_cls);
	if (*n > 0) {
		if (call->state == CALL_READING && buf_put(&call->body, data, *n) < 0)
			call_problem(call, 413, "the body is longer than %d bytes", CALL_BODY_MAX);
		*n = 0;
		return MHD_YES;
	}
	slow_whole(conn);
	if (call->state == CALL_READING) {
		call->state = CALL_WAITING;
		auth_start(call);
	} else if (call->state == CALL_DONE && !call->suspended) {
		return answer(call);
	}
	/* The answer goes out when the round's records are on disk. */
	if (!call->suspended) {
		call->suspended = true;
		MHD_suspend_connection(conn);
	}
	return MHD_YES;
}

static enum MHD_Result on_tcp(void *cls, struct MHD_Connection *conn, const char *url, const char *method, const char *version,
			      const char *data, size_t *n, void **con_cls)
{
	return on_access(cls, conn, url, method, version, data, n, con_cls, false);
}

static enum MHD_Result on_local(void *cls, struct MHD_Connection *conn, const char *url, const char *method, const char *version,
				const char *data, size_t *n, void **con_cls)
{
	return on_access(cls, conn, url, method, version, data, n, con_cls, true);
}

static void on_log(void *arg, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
static void on_log(void *arg, const char *fmt, va_list ap)
{
	char text[512];

	(void)arg;
	vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\n")] = '\0';
	log_debug("http: %s", text);
}

/* ---- beginning and end ---- */

static struct MHD_Daemon *serve(struct http *h, int fd, bool local, struct loop_watch **watch)
{
	bool tls = !local && h->certificate != NULL;
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | (tls ? MHD_USE_TLS : 0);
	struct MHD_OptionItem options[16] = {
		{ MHD_OPTION_LISTEN_SOCKET, fd, NULL },
		{ MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, 40 << 10, NULL },
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, NULL },
		{ MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL },
	};
	const union MHD_DaemonInfo *info;
	struct MHD_Daemon *d;
	unsigned n = 6;

	if (!local) {
		h->slow.loop = h->ctl->loop;
		h->slow.max = CONNECTIONS_MAX;
		options[n++] = (struct MHD_OptionItem){ MHD_OPTION_PER_IP_CONNECTION_LIMIT, PER_ADDRESS_MAX, NULL };
		options[n++] = (struct MHD_OptionItem){ MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)slow_connection, &h->slow };
	}
	if (tls) {
		options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0, h->certificate };
		options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, h->key };
		options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0,
							(void *)(uintptr_t)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" };
		if (h->client_ca != NULL)
			options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_TRUST, 0, h->client_ca };
	}
	options[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
	d = MHD_start_daemon(flags, 0, NULL, NULL, local ? on_local : on_tcp, h, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
			     MHD_OPTION_URI_LOG_CALLBACK, look_at_address, NULL, MHD_OPTION_ARRAY,
			     options, MHD_OPTION_END);
	if (d == NULL) {
		close(fd);
		return NULL;
	}
	info = MHD_get_daemon_info(d, MHD_DAEMON_INFO_EPOLL_FD);
	*watch = info != NULL ? loop_watch(h->ctl->loop, info->epoll_fd, LOOP_READ, on_daemon, d) : NULL;
	return d;
}

int http_open(struct control *c)
{
	struct http *h = calloc(1, sizeof(*h));
	uint16_t port = 0;
	int fd;

	if (h == NULL)
		return ERR_NOMEM;
	h->ctl = c;
	c->http = h;
	if (c->config->http.certificate != NULL &&
	    (http_read_pem(c->config->http.certificate, &h->certificate) < 0 || http_read_pem(c->config->http.key, &h->key) < 0 ||
	     (c->config->http.client_ca != NULL && http_read_pem(c->config->http.client_ca, &h->client_ca) < 0)))
		return ERR_SYS;
	if (c->config->http.has_listen) {
		fd = http_listen_tcp(&c->config->http.listen, &port);
		if (fd < 0) {
			log_error("cannot listen for HTTP on %s:%u: %s", c->config->http.listen.host, c->config->http.listen.port, strerror(errno));
			return ERR_SYS;
		}
		h->tcp = serve(h, fd, false, &h->tcp_watch);
		if (h->tcp == NULL || http_write_port(port) < 0) {
			log_error("the HTTP server does not start");
			return ERR_SYS;
		}
		c->http_port = port;
	}
	h->socket_path = strdup(c->config->http.socket != NULL ? c->config->http.socket : "run/api.sock");
	if (h->socket_path == NULL)
		return ERR_NOMEM;
	fd = http_listen_local(h->socket_path);
	if (fd < 0) {
		log_error("cannot listen on the unix socket %s: %s", h->socket_path, strerror(errno));
		return ERR_SYS;
	}
	h->local = serve(h, fd, true, &h->local_watch);
	h->keepalive = loop_timer(c->loop, KEEPALIVE_MS, keepalive, h);
	return h->local == NULL ? ERR_SYS : ERR_OK;
}

void http_close(struct control *c)
{
	struct http *h = c->http;

	if (h == NULL)
		return;
	for (struct call *call = h->calls; call != NULL; call = call->next) {
		call->stream_over = true;
		if (call->state == CALL_WAITING)
			call_problem(call, 503, "the bastion stops");
		if (call->suspended || call->stream_suspended)
			MHD_resume_connection(call->conn);
		call->suspended = call->stream_suspended = false;
	}
	loop_timer_del(h->timer);
	loop_timer_del(h->keepalive);
	slow_close(&h->slow);
	loop_watch_del(h->tcp_watch);
	loop_watch_del(h->local_watch);
	if (h->tcp != NULL) {
		MHD_run(h->tcp);
		MHD_stop_daemon(h->tcp);
	}
	if (h->local != NULL) {
		MHD_run(h->local);
		MHD_stop_daemon(h->local);
	}
	if (h->socket_path != NULL)
		(void)unlink(h->socket_path);
	if (h->key != NULL)
		wipe(h->key, strlen(h->key));
	free(h->certificate);
	free(h->key);
	free(h->client_ca);
	free(h->socket_path);
	free(h);
	c->http = NULL;
}
