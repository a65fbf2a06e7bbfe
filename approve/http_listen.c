/* What the HTTP server begins with: its sockets, the file that says its port, its certificate's files. */
#include "approve/http_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

int http_listen_tcp(const struct config_endpoint *e, uint16_t *port)
{
	struct sockaddr_in a4 = { .sin_family = AF_INET, .sin_port = htons(e->port) };
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_port = htons(e->port) };
	bool six = strchr(e->host, ':') != NULL;
	socklen_t n = six ? sizeof(a6) : sizeof(a4);
	int on = 1, fd;

	if (e->host[0] != '\0' && inet_pton(six ? AF_INET6 : AF_INET, e->host, six ? (void *)&a6.sin6_addr : (void *)&a4.sin_addr) != 1)
		return -1;
	fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, six ? (struct sockaddr *)&a6 : (struct sockaddr *)&a4, n) < 0 || listen(fd, 128) < 0 ||
	    getsockname(fd, six ? (struct sockaddr *)&a6 : (struct sockaddr *)&a4, &n) < 0) {
		close(fd);
		return -1;
	}
	*port = ntohs(six ? a6.sin6_port : a4.sin_port);
	return fd;
}

int http_listen_local(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd, bad;

	if (strlen(path) >= sizeof(a.sun_path))
		return -1;
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	(void)unlink(path);
	/* Everybody may connect: who it is, the kernel says, and what they may, the roles. */
	mask = umask(0111);
	bad = bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0;
	umask(mask);
	if (bad || listen(fd, 64) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int http_write_port(uint16_t port)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u\n", port);
	int fd = open("run/http.port.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int r = fd >= 0 && write(fd, text, (size_t)n) == n ? ERR_OK : ERR_SYS;

	if (fd >= 0)
		close(fd);
	return r >= 0 && rename("run/http.port.new", "run/http.port") == 0 ? ERR_OK : ERR_SYS;
}

int http_read_pem(const char *path, char **out)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC), r = ERR_SYS;

	*out = NULL;
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < 1 << 20 && (*out = calloc(1, (size_t)st.st_size + 1)) != NULL &&
	    read(fd, *out, (size_t)st.st_size) == st.st_size)
		r = ERR_OK;
	if (fd >= 0)
		close(fd);
	if (r < 0)
		log_error("%s: cannot be read: %s", path, strerror(errno));
	return r;
}
