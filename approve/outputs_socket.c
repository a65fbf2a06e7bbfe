/* Records to syslog receivers and journald; see outputs.h. Nothing blocks: what a socket does not take waits.
 *
 * A stream counts as delivered when the other end's kernel has acknowledged every byte (SIOCOUTQ), a local datagram when the receiver's queue has
 * it, one over UDP when it is on its way. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "approve/outputs_impl.h"

enum { FULL_MS = 20, BUFFERED_MAX = 256 << 10 };

static bool is_stream(const struct output *o)
{
	int type = 0;
	socklen_t n = sizeof(type);

	return o->fd >= 0 && getsockopt(o->fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_STREAM;
}

void output_socket_close(struct output *o)
{
	loop_watch_del(o->watch);
	o->watch = NULL;
	if (o->fd >= 0)
		close(o->fd);
	o->fd = -1;
	o->connected = false;
	buf_clear(&o->out);
}

static socklen_t address(const struct output *o, struct sockaddr_storage *sa)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)sa;
	struct sockaddr_un *un = (struct sockaddr_un *)sa;

	memset(sa, 0, sizeof(*sa));
	if (o->path != NULL) {
		un->sun_family = AF_UNIX;
		strncpy(un->sun_path, o->path, sizeof(un->sun_path) - 1);
		return sizeof(*un);
	}
	if (inet_pton(AF_INET, o->to.host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(o->to.port);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(o->to.port);
	return inet_pton(AF_INET6, o->to.host, &v6->sin6_addr) == 1 ? sizeof(*v6) : 0;
}

/* A stream's other end says nothing, but closes. */
static void on_event(int fd, unsigned events, void *arg)
{
	struct output *o = arg;
	char byte[256];
	int error = 0;
	socklen_t n = sizeof(error);

	if (!o->connected && (events & (LOOP_WRITE | LOOP_HANGUP)) != 0) {
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0 || error != 0) {
			output_failed(o, strerror(error != 0 ? error : errno));
			return;
		}
		o->connected = true;
	}
	if ((events & (LOOP_READ | LOOP_HANGUP)) != 0) {
		ssize_t k = recv(fd, byte, sizeof(byte), MSG_DONTWAIT);

		if (k == 0 || (k < 0 && errno != EAGAIN && errno != EINTR)) {
			output_failed(o, k == 0 ? "it closed the connection" : strerror(errno));
			return;
		}
	}
	loop_watch_events(o->watch, LOOP_READ | (o->out.len > 0 ? LOOP_WRITE : 0u));
}

static int open_socket(struct output *o, int type)
{
	struct sockaddr_storage sa;
	socklen_t n = address(o, &sa);

	o->fd = socket(sa.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (o->fd < 0)
		return ERR_SYS;
	if (connect(o->fd, (struct sockaddr *)&sa, n) == 0) {
		o->connected = true;
		return ERR_OK;
	}
	return errno == EINPROGRESS || errno == EAGAIN ? ERR_OK : ERR_SYS;
}

static bool ready(struct output *o)
{
	int r;

	if (o->fd < 0) {
		r = open_socket(o, o->kind == OUTPUT_SYSLOG_TCP ? SOCK_STREAM : SOCK_DGRAM);
		if (r < 0 && o->kind == OUTPUT_SYSLOG_UNIX && errno == EPROTOTYPE) { /* /dev/log may be either */
			output_socket_close(o);
			r = open_socket(o, SOCK_STREAM);
		}
		if (r >= 0 && is_stream(o)) {
			o->watch = loop_watch(o->ctl->loop, o->fd, LOOP_READ | LOOP_WRITE, on_event, o);
			r = o->watch == NULL ? ERR_NOMEM : ERR_OK;
		}
		if (r < 0) {
			output_failed(o, strerror(errno));
			return false;
		}
	}
	return o->connected;
}

/* ---- what is said ---- */

static int render(struct output *o, struct buf *message, struct view line, const struct chain_record *rec)
{
	return o->kind == OUTPUT_JOURNALD ? syslog_journal(message, &o->style, line, rec) : syslog_record(message, &o->style, line, rec);
}

static int render_checkpoint(struct output *o, struct buf *message)
{
	struct view text = { buf_ptr(&o->text), o->text.len }, sig = { buf_ptr(&o->sig), o->sig.len };

	return o->kind == OUTPUT_JOURNALD ? syslog_journal_checkpoint(message, text, sig) :
					    syslog_checkpoint(message, &o->style, text, sig, (uint64_t)clock_wall_ms());
}

/* The next message: a record, or the checkpoint over those before it. *seq: the record's, 0 for a checkpoint. */
static int next_message(struct output *o, struct buf *message, uint64_t *seq)
{
	struct chain_record rec;
	struct view line;
	int r = output_next(o, &line, &rec);

	*seq = 0;
	if (r == ERR_OK) {
		*seq = rec.seq;
		return render(o, message, line, &rec);
	}
	if (r != ERR_EOF || !output_checkpoint_due(o))
		return r;
	r = render_checkpoint(o, message);
	buf_clear(&o->text);
	return r;
}

/* ---- datagrams ---- */

static void datagrams(struct output *o)
{
	struct buf message;
	uint64_t seq;
	int r;

	buf_init(&message, 8 << 20);
	for (unsigned i = 0; i < OUTPUT_ROUND_RECORDS; i++) {
		buf_clear(&message);
		r = next_message(o, &message, &seq);
		if (r == ERR_EOF || (r < 0 && o->timer != NULL))
			break;
		if (r == ERR_OK && send(o->fd, buf_ptr(&message), message.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
			if (errno == EAGAIN || errno == ENOBUFS) { /* its queue is full: the same one again, soon */
				follow_back(&o->log, o->delivered);
				o->sent = o->delivered;
				output_pause(o, FULL_MS);
				break;
			}
			/* One that is too big for the path however it is cut stands in the log; the others must not wait for it. */
			if (errno != EMSGSIZE) {
				output_failed(o, strerror(errno));
				break;
			}
		}
		output_delivered(o, seq != 0 ? seq : o->delivered);
	}
	if (o->timer == NULL && o->sent < audit_durable(o->ctl->log))
		output_pause(o, 1); /* there is more: after the others had their turn */
	buf_free(&message);
}

/* ---- streams ---- */

/* RFC 6587, octet counting: "LENGTH MESSAGE". */
static int fill(struct output *o)
{
	struct buf message;
	uint64_t seq;
	int r = ERR_OK;

	buf_init(&message, 8 << 20);
	for (unsigned i = 0; i < OUTPUT_ROUND_RECORDS && o->out.len < BUFFERED_MAX; i++) {
		buf_clear(&message);
		r = next_message(o, &message, &seq);
		if (r == ERR_OK)
			r = buf_printf(&o->out, "%zu ", message.len);
		if (r == ERR_OK)
			r = buf_put(&o->out, buf_ptr(&message), message.len);
		if (r < 0)
			break;
	}
	buf_free(&message);
	return r == ERR_EOF ? ERR_OK : r;
}

static void stream(struct output *o)
{
	int waiting = 0;
	ssize_t k;

	if (fill(o) < 0) {
		if (o->timer == NULL)
			output_failed(o, "no memory");
		return;
	}
	while (o->out.len > 0) {
		k = send(o->fd, buf_ptr(&o->out), o->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0 && errno == EAGAIN)
			break;
		if (k < 0) {
			output_failed(o, strerror(errno));
			return;
		}
		buf_consume(&o->out, (size_t)k);
	}
	loop_watch_events(o->watch, LOOP_READ | (o->out.len > 0 ? LOOP_WRITE : 0u));
	if (o->out.len > 0)
		return;
	if (ioctl(o->fd, SIOCOUTQ, &waiting) == 0 && waiting == 0)
		output_delivered(o, o->sent);
	else
		output_pause(o, FULL_MS);
	if (o->timer == NULL && o->sent < audit_durable(o->ctl->log))
		output_pause(o, 1);
}

void output_socket_step(struct output *o)
{
	if (!ready(o))
		return;
	if (is_stream(o))
		stream(o);
	else
		datagrams(o);
}
