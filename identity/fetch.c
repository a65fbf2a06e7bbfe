/* Fetching an issuer's keys; see fetch.h. Distrusts what comes back: it is bounded by http_fetch.c, and parsed strictly. */
#include "identity/fetch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

struct fetch {
	struct http_fetch *http;
	const struct issuer *iss;
	fetch_keys_fn done;
	void *arg;
};

static const char *const fetch_headers[] = { "Accept: application/json", NULL };

static int fetch_get(struct fetch *x, const char *url, void (*done)(void *arg, struct http_result *result), struct why *why)
{
	struct http_request req = { .method = "GET", .url = url, .headers = fetch_headers, .ca_file = x->iss->ca_file,
		.max = JWKS_MAX, .done = done, .dropped = free, .arg = x };

	return http_fetch_submit(x->http, &req, why);
}

static void fetch_end(struct fetch *x, int err, struct jwks *set, const struct why *why)
{
	x->done(x->arg, err, set, why);
	free(x);
}

/* Whether there is a document to read; else says which one and why not. */
static int fetch_answer(const struct http_result *res, const char *what, struct why *why)
{
	if (res->err < 0)
		return why_fail(why, res->err, "%s: %s", what, res->why.text);
	if (res->status != 200)
		return why_fail(why, ERR_UNAVAILABLE, "%s: the server answers %ld", what, res->status);
	return ERR_OK;
}

static void fetch_on_keys(void *arg, struct http_result *res)
{
	struct fetch *x = arg;
	struct jwks *set = NULL;
	struct why why = { "" };
	int r = fetch_answer(res, "key set", &why);

	if (r == ERR_OK)
		r = jwks_parse((const char *)buf_ptr(&res->body), res->body.len, &set, &why);
	fetch_end(x, r, set, &why);
}

int fetch_discovery(const char *json, size_t n, const char *issuer, char **uri, struct why *why)
{
	json_t *doc = n > JWKS_MAX ? NULL : json_loadb(json, n, JSON_REJECT_DUPLICATES, NULL);
	const char *iss = json_string_value(json_object_get(doc, "issuer"));
	const char *keys = json_string_value(json_object_get(doc, "jwks_uri"));
	int r = ERR_OK;

	*uri = NULL;
	if (iss == NULL || keys == NULL)
		r = why_fail(why, ERR_MALFORMED, "discovery: not JSON with issuer and jwks_uri");
	else if (strcmp(iss, issuer) != 0)
		r = why_fail(why, ERR_REFUSED, "discovery: the document is of another issuer");
	else if (!issuer_url_ok(keys, true))
		r = why_fail(why, ERR_REFUSED, "discovery: jwks_uri is not an https URL without user");
	else if ((*uri = strdup(keys)) == NULL)
		r = why_fail(why, ERR_NOMEM, "discovery: no memory");
	json_decref(doc);
	return r;
}

static void fetch_on_discovery(void *arg, struct http_result *res)
{
	struct fetch *x = arg;
	char *uri = NULL;
	struct why why = { "" };
	int r = fetch_answer(res, "discovery", &why);

	if (r == ERR_OK)
		r = fetch_discovery((const char *)buf_ptr(&res->body), res->body.len, x->iss->issuer, &uri, &why);
	if (r == ERR_OK)
		r = fetch_get(x, uri, fetch_on_keys, &why);
	free(uri);
	if (r < 0)
		fetch_end(x, r, NULL, &why);
}

int fetch_keys(struct http_fetch *f, const struct issuer *iss, fetch_keys_fn done, void *arg, struct why *why)
{
	struct fetch *x;
	int r;

	if (iss->discovery == NULL && iss->jwks_url == NULL)
		return why_fail(why, ERR_WRONGSTATE, "issuer %s has its keys in a file", iss->name);
	x = calloc(1, sizeof(*x));
	if (x == NULL)
		return why_fail(why, ERR_NOMEM, "no memory for a request");
	*x = (struct fetch){ .http = f, .iss = iss, .done = done, .arg = arg };
	r = iss->jwks_url != NULL ? fetch_get(x, iss->jwks_url, fetch_on_keys, why) :
		fetch_get(x, iss->discovery, fetch_on_discovery, why);
	if (r < 0)
		free(x);
	return r;
}

int fetch_keys_file(const struct issuer *iss, struct jwks **out, struct why *why)
{
	int fd = open(iss->jwks_file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t n = 0;
	ssize_t got;
	char *text;
	int r;

	*out = NULL;
	if (fd < 0)
		return why_fail(why, ERR_SYS, "cannot open %s: %m", iss->jwks_file);
	text = malloc(JWKS_MAX + 1);
	if (text == NULL) {
		close(fd);
		return why_fail(why, ERR_NOMEM, "no memory for %s", iss->jwks_file);
	}
	while ((got = read(fd, text + n, JWKS_MAX + 1 - n)) > 0)
		n += (size_t)got;
	if (got < 0)
		r = why_fail(why, ERR_SYS, "cannot read %s: %m", iss->jwks_file);
	else
		r = jwks_parse(text, n, out, why);
	free(text);
	close(fd);
	return r;
}
