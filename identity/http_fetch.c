/* HTTP on a thread of its own; see http_fetch.h. Distrusts the peer: its answer is bounded in bytes and in time, and it sends us
 * nowhere else. */
#include "identity/http_fetch.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <curl/curl.h>

enum { HTTP_HEADERS_MAX = 64 * 1024 }; /* bytes of an answer's headers */

struct http_job {
	struct http_job *next;
	char *url, *ca_file;
	struct curl_slist *headers;
	struct buf body; /* to send */
	bool post;
	size_t max;
	unsigned timeout_ms;
	bool loopback_http;
	void (*done)(void *arg, struct http_result *result);
	void *arg;
	void (*dropped)(void *arg);
	size_t header_bytes; /* received */
	struct http_result result;
	CURL *easy; /* while on the wire */
	char error[CURL_ERROR_SIZE];
};

struct http_queue {
	struct http_job *first, **last;
};

struct http_fetch {
	pthread_t thread;
	pthread_mutex_t lock;   /* over todo, ended, count and stop */
	struct http_queue todo, ended;
	unsigned count;         /* submitted and not dispatched */
	bool stop;
	int fd;                 /* eventfd, towards the caller */
	CURLM *multi;           /* the thread's, but for curl_multi_wakeup() */
	struct http_job *wire[HTTP_FETCH_PARALLEL];
};

static void http_queue_init(struct http_queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

static void http_queue_put(struct http_queue *q, struct http_job *job)
{
	job->next = NULL;
	*q->last = job;
	q->last = &job->next;
}

static struct http_job *http_queue_get(struct http_queue *q)
{
	struct http_job *job = q->first;

	if (job != NULL) {
		q->first = job->next;
		if (q->first == NULL)
			q->last = &q->first;
	}
	return job;
}

static void http_job_free(struct http_job *job)
{
	if (job == NULL)
		return;
	free(job->url);
	free(job->ca_file);
	curl_slist_free_all(job->headers);
	buf_free(&job->body);
	buf_free(&job->result.body);
	curl_easy_cleanup(job->easy);
	free(job);
}

/* A job that nobody will hear of again. */
static void http_job_drop(struct http_job *job)
{
	if (job != NULL && job->dropped != NULL)
		job->dropped(job->arg);
	http_job_free(job);
}

/* 127.0.0.0/8 as four numbers, ::1, or localhost; nothing that a resolver could send elsewhere. */
static bool http_is_loopback(const char *host)
{
	int dots = 0;

	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	if (strncmp(host, "127.", 4) != 0 || strspn(host, "0123456789.") != strlen(host))
		return false;
	for (const char *p = host; *p != '\0'; p++)
		dots += *p == '.';
	return dots == 3;
}

/* The URL as curl itself takes it apart: no other parser's opinion counts. */
static int http_check_url(const struct http_request *req, struct why *why)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL, *user = NULL, *fragment = NULL;
	int r = ERR_REFUSED;

	if (u == NULL)
		return why_fail(why, ERR_NOMEM, "no memory for a request");
	if (curl_url_set(u, CURLUPART_URL, req->url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK || curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		why_set(why, "not a URL");
	else if (curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK || strchr(req->url, '@') != NULL)
		why_set(why, "a URL with a user in it is refused");
	else if (curl_url_get(u, CURLUPART_FRAGMENT, &fragment, 0) == CURLUE_OK)
		why_set(why, "a URL with a fragment is refused");
	else if (strcmp(scheme, "https") == 0 || (strcmp(scheme, "http") == 0 && req->loopback_http && http_is_loopback(host)))
		r = ERR_OK;
	else
		why_set(why, "only https URLs are fetched");
	curl_free(scheme);
	curl_free(host);
	curl_free(user);
	curl_free(fragment);
	curl_url_cleanup(u);
	return r;
}

static int http_job_headers(struct http_job *job, const char *const *headers, struct why *why)
{
	/* Expect: 100-continue would cost a second with peers that do not know it. */
	static const char *const own[] = { "Expect:", NULL };

	for (int list = 0; list < 2; list++) {
		const char *const *h = list == 0 ? own : headers;

		for (int i = 0; h != NULL && h[i] != NULL; i++) {
			struct curl_slist *more;

			if (i == HTTP_FETCH_HEADERS || strpbrk(h[i], "\r\n") != NULL || strchr(h[i], ':') == NULL)
				return why_fail(why, ERR_REFUSED, "a header of the request is not one");
			more = curl_slist_append(job->headers, h[i]);
			if (more == NULL)
				return ERR_NOMEM;
			job->headers = more;
		}
	}
	return ERR_OK;
}

static int http_job_new(const struct http_request *req, struct http_job **out, struct why *why)
{
	struct http_job *job = calloc(1, sizeof(*job));
	int r = ERR_NOMEM;

	*out = NULL;
	if (job == NULL)
		return why_fail(why, ERR_NOMEM, "no memory for a request");
	job->post = strcmp(req->method, "POST") == 0;
	job->max = req->max != 0 ? req->max : HTTP_FETCH_BODY;
	job->timeout_ms = req->timeout_ms != 0 ? req->timeout_ms : HTTP_FETCH_MS;
	job->loopback_http = req->loopback_http;
	job->done = req->done;
	job->arg = req->arg;
	job->dropped = req->dropped;
	buf_init(&job->body, HTTP_FETCH_BODY);
	buf_init(&job->result.body, job->max);
	if (!job->post && (strcmp(req->method, "GET") != 0 || req->body_len > 0)) {
		r = why_fail(why, ERR_REFUSED, "only GET without and POST with a body are sent");
		goto out;
	}
	job->url = strdup(req->url);
	job->ca_file = req->ca_file == NULL ? NULL : strdup(req->ca_file);
	if (job->url == NULL || (req->ca_file != NULL && job->ca_file == NULL))
		goto out;
	r = buf_put(&job->body, req->body, req->body_len);
	if (r == ERR_OK)
		r = http_job_headers(job, req->headers, why);
out:
	if (r < 0)
		http_job_free(job);
	else
		*out = job;
	return r;
}

static size_t http_on_body(char *p, size_t size, size_t n, void *arg)
{
	struct http_job *job = arg;

	job->result.err = buf_put(&job->result.body, p, size * n);
	return job->result.err < 0 ? 0 : size * n;
}

static size_t http_on_header(char *p, size_t size, size_t n, void *arg)
{
	struct http_job *job = arg;

	(void)p;
	job->header_bytes += size * n;
	if (job->header_bytes > HTTP_HEADERS_MAX)
		job->result.err = ERR_LIMIT;
	return job->result.err < 0 ? 0 : size * n;
}

/* Every option by its name, so that a reader sees what a request may do. False when curl knows one of them not. */
static bool http_job_setup(struct http_job *job)
{
	CURL *e = job->easy = curl_easy_init();
	CURLcode bad = CURLE_OK;

	if (e == NULL)
		return false;
#define SET(option, value) (bad = bad != CURLE_OK ? bad : curl_easy_setopt(e, option, value))
	SET(CURLOPT_URL, job->url);
#if LIBCURL_VERSION_NUM >= 0x075500
	SET(CURLOPT_PROTOCOLS_STR, job->loopback_http ? "https,http" : "https");
#else
	SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTPS | (job->loopback_http ? CURLPROTO_HTTP : 0)));
#endif
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (job->ca_file != NULL) {
		SET(CURLOPT_CAINFO, job->ca_file);
		SET(CURLOPT_CAPATH, NULL);
	}
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TIMEOUT_MS, (long)job->timeout_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)job->timeout_ms);
	SET(CURLOPT_LOW_SPEED_LIMIT, 64L);
	SET(CURLOPT_LOW_SPEED_TIME, 3L);
	SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)job->max);
	SET(CURLOPT_FRESH_CONNECT, 1L);
	SET(CURLOPT_FORBID_REUSE, 1L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_HTTP_TRANSFER_DECODING, 1L);
	SET(CURLOPT_ACCEPT_ENCODING, NULL);
	SET(CURLOPT_USERAGENT, "sallyport");
	SET(CURLOPT_HTTPHEADER, job->headers);
	SET(CURLOPT_HEADERFUNCTION, http_on_header);
	SET(CURLOPT_HEADERDATA, job);
	SET(CURLOPT_WRITEFUNCTION, http_on_body);
	SET(CURLOPT_WRITEDATA, job);
	SET(CURLOPT_ERRORBUFFER, job->error);
	SET(CURLOPT_PRIVATE, job);
	if (job->post) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE, (long)job->body.len);
		SET(CURLOPT_POSTFIELDS, job->body.len > 0 ? (const char *)buf_ptr(&job->body) : "");
	}
#undef SET
	return bad == CURLE_OK;
}

/* What became of it, from curl's code. A redirect is an answer that is not the one that was asked for. */
static void http_job_judge(struct http_job *job, CURLcode code)
{
	struct http_result *res = &job->result;
	const char *said = job->error[0] != '\0' ? job->error : curl_easy_strerror(code);

	if (code == CURLE_OK) {
		curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &res->status);
		if (res->status >= 300 && res->status < 400)
			res->err = why_fail(&res->why, ERR_REFUSED, "the server answers with a redirect (%ld), which is not followed",
				res->status);
		return;
	}
	if (code == CURLE_FILESIZE_EXCEEDED || res->err == ERR_LIMIT)
		res->err = why_fail(&res->why, ERR_LIMIT, "the answer is over its bound of %zu bytes", job->max);
	else if (res->err < 0 || code == CURLE_OUT_OF_MEMORY)
		res->err = why_fail(&res->why, ERR_NOMEM, "no memory for the answer");
	else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE || code == CURLE_UNSUPPORTED_PROTOCOL)
		res->err = why_fail(&res->why, ERR_REFUSED, "%s", said);
	else
		res->err = why_fail(&res->why, ERR_UNAVAILABLE, "%s", said);
	buf_clear(&res->body);
}

static void http_end(struct http_fetch *f, struct http_job *job)
{
	static const uint64_t one = 1;

	curl_easy_cleanup(job->easy);
	job->easy = NULL;
	pthread_mutex_lock(&f->lock);
	http_queue_put(&f->ended, job);
	pthread_mutex_unlock(&f->lock);
	/* Cannot be full: the counter has 64 bits and one job adds one. */
	if (write(f->fd, &one, sizeof(one)) < 0)
		return;
}

static void http_start(struct http_fetch *f, unsigned slot, struct http_job *job)
{
	if (http_job_setup(job) && curl_multi_add_handle(f->multi, job->easy) == CURLM_OK) {
		f->wire[slot] = job;
		return;
	}
	job->result.err = why_fail(&job->result.why, ERR_NOMEM, "the request cannot be set up");
	http_end(f, job);
}

/* Fills free places from the queue. False when the thread is to stop. */
static bool http_take(struct http_fetch *f)
{
	for (unsigned i = 0; i < HTTP_FETCH_PARALLEL; i++) {
		struct http_job *job;
		bool stop;

		if (f->wire[i] != NULL)
			continue;
		pthread_mutex_lock(&f->lock);
		stop = f->stop;
		job = stop ? NULL : http_queue_get(&f->todo);
		pthread_mutex_unlock(&f->lock);
		if (stop)
			return false;
		if (job == NULL)
			return true;
		http_start(f, i, job);
	}
	return true;
}

static void http_reap(struct http_fetch *f)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(f->multi, &left)) != NULL) {
		CURL *easy = msg->easy_handle;
		CURLcode code = msg->data.result;

		if (msg->msg != CURLMSG_DONE)
			continue;
		for (unsigned i = 0; i < HTTP_FETCH_PARALLEL; i++) {
			struct http_job *job = f->wire[i];

			if (job == NULL || job->easy != easy)
				continue;
			f->wire[i] = NULL;
			curl_multi_remove_handle(f->multi, easy);
			http_job_judge(job, code);
			http_end(f, job);
			break;
		}
	}
}

static bool http_stopped(struct http_fetch *f)
{
	bool stop;

	pthread_mutex_lock(&f->lock);
	stop = f->stop;
	pthread_mutex_unlock(&f->lock);
	return stop;
}

static void *http_thread(void *arg)
{
	struct http_fetch *f = arg;
	int running;

	while (!http_stopped(f) && http_take(f)) {
		curl_multi_perform(f->multi, &running);
		http_reap(f);
		/* Wakes for sockets, curl's own timers, and curl_multi_wakeup(). */
		curl_multi_poll(f->multi, NULL, 0, 1000, NULL);
	}
	for (unsigned i = 0; i < HTTP_FETCH_PARALLEL; i++) {
		if (f->wire[i] != NULL)
			curl_multi_remove_handle(f->multi, f->wire[i]->easy);
	}
	return NULL;
}

int http_fetch_new(struct http_fetch **out)
{
	struct http_fetch *f;
	sigset_t all, before;
	int r = ERR_SYS;

	*out = NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return ERR_CRYPTO;
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return ERR_NOMEM;
	http_queue_init(&f->todo);
	http_queue_init(&f->ended);
	pthread_mutex_init(&f->lock, NULL);
	f->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	f->multi = curl_multi_init();
	if (f->fd < 0 || f->multi == NULL)
		goto out;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&f->thread, NULL, http_thread, f) == 0)
		r = ERR_OK;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
out:
	if (r < 0) {
		curl_multi_cleanup(f->multi);
		if (f->fd >= 0)
			close(f->fd);
		pthread_mutex_destroy(&f->lock);
		free(f);
		return r;
	}
	*out = f;
	return ERR_OK;
}

int http_fetch_fd(const struct http_fetch *f)
{
	return f->fd;
}

int http_fetch_submit(struct http_fetch *f, const struct http_request *req, struct why *why)
{
	struct http_job *job;
	int r = http_check_url(req, why);

	if (r == ERR_OK)
		r = http_job_new(req, &job, why);
	if (r < 0)
		return r;
	pthread_mutex_lock(&f->lock);
	if (f->count < HTTP_FETCH_QUEUE) {
		f->count++;
		http_queue_put(&f->todo, job);
		job = NULL;
	}
	pthread_mutex_unlock(&f->lock);
	if (job != NULL) {
		http_job_free(job);
		return why_fail(why, ERR_LIMIT, "%d requests wait already", HTTP_FETCH_QUEUE);
	}
	curl_multi_wakeup(f->multi);
	return ERR_OK;
}

void http_fetch_dispatch(struct http_fetch *f)
{
	uint64_t n;
	ssize_t got = read(f->fd, &n, sizeof(n)); /* back to unreadable; what it counted is in the queue */

	(void)got;
	for (;;) {
		struct http_job *job;

		pthread_mutex_lock(&f->lock);
		job = http_queue_get(&f->ended);
		if (job != NULL)
			f->count--;
		pthread_mutex_unlock(&f->lock);
		if (job == NULL)
			return;
		job->done(job->arg, &job->result);
		http_job_free(job);
	}
}

void http_fetch_free(struct http_fetch *f)
{
	struct http_job *job;

	if (f == NULL)
		return;
	pthread_mutex_lock(&f->lock);
	f->stop = true;
	pthread_mutex_unlock(&f->lock);
	curl_multi_wakeup(f->multi);
	pthread_join(f->thread, NULL);
	for (unsigned i = 0; i < HTTP_FETCH_PARALLEL; i++)
		http_job_drop(f->wire[i]);
	while ((job = http_queue_get(&f->todo)) != NULL)
		http_job_drop(job);
	while ((job = http_queue_get(&f->ended)) != NULL)
		http_job_drop(job);
	curl_multi_cleanup(f->multi);
	close(f->fd);
	pthread_mutex_destroy(&f->lock);
	free(f);
}
