/* The SFTP protocol, version 3 (draft-ietf-secsh-filexfer-02, with OpenSSH's extensions of PROTOCOL), as bytes: packets, requests, answers. Pure.
 *
 * A packet is a u32 length and that many bytes, of which the first is its type and (but for INIT and VERSION) the next four its id. Every
 * packet is read to its last byte or it is not of its form. What is read points into the packet. Distrusts both sides alike. */
#ifndef SERVER_SFTP_WIRE_H
#define SERVER_SFTP_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum {
	SFTP_PACKET_MAX = 256 * 1024, /* bytes of a packet, its length included */
	SFTP_DATA_MAX = 255 * 1024,   /* bytes of one read or write */
	SFTP_PATH_MAX = 4095,
	SFTP_HANDLE_MAX = 256,
	SFTP_VERSION = 3
};

enum sftp_type {
	SFTP_INIT = 1,
	SFTP_VERSION_IS,
	SFTP_OPEN,
	SFTP_CLOSE,
	SFTP_READ,
	SFTP_WRITE,
	SFTP_LSTAT,
	SFTP_FSTAT,
	SFTP_SETSTAT,
	SFTP_FSETSTAT,
	SFTP_OPENDIR,
	SFTP_READDIR,
	SFTP_REMOVE,
	SFTP_MKDIR,
	SFTP_RMDIR,
	SFTP_REALPATH,
	SFTP_STAT,
	SFTP_RENAME,
	SFTP_READLINK,
	SFTP_SYMLINK,
	SFTP_STATUS = 101,
	SFTP_HANDLE,
	SFTP_DATA,
	SFTP_NAME,
	SFTP_ATTRS,
	SFTP_EXTENDED = 200,
	SFTP_EXTENDED_REPLY,
	/* extended requests, by their names in sftp_wire.c */
	SFTP_POSIX_RENAME = 256,
	SFTP_HARDLINK,
	SFTP_STATVFS,
	SFTP_FSTATVFS,
	SFTP_FSYNC,
	SFTP_LSETSTAT,
	SFTP_LIMITS,
	SFTP_EXPAND_PATH,
	SFTP_COPY_DATA
};

enum sftp_status {
	SFTP_OK,
	SFTP_EOF,
	SFTP_NO_SUCH_FILE,
	SFTP_PERMISSION_DENIED,
	SFTP_FAILURE,
	SFTP_BAD_MESSAGE,
	SFTP_NO_CONNECTION,
	SFTP_CONNECTION_LOST,
	SFTP_OP_UNSUPPORTED
};

enum sftp_open_flags { SFTP_F_READ = 1, SFTP_F_WRITE = 2, SFTP_F_APPEND = 4, SFTP_F_CREAT = 8, SFTP_F_TRUNC = 16, SFTP_F_EXCL = 32, SFTP_F_ALL = 63 };

struct sftp_attrs {
	struct view bytes; /* the whole of it, as it came */
	bool has_size, has_mode;
	uint64_t size;
	uint32_t mode; /* st_mode */
};

/* A request. Which fields mean something follows from the type. */
struct sftp_request {
	unsigned type; /* enum sftp_type; 0: an extension that is not known */
	uint32_t id;
	struct view path, path2;     /* SYMLINK: what the link says, the link (as OpenSSH orders them) */
	struct view handle, handle2; /* COPY_DATA: from, to */
	uint64_t offset, offset2;
	uint64_t length;             /* READ: bytes wanted; COPY_DATA: bytes, 0: to the end */
	uint32_t flags;              /* OPEN */
	struct view data;            /* WRITE */
	struct sftp_attrs attrs;
};

struct sftp_reply {
	uint8_t type;
	uint32_t id;
	uint32_t status;            /* STATUS */
	struct view handle;         /* HANDLE */
	struct view data;           /* DATA */
	uint32_t count;             /* NAME */
	struct view name;           /* NAME: the first one */
	bool names_plain;           /* NAME: each is the name of a directory's entry: no slash, no NUL, not empty */
	struct sftp_attrs attrs;    /* ATTRS */
	struct view rest;           /* what follows the id, as it came */
};

/* The first packet of what came: *packet is what follows its length, *whole how many bytes it takes with it. ERR_OK, ERR_AGAIN (not all of
 * it is there), ERR_LIMIT (over SFTP_PACKET_MAX), ERR_MALFORMED (empty). */
int sftp_packet(struct view in, struct view *packet, size_t *whole);

/* ERR_OK or ERR_MALFORMED. Paths are at most SFTP_PATH_MAX bytes without NUL, handles SFTP_HANDLE_MAX. */
int sftp_read_request(struct view packet, struct sftp_request *q);
int sftp_read_reply(struct view packet, struct sftp_reply *r);

/* The target's VERSION: its version; offered gets a bit (1 << (type - SFTP_POSIX_RENAME)) for each extension that is known here. */
int sftp_read_version(struct view packet, uint32_t *version, uint32_t *offered);

/* Appends whole packets. ERR_OK, ERR_NOMEM, ERR_LIMIT; nothing is appended then. */
int sftp_put_version(struct buf *out, uint32_t offered);
int sftp_put_init(struct buf *out);
int sftp_put_status(struct buf *out, uint32_t id, uint32_t status, const void *text, size_t n);
int sftp_put_name(struct buf *out, uint32_t id, const char *path);
/* q again, with another id and with these in place of its paths and handles where it has them (n 0: as they are). */
int sftp_put_request(struct buf *out, const struct sftp_request *q, uint32_t id, struct view path, struct view path2, struct view handle, struct view handle2);
/* A request with nothing but a path. */
int sftp_put_path(struct buf *out, uint8_t type, uint32_t id, const char *path);
/* The answer again, with another id; a HANDLE with another handle. */
int sftp_put_reply(struct buf *out, const struct sftp_reply *r, uint32_t id, struct view handle);
/* LIMITS: the answer's four numbers, no greater than ours. */
int sftp_put_limits(struct buf *out, const struct sftp_reply *r, uint32_t id, uint64_t handles);

/* A path made absolute below base (which is absolute) and free of "", "." and "..", none of which is looked up. out has SFTP_PATH_MAX + 1
 * bytes. ERR_OK, ERR_LIMIT (too long), ERR_MALFORMED (a NUL). */
int sftp_clean(const char *base, struct view path, char *out);

#endif
