/* Who calls: a bearer token, a client certificate, or the user at the other end of the unix socket. And what a browser or a proxy that was tricked
 * would send, which is refused: foreign Host and Origin, doubled headers, a form where JSON is meant. No cookies, ever. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "approve/http_call.h"
#include "approve/issue.h"
#include "identity/text.h"

/* ---- headers ---- */

struct headers {
	unsigned n, host, length, encoding, authorization, origin, type;
	size_t bytes;
	bool bad;
};

static enum MHD_Result count_header(void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct headers *h = cls;

	(void)kind;
	h->n++;
	h->host += strcasecmp(key, "Host") == 0;
	h->length += strcasecmp(key, "Content-Length") == 0;
	h->encoding += strcasecmp(key, "Transfer-Encoding") == 0;
	h->origin += strcasecmp(key, "Origin") == 0;
	h->type += strcasecmp(key, "Content-Type") == 0;
	if (strcasecmp(key, "Authorization") == 0)
		h->authorization++;
	else
		h->bytes += strlen(key) + (value != NULL ? strlen(value) : 0) + 4;
	return MHD_YES;
}

static const char *header(const struct call *call, const char *name)
{
	return MHD_lookup_connection_value(call->conn, MHD_HEADER_KIND, name);
}

/* The name of "name", "name:port", "[v6]:port", without the port. */
static bool same_host(const char *host, const char *name)
{
	size_t n = strlen(name);

	if (strncasecmp(host, name, n) != 0)
		return false;
	return host[n] == '\0' || (host[n] == ':' && host[n + 1] != '\0' && strspn(host + n + 1, "0123456789") == strlen(host + n + 1));
}

static bool host_known(const struct config *cfg, const char *host)
{
	const char *url = cfg->http.public_url, *start, *end;
	char name[256];

	if (cfg->http.has_listen) {
		bool loopback = strncmp(cfg->http.listen.host, "127.", 4) == 0 || strcmp(cfg->http.listen.host, "::1") == 0;

		if (loopback && (same_host(host, "127.0.0.1") || same_host(host, "localhost") || same_host(host, "[::1]")))
			return true;
		snprintf(name, sizeof(name), strchr(cfg->http.listen.host, ':') != NULL ? "[%s]" : "%s", cfg->http.listen.host);
		if (name[0] != '\0' && same_host(host, name))
			return true;
	}
	if (url != NULL && (start = strstr(url, "://")) != NULL) {
		start += 3;
		end = start + strcspn(start, "/");
		if ((size_t)(end - start) < sizeof(name)) {
			memcpy(name, start, (size_t)(end - start));
			name[end - start] = '\0';
			if (strcasecmp(host, name) == 0 || same_host(host, name))
				return true;
		}
	}
	for (size_t i = 0; i < cfg->http.hosts.n; i++) {
		if (same_host(host, cfg->http.hosts.v[i]))
			return true;
	}
	return false;
}

/* An Origin is sent by browsers; the only one that may is a page of our own. */
static bool origin_known(const struct config *cfg, const char *origin)
{
	const char *url = cfg->http.public_url;
	size_t n = url != NULL ? strlen(url) : 0;

	while (n > 0 && url[n - 1] == '/')
		n--;
	return n > 0 && strlen(origin) == n && strncasecmp(origin, url, n) == 0;
}

static bool take_token(struct call *call)
{
	const char *a = header(call, "Authorization");

	if (a == NULL)
		return true;
	if (strncasecmp(a, "Bearer ", 7) != 0 || buf_put_str(&call->token, a + 7) < 0) {
		call_problem(call, 401, "Authorization must be \"Bearer TOKEN\"");
		return false;
	}
	return true;
}

bool auth_headers(struct call *call)
{
	struct headers h = { 0 };
	const char *host = header(call, "Host"), *origin = header(call, "Origin"), *length = header(call, "Content-Length");

	(void)MHD_get_connection_values(call->conn, MHD_HEADER_KIND, count_header, &h);
	if (h.n > CALL_HEADERS_MAX || h.bytes > CALL_HEADER_BYTES)
		call_problem(call, 431, "too many or too long headers");
	else if (h.host != 1 || host == NULL)
		call_problem(call, 400, "exactly one Host header is needed");
	else if (h.length > 1 || h.authorization > 1 || h.type > 1 || h.encoding > 1 || (h.length > 0 && h.encoding > 0))
		call_problem(call, 400, "a header stands twice that may stand once");
	else if (length != NULL && (*length == '\0' || strspn(length, "0123456789") != strlen(length)))
		call_problem(call, 400, "Content-Length is not a number");
	else if (length != NULL && (strlen(length) > 9 || atol(length) > CALL_BODY_MAX))
		call_problem(call, 413, "the body is longer than %d bytes", CALL_BODY_MAX);
	else if (!call->local && !host_known(call->ctl->config, host))
		call_problem(call, 421, "this Host is not served here");
	else if (h.origin > 0 && (origin == NULL || !origin_known(call->ctl->config, origin)))
		call_problem(call, 403, "calls from other origins are not answered");
	else
		return take_token(call);
	return false;
}

/* ---- roles ---- */

static bool subject_matches(const char *pattern, const struct identity *who)
{
	const char *bar = strchr(pattern, '|');

	return bar != NULL && strlen(who->issuer) == (size_t)(bar - pattern) && strncmp(pattern, who->issuer, (size_t)(bar - pattern)) == 0 &&
	       text_glob(bar + 1, who->subject);
}

unsigned auth_roles(const struct config *cfg, const struct identity *who)
{
	unsigned roles = 0;

	for (size_t i = 0; i < cfg->n_roles; i++) {
		const struct config_role_rule *r = &cfg->roles[i];

		for (size_t k = 0; k < r->groups.n; k++)
			roles |= identity_in_group(who, r->groups.v[k]) ? r->role : 0;
		for (size_t k = 0; k < r->subjects.n; k++)
			roles |= subject_matches(r->subjects.v[k], who) ? r->role : 0;
	}
	return roles;
}

static char **copy_groups(const struct config_strings *from)
{
	char **g = calloc(from->n + 1, sizeof(*g));

	for (size_t i = 0; g != NULL && i < from->n; i++)
		g[i] = strdup(from->v[i]);
	return g;
}

/* The user at the other end of the unix socket. */
static void local_caller(struct call *call)
{
	const struct config *cfg = call->ctl->config;
	struct identity *who = calloc(1, sizeof(*who));
	char subject[32];

	if (who == NULL)
		return;
	snprintf(subject, sizeof(subject), "uid:%u", call->uid);
	who->issuer = strdup("local");
	who->iss = strdup("local");
	who->subject = strdup(subject);
	for (size_t i = 0; i < cfg->n_locals; i++) {
		if (cfg->locals[i].uid != call->uid)
			continue;
		call->roles = cfg->locals[i].roles;
		who->groups = copy_groups(&cfg->locals[i].groups);
		who->n_groups = who->groups != NULL ? cfg->locals[i].groups.n : 0;
		identity_sort_groups(who);
	}
	call->who = who;
}

static void on_verified(void *arg, int r, struct identity *who, const struct token_facts *facts, const struct why *why)
{
	struct call *call = arg;

	(void)facts;
	buf_clear(&call->token);
	if (r < 0) {
		(void)control_record(call->ctl, NULL, "api.refused",
				     json_pack("{s:s,s:s,s:s,s:i}", "route", call->route->path, "reason",
					       why->text[0] != '\0' ? why->text : err_text(r), "source", call->source, "status", 401),
				     NULL);
		call_problem(call, r == ERR_UNAVAILABLE ? 503 : 401, "the token is not accepted");
		return;
	}
	call->who = who;
	call->roles = auth_roles(call->ctl->config, who);
	call_dispatch(call);
}

void auth_start(struct call *call)
{
	if (call->route->needs == NEEDS_NOBODY || call->route->needs == NEEDS_TOKEN) {
		call_dispatch(call);
	} else if (call->token.len > 0) {
		issue_verify(call->ctl, (struct view){ buf_ptr(&call->token), call->token.len }, on_verified, call);
	} else if (call->local) {
		local_caller(call);
		call_dispatch(call);
	} else if ((call->who = tls_caller(call)) != NULL) {
		call->roles = auth_roles(call->ctl->config, call->who);
		call_dispatch(call);
	} else {
		call_problem(call, 401, "a bearer token is needed");
	}
}
