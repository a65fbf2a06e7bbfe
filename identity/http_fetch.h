/* HTTP requests on a thread of their own, for a program that is one loop and must not block: keys from issuers, webhooks to
 * whoever is to be told.
 *
 * Requests go in by http_fetch_submit() and come back through a descriptor that becomes readable; http_fetch_dispatch() then
 * calls each one's function in the caller's thread. The thread runs up to HTTP_FETCH_PARALLEL at once; a slow peer holds up
 * nobody but itself.
 *
 * Whatever the URL: https only (plain http to a loopback address where the request says so), no redirects, no user in the
 * URL, no proxy from the environment, no cookies, a bound on the answer, on the whole time, and on slowness. */
#ifndef IDENTITY_HTTP_FETCH_H
#define IDENTITY_HTTP_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum {
	HTTP_FETCH_PARALLEL = 16,  /* requests on the wire at once */
	HTTP_FETCH_QUEUE = 256,    /* requests submitted and not dispatched yet */
	HTTP_FETCH_HEADERS = 16,
	HTTP_FETCH_BODY = 256 * 1024, /* bytes sent at most; also the default bound on the answer */
	HTTP_FETCH_MS = 5000       /* ms for the whole request, the default */
};

struct http_result {
	int err;         /* ERR_OK: an answer came, whatever its status. ERR_REFUSED (the URL, a redirect, TLS), ERR_LIMIT (size),
	                  * ERR_UNAVAILABLE (no connection, too slow), ERR_NOMEM */
	long status;     /* 200…; 0 when there was no answer */
	struct buf body; /* freed after the function returns, unless it takes it and leaves it empty */
	struct why why;  /* when err < 0 */
};

/* The strings and bytes are copied by http_fetch_submit(). */
struct http_request {
	const char *method;         /* "GET" or "POST" */
	const char *url;
	const char *const *headers; /* "Name: value", NULL-terminated; NULL: none. No CR or LF. */
	const void *body;           /* POST */
	size_t body_len;
	const char *ca_file;        /* PEM; NULL: the system's */
	size_t max;                 /* bytes of the answer's body; 0: HTTP_FETCH_BODY */
	unsigned timeout_ms;        /* 0: HTTP_FETCH_MS */
	bool loopback_http;         /* plain http to 127.0.0.0/8, [::1] and localhost is fine */
	void (*done)(void *arg, struct http_result *result); /* called once by http_fetch_dispatch(), unless freed before */
	void (*dropped)(void *arg); /* called instead of done by http_fetch_free(), to free arg; may be NULL */
	void *arg;
};

struct http_fetch;

/* Starts the thread. ERR_NOMEM, ERR_SYS, ERR_CRYPTO (curl has no TLS or cannot start). Signals stay with the caller's
 * threads. */
int http_fetch_new(struct http_fetch **out);

/* Readable when http_fetch_dispatch() has something to do. */
int http_fetch_fd(const struct http_fetch *f);

/* ERR_OK, ERR_REFUSED (the request is one that is never made: why says what), ERR_LIMIT (the queue is full), ERR_NOMEM. After
 * ERR_OK, and only then, done will be called. */
int http_fetch_submit(struct http_fetch *f, const struct http_request *req, struct why *why);

/* Calls done for every request that has ended. done may submit more. */
void http_fetch_dispatch(struct http_fetch *f);

/* Stops the thread and drops what was under way; done is not called for it, dropped is. At most one second. NULL is fine. */
void http_fetch_free(struct http_fetch *f);

#endif
