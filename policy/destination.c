/* Destinations of forwards as text; see destination.h. The bytes are an agent's. */
#include "policy/destination.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/* What a resolver would take for a number: the last label is all digits, or begins as a hexadecimal number does. */
static bool looks_numeric(const char *host)
{
	const char *last = strrchr(host, '.');

	last = last == NULL ? host : last + 1;
	return (last[0] == '0' && last[1] == 'x') || strspn(last, "0123456789") == strlen(last);
}

static bool is_usual_ipv4(const char *host)
{
	struct in_addr a;
	char back[INET_ADDRSTRLEN];

	return inet_pton(AF_INET, host, &a) == 1 && inet_ntop(AF_INET, &a, back, sizeof(back)) != NULL && strcmp(back, host) == 0;
}

/* A name or an IPv4 address, in lower case already. */
static bool is_host(const char *host)
{
	size_t n = strlen(host);

	if (n == 0 || n > DESTINATION_HOST_MAX || host[0] == '.' || host[0] == '-' || host[n - 1] == '.' || strstr(host, "..") != NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!is_name_byte(host[i]))
			return false;
	}
	return !looks_numeric(host) || is_usual_ipv4(host);
}

/* An IPv6 address in its usual spelling; false when it is none, or stands for an IPv4 address. */
static bool usual_ipv6(const char *host, char *out, size_t n)
{
	struct in6_addr a;

	return inet_pton(AF_INET6, host, &a) == 1 && !IN6_IS_ADDR_V4MAPPED(&a) && !IN6_IS_ADDR_V4COMPAT(&a) &&
	       inet_ntop(AF_INET6, &a, out, (socklen_t)n) != NULL;
}

static int put_raw(struct view host, uint32_t port, struct buf *out)
{
	int r = buf_put(out, host.p, host.n < DESTINATION_SHOWN_MAX ? host.n : DESTINATION_SHOWN_MAX);

	if (r == ERR_OK)
		r = buf_printf(out, ":%lu", (unsigned long)port);
	return r == ERR_OK ? ERR_MALFORMED : r;
}

int destination_text(struct view host, uint32_t port, bool listen, struct buf *out)
{
	char name[DESTINATION_HOST_MAX + 1], v6[INET6_ADDRSTRLEN];
	const struct view asked = host;

	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']' && memchr(host.p, ':', host.n) != NULL) { /* some clients leave them on */
		host.p++;
		host.n -= 2;
	}
	if (host.n >= sizeof(name) || (host.n > 0 && memchr(host.p, '\0', host.n) != NULL) || port > 65535 || (port == 0 && !listen))
		return put_raw(asked, port, out);
	for (size_t i = 0; i < host.n; i++)
		name[i] = (char)(host.p[i] >= 'A' && host.p[i] <= 'Z' ? host.p[i] + ('a' - 'A') : host.p[i]);
	name[host.n] = '\0';
	if (listen && (name[0] == '\0' || strcmp(name, "*") == 0))
		return buf_printf(out, "*:%lu", (unsigned long)port);
	if (strchr(name, ':') != NULL)
		return usual_ipv6(name, v6, sizeof(v6)) ? buf_printf(out, "[%s]:%lu", v6, (unsigned long)port) : put_raw(asked, port, out);
	return is_host(name) ? buf_printf(out, "%s:%lu", name, (unsigned long)port) : put_raw(asked, port, out);
}

/* Absolute, printable, short enough for a socket's address, and without a second spelling of the same place. */
static bool is_path(const char *p, size_t n)
{
	if (n < 2 || n > DESTINATION_PATH_MAX || p[0] != '/' || p[n - 1] == '/')
		return false;
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)p[i] < 0x21 || (unsigned char)p[i] > 0x7e || p[i] == ':') /* no path may look like a host and a port */
			return false;
		if (p[i] != '/')
			continue;
		if (p[i + 1] == '/' || (p[i + 1] == '.' && (i + 2 == n || p[i + 2] == '/' || (p[i + 2] == '.' && (i + 3 == n || p[i + 3] == '/')))))
			return false;
	}
	return true;
}

int destination_path_text(struct view path, struct buf *out)
{
	bool good = is_path((const char *)path.p, path.n);
	int r = good ? ERR_OK : buf_put_str(out, "path "); /* or it might read as a host and a port */

	if (r == ERR_OK)
		r = buf_put(out, path.p, path.n < DESTINATION_SHOWN_MAX ? path.n : DESTINATION_SHOWN_MAX);
	return r < 0 || good ? r : ERR_MALFORMED;
}

static int parse_host(const char *text, size_t n, bool listen, struct destination *d)
{
	char copy[DESTINATION_HOST_MAX + 16], again[DESTINATION_HOST_MAX + 32];
	struct view host;
	struct buf b;
	char *colon;
	uint32_t port = 0;
	size_t len;
	int r;

	if (n >= sizeof(copy) || memchr(text, '\0', n) != NULL)
		return ERR_MALFORMED;
	memcpy(copy, text, n);
	copy[n] = '\0';
	colon = strrchr(copy, ':');
	if (colon == NULL || strlen(colon + 1) == 0 || strlen(colon + 1) > 5 || strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return ERR_MALFORMED;
	for (const char *p = colon + 1; *p != '\0'; p++)
		port = port * 10 + (uint32_t)(*p - '0');
	*colon = '\0';
	host.p = (const uint8_t *)copy;
	host.n = (size_t)(colon - copy);
	if (host.n > 2 && copy[0] == '[' && colon[-1] == ']') {
		host.p++;
		host.n -= 2;
	}
	/* It is the text when it is what would be made of it again, to the last byte. */
	buf_init(&b, sizeof(again));
	r = destination_text(host, port, listen, &b);
	if (r == ERR_OK && (b.len != n || memcmp(buf_ptr(&b), text, n) != 0))
		r = ERR_MALFORMED;
	buf_free(&b);
	if (r < 0)
		return r;
	len = host.n == 1 && host.p[0] == '*' ? 0 : host.n;
	memcpy(d->host, host.p, len);
	d->host[len] = '\0';
	d->port = (uint16_t)port;
	return ERR_OK;
}

int destination_parse(const char *text, size_t n, bool listen, struct destination *out)
{
	memset(out, 0, sizeof(*out));
	if (n == 0)
		return ERR_MALFORMED;
	if (text[0] != '/')
		return parse_host(text, n, listen, out);
	if (!is_path(text, n))
		return ERR_MALFORMED;
	out->is_path = true;
	memcpy(out->path, text, n);
	return ERR_OK;
}

int destination_pattern(const char *glob, struct why *why)
{
	const char *port = strrchr(glob, ':');

	if (glob[0] == '/' || glob[0] == '*')
		return ERR_OK;
	if (port == NULL)
		return why_fail(why, ERR_MALFORMED, "names no port; write HOST:PORT, HOST:*, or the path of a socket");
	if (strspn(port + 1, "0123456789*?") != strlen(port + 1) || port[1] == '\0')
		return why_fail(why, ERR_MALFORMED, "has no number for a port");
	if (memchr(glob, ':', (size_t)(port - glob)) != NULL && glob[0] != '[')
		return why_fail(why, ERR_MALFORMED, "holds an IPv6 address without brackets; write [ADDRESS]:PORT");
	return ERR_OK;
}
