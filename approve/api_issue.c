/* Certificates over HTTP: the plain form, the RFC 8693 form, and what an agent puts into its ssh_config. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "approve/http_call.h"
#include "approve/issue.h"

/* ---- POST /v1/ssh/certificates ---- */

static void on_issued(void *arg, const struct issue_result *res)
{
	struct call *call = arg;
	struct buf b;

	if (res->status != 201) {
		call_problem(call, res->status, "%s", res->why);
		return;
	}
	buf_init(&b, 1 << 17);
	if (buf_put_str(&b, res->line) >= 0 && buf_put_str(&b, "\n") >= 0)
		call_reply(call, 201, "text/plain; charset=utf-8", buf_ptr(&b), b.len);
	else
		call_problem(call, 503, "no memory");
	buf_free(&b);
}

void api_certificate(struct call *call)
{
	struct issue_ask ask = { .token = { buf_ptr(&call->token), call->token.len }, .key_line = { buf_ptr(&call->body), call->body.len },
				 .source = call->source, .route = "POST /v1/ssh/certificates", .addr = call->addr };

	if (call->token.len == 0) {
		call_problem(call, 401, "send the OIDC token: -H \"Authorization: Bearer TOKEN\"");
		return;
	}
	issue_start(call->ctl, &ask, on_issued, call);
	buf_clear(&call->token);
}

/* ---- POST /v1/token (RFC 8693) ---- */

#define GRANT_EXCHANGE "urn:ietf:params:oauth:grant-type:token-exchange"
#define TYPE_CERTIFICATE "urn:sallyport:params:oauth:token-type:ssh-certificate"

static int hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int api_form_field(struct view form, const char *name, struct buf *out)
{
	size_t n = strlen(name);
	bool found = false;

	while (form.n > 0) {
		const uint8_t *amp = memchr(form.p, '&', form.n);
		struct view pair = { form.p, amp != NULL ? (size_t)(amp - form.p) : form.n };

		form.p += pair.n + (amp != NULL);
		form.n -= pair.n + (amp != NULL);
		if (pair.n <= n || memcmp(pair.p, name, n) != 0 || pair.p[n] != '=')
			continue;
		if (found)
			return ERR_MALFORMED;
		found = true;
		for (size_t i = n + 1; i < pair.n; i++) {
			uint8_t c = pair.p[i];

			if (c == '%') {
				if (i + 2 >= pair.n || hex_digit(pair.p[i + 1]) < 0 || hex_digit(pair.p[i + 2]) < 0)
					return ERR_MALFORMED;
				c = (uint8_t)(hex_digit(pair.p[i + 1]) << 4 | hex_digit(pair.p[i + 2]));
				i += 2;
			} else if (c == '+') {
				c = ' ';
			}
			if (buf_put_u8(out, c) < 0)
				return ERR_LIMIT;
		}
	}
	return found ? ERR_OK : ERR_NOTFOUND;
}

static void oauth_error(struct call *call, int status, const char *code, const char *what)
{
	call_reply_json(call, status, json_pack("{s:s,s:s}", "error", code, "error_description", what));
}

static void on_exchanged(void *arg, const struct issue_result *res)
{
	struct call *call = arg;

	if (res->status == 201)
		call_reply_json(call, 200, json_pack("{s:s,s:s,s:s,s:I}", "access_token", res->line, "issued_token_type", TYPE_CERTIFICATE,
						     "token_type", "N_A", "expires_in", (json_int_t)(res->valid_until - clock_wall_ms() / 1000)));
	else
		oauth_error(call, res->status == 503 ? 503 : 400, res->status == 503 ? "temporarily_unavailable" : "invalid_request", res->why);
}

void api_token(struct call *call)
{
	static const char *const fields[] = { "grant_type", "subject_token", "subject_token_type", "requested_token_type", "public_key" };
	struct view form = { buf_ptr(&call->body), call->body.len };
	struct issue_ask ask = { .source = call->source, .route = "POST /v1/token", .addr = call->addr };
	struct buf v[5];
	int r[5];

	for (size_t i = 0; i < 5; i++) {
		buf_init_secret(&v[i], CALL_TOKEN_MAX);
		r[i] = api_form_field(form, fields[i], &v[i]);
	}
	if (r[0] < 0 || strcmp(buf_cstr(&v[0]), GRANT_EXCHANGE) != 0)
		oauth_error(call, 400, "unsupported_grant_type", "grant_type must be " GRANT_EXCHANGE);
	else if (r[1] < 0 || r[2] < 0)
		oauth_error(call, 400, "invalid_request", "subject_token and subject_token_type are needed, once each");
	else if (r[4] < 0)
		oauth_error(call, 400, "invalid_request", "public_key is needed: one OpenSSH public key line");
	else if (r[3] != ERR_NOTFOUND && (r[3] < 0 || strcmp(buf_cstr(&v[3]), TYPE_CERTIFICATE) != 0))
		oauth_error(call, 400, "invalid_request", "requested_token_type can only be " TYPE_CERTIFICATE);
	else {
		ask.token = (struct view){ buf_ptr(&v[1]), v[1].len };
		ask.key_line = (struct view){ buf_ptr(&v[4]), v[4].len };
		issue_start(call->ctl, &ask, on_exchanged, call);
	}
	for (size_t i = 0; i < 5; i++)
		buf_free(&v[i]);
}

/* ---- GET /v1/ssh/config ---- */

/* The first two words of HOST_KEY.pub: what agents pin. */
static bool host_key(const struct control *c, char *out, size_t n)
{
	char path[4096], line[2048];
	char *second;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%s.pub", c->config->host_key);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	got = fd >= 0 ? read(fd, line, sizeof(line) - 1) : -1;
	if (fd >= 0)
		close(fd);
	if (got <= 0)
		return false;
	line[got] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	second = strchr(line, ' ');
	if (second == NULL)
		return false;
	second[1 + strcspn(second + 1, " ")] = '\0';
	return snprintf(out, n, "%s", line) < (int)n;
}

static uint16_t ssh_port(const struct config *cfg)
{
	char text[16] = "";
	ssize_t n;
	int fd;

	if (cfg->http.ssh_port != 0)
		return cfg->http.ssh_port;
	if (cfg->n_listen > 0 && cfg->listen[0].port != 0)
		return cfg->listen[0].port;
	fd = open("run/ssh.port", O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	if (fd >= 0)
		close(fd);
	return n > 0 ? (uint16_t)atoi(text) : 22;
}

void api_ssh_config(struct call *call)
{
	const struct config *cfg = call->ctl->config;
	const char *host = cfg->http.ssh_host != NULL ? cfg->http.ssh_host : cfg->n_listen > 0 ? cfg->listen[0].host : "localhost";
	const char *asked = MHD_lookup_connection_value(call->conn, MHD_HEADER_KIND, "Host");
	uint16_t port = ssh_port(cfg);
	char key[2048], url[1100], pin[300];
	struct buf b;

	if (!host_key(call->ctl, key, sizeof(key))) {
		call_problem(call, 503, "the host's public key cannot be read (HOST_KEY.pub beside host_key)");
		return;
	}
	if (cfg->http.public_url != NULL)
		snprintf(url, sizeof(url), "%s", cfg->http.public_url);
	else
		snprintf(url, sizeof(url), "%s://%s", cfg->http.certificate != NULL ? "https" : "http", asked != NULL ? asked : "127.0.0.1");
	while (url[0] != '\0' && url[strlen(url) - 1] == '/')
		url[strlen(url) - 1] = '\0';
	snprintf(pin, sizeof(pin), port == 22 ? "%s" : "[%s]:%u", host, port);
	buf_init(&b, 1 << 16);
	(void)buf_printf(&b,
			 "# Sallyport: append this to ~/.ssh/config. `ssh TARGET@%s COMMAND` then works with stock OpenSSH.\n"
			 "# Once: ssh-keygen -t ed25519 -N '' -f ~/.ssh/sallyport\n"
			 "# Keep your OIDC token in ~/.ssh/sallyport-token, as one line \"Authorization: Bearer TOKEN\", mode 600.\n"
			 "# Before each connection the helper below fetches a new certificate when the one at hand is older than ten minutes.\n"
			 "Match originalhost %s exec \"cd ~/.ssh && { find sallyport-cert.pub -mmin -10 2>/dev/null | grep -q . || curl -fsS -H "
			 "@sallyport-token --data-binary @sallyport.pub -o sallyport-cert.pub %s/v1/ssh/certificates; }\"\n"
			 "Host %s\n"
			 "  HostName %s\n"
			 "  Port %u\n"
			 "  IdentityFile ~/.ssh/sallyport\n"
			 "  CertificateFile ~/.ssh/sallyport-cert.pub\n"
			 "  IdentitiesOnly yes\n"
			 "  ForwardAgent no\n"
			 "  UserKnownHostsFile ~/.ssh/sallyport-known_hosts\n"
			 "  StrictHostKeyChecking yes\n"
			 "\n"
			 "# And these two lines into ~/.ssh/sallyport-known_hosts: the key the bastion shows now, and its word for the next one\n"
			 "# (a new host key is introduced by a certificate that this one signed).\n"
			 "# known_hosts:\n",
			 host, host, url, host, host, port);
	(void)buf_printf(&b, "%s %s\n@cert-authority %s %s\n", pin, key, pin, key);
	call_reply(call, 200, "text/plain; charset=utf-8", buf_ptr(&b), b.len);
	buf_free(&b);
}
