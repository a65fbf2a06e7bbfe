/* The configuration file: strict YAML in, one immutable structure out. The file comes from an operator; every mistake is
 * told with its line and column and what to write instead, and all of them in one run.
 *
 * All strings belong to the configuration (they point into its YAML tree) and live until config_free(). Paths are made
 * absolute: a relative one is meant from the folder that the file lies in. Times are seconds unless the name says ms. */
#ifndef APPROVE_CONFIG_H
#define APPROVE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/yaml.h"
#include "policy/policy.h"

struct config_endpoint {
	const char *host; /* numeric address, no brackets; never NULL */
	uint16_t port;    /* 0: any free port */
};

struct config_strings {
	const char **v;
	size_t n;
};

struct config_claim {
	const char *name; /* of the claim, as in the token */
	const char *glob; /* what its value must match */
};

struct config_issuer {
	const char *name;   /* [a-z0-9][a-z0-9._-]*, at most 32 bytes */
	const char *issuer; /* exactly as in `iss` */
	struct config_strings audiences, algorithms, types;
	const char *jwks_file, *jwks_url, *ca_file; /* NULL where absent */
	const char *subject, *groups, *groups_format; /* JSON Pointers; array, space or comma */
	struct config_claim *required;
	size_t n_required;
	uint64_t max_age, clock_skew, lifetime;
	bool single_use;
	const struct yaml_node *node; /* where it stands, for later complaints */
};

struct config_target {
	const char *name, *address;
	uint16_t port;
	const char *login;             /* the default one */
	struct config_strings logins;  /* every login that may be asked for, the default among them */
	struct config_strings host_keys, host_cas;
	const char *host_name;         /* what a host certificate must be for; the address when not given */
	enum dialect dialect;
	struct tag *tags;
	size_t n_tags;
	const char *key;               /* vault key; NULL: a certificate is minted */
	const char *cert_principal;    /* NULL: the login's own name */
	bool mint;
};

enum config_role { ROLE_APPROVER = 1, ROLE_AUDITOR = 2, ROLE_ADMIN = 4 };

struct config_role_rule {
	unsigned role; /* one of enum config_role */
	struct config_strings groups;
	struct config_strings subjects; /* "issuer|glob" */
};

/* Who a peer of the unix socket is. */
struct config_local {
	uint32_t uid;
	unsigned roles;
	struct config_strings groups; /* every name of the list, roles among them: groups for a rule's `approvers` */
};

enum config_hook_format { HOOK_STANDARD, HOOK_SLACK };

struct config_webhook {
	const char *url, *secret_file, *ca_file;
	enum config_hook_format format;
};

enum config_output_kind { OUTPUT_SYSLOG_UDP, OUTPUT_SYSLOG_TCP, OUTPUT_SYSLOG_UNIX, OUTPUT_JOURNALD, OUTPUT_WEBHOOK };

/* Where the audit log's records go, besides its own files. */
struct config_output {
	const char *name;         /* what its place in the log is remembered by */
	enum config_output_kind kind;
	struct config_endpoint to; /* UDP, TCP */
	const char *path;         /* UNIX, JOURNALD: the socket */
	const char *url, *secret_file, *ca_file; /* WEBHOOK */
	bool ocsf;                /* events of the OCSF schema instead of the records themselves */
	uint64_t max_bytes;       /* of one syslog message; a longer record is told in short */
	struct config_strings events; /* globs; none: all */
};

/* A log whose checkpoints we keep, as its witness. */
struct config_witnessed {
	const char *origin, *allowed_signers;
};

struct config {
	struct yaml_doc doc;
	char *path, *folder; /* of the file */
	void *blocks;        /* internal */

	struct config_endpoint *listen;
	size_t n_listen;
	const char *host_key, *state, *policy;
	struct {
		const char *store, *master_key, *credential;
		int fd; /* -1: none */
	} vault;
	struct {
		struct config_endpoint listen;
		bool has_listen;
		const char *socket; /* NULL: run/api.sock in the state folder */
		const char *certificate, *key, *client_ca;
		const char *public_url; /* NULL where absent */
		const char *ssh_host;   /* NULL where absent */
		uint16_t ssh_port;      /* 0: that of listen */
		struct config_strings hosts; /* further Host names that are answered */
	} http;
	struct {
		const char *control, *vault, *session, *recorder;
	} users;
	struct {
		uint64_t lifetime;
		bool source_address;
	} certificates;
	struct config_issuer *issuers;
	size_t n_issuers;
	struct config_target *targets;
	size_t n_targets;
	struct config_role_rule roles[3];
	size_t n_roles;
	struct config_local *locals;
	size_t n_locals;
	struct {
		uint64_t wait, pending_ttl;
		const char *allowed_signers; /* whose signatures count under an answer; NULL: none do */
		struct config_webhook *hooks;
		size_t n_hooks;
	} approvals;
	struct {
		uint64_t login_grace, attempts, sessions, per_source, unauthenticated, channels, session_max;
		uint64_t sessions_per_identity, sessions_per_minute, commands_per_minute;
		uint64_t rekey_bytes, rekey_after; /* 0: the cipher's limit, no limit */
	} limits;
	bool masking;
	uint64_t part_bytes;
	struct {
		uint64_t keep;       /* seconds after which a recording's content is deleted; 0: never */
		uint64_t keep_bytes; /* above which the oldest are deleted; 0: no bound */
		struct config_strings encrypt_to; /* certificates (PEM) of those who may read recordings; none: in clear */
	} recording;
	struct config_output *outputs;
	size_t n_outputs;
	struct config_witnessed *witnessed;
	size_t n_witnessed;
	struct {
		const char *origin;
		uint64_t checkpoint_records, checkpoint_seconds;
		uint64_t epoch; /* seconds after which the audit key is replaced */
		bool syslog;
		const char *witness, *witness_ca; /* URL that gets every checkpoint; NULL: none */
	} audit;
};

/* Reads and checks the file at path. errors gets a line a mistake. On failure *out is NULL. ERR_OK, ERR_SYS (the file
 * cannot be read; errors says so too), ERR_MALFORMED, ERR_LIMIT, ERR_NOMEM. */
int config_load(const char *path, struct config **out, struct buf *errors);
/* The same of a text, which is said to be that file's; paths in it begin in that file's folder. */
int config_load_text(const char *path, const void *text, size_t n, struct config **out, struct buf *errors);

/* The same from bytes; relative paths are meant from folder. */
int config_parse(const char *name, const char *folder, const void *text, size_t n, struct config **out, struct buf *errors);

/* Whether every file that the configuration names is there and readable; a line in errors for each that is not. */
int config_files(const struct config *c, struct buf *errors);

void config_free(struct config *c);

const struct config_target *config_target(const struct config *c, const char *name);
bool config_target_has_login(const struct config_target *t, const char *login);

#endif
