/* Inside http.c: what the HTTP server begins with. */
#ifndef APPROVE_HTTP_LISTEN_H
#define APPROVE_HTTP_LISTEN_H

#include <stdint.h>

#include "approve/config.h"

/* A socket that listens, or -1 with errno. *port: the one that was given when the configuration says 0. */
int http_listen_tcp(const struct config_endpoint *e, uint16_t *port);
/* The same on a path, which everybody may connect to; what was there before is removed. */
int http_listen_local(const char *path);

/* Says the port in run/http.port, at once or not at all. ERR_OK, ERR_SYS. */
int http_write_port(uint16_t port);

/* A file of at most 1 MiB as a string on the heap, the caller's also after an error. ERR_OK, ERR_SYS, which is logged. */
int http_read_pem(const char *path, char **out);

#endif
