/* The part of the configuration that says what is kept of what happened: masking, recordings, the audit log and where copies of it go. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approve/config_internal.h"

enum { OUTPUTS_MAX = 8, WITNESSED_MAX = 64, READERS_MAX = 8, UNIX_PATH_MAX = 107, DATAGRAM_MAX = 60000 };

#define JOURNALD_SOCKET "/run/systemd/journal/socket"

/* The name of a log: the first line of its checkpoints. */
static bool origin_ok(struct config *c, const struct yaml_node *at, const char *origin)
{
	if (origin[0] != '\0' && strpbrk(origin, " +\t\"") == NULL && strlen(origin) <= 200)
		return true;
	yaml_error(&c->doc, at, "\"origin\" must be a name without spaces, '+' or quotes, such as bastion.example");
	return false;
}

/* "udp://192.0.2.7:514", "tcp://[2001:db8::7]:601", "unix:/dev/log" */
static void load_syslog(struct config *c, const struct yaml_node *item, const char *where, struct config_output *o)
{
	const struct yaml_node *at = yaml_get(item, "syslog");

	if (strncmp(where, "udp://", 6) == 0 || strncmp(where, "tcp://", 6) == 0) {
		o->kind = where[0] == 'u' ? OUTPUT_SYSLOG_UDP : OUTPUT_SYSLOG_TCP;
		o->max_bytes = where[0] == 'u' ? 8192 : 1 << 20;
		if (config_endpoint(c, at, where + 6, &o->to) && o->to.port == 0)
			yaml_error(&c->doc, at, "a syslog receiver has a port, such as 514");
	} else if (strncmp(where, "unix:/", 6) == 0 && strlen(where + 5) <= UNIX_PATH_MAX) {
		o->kind = OUTPUT_SYSLOG_UNIX;
		o->max_bytes = 8192;
		o->path = where + 5;
	} else {
		yaml_error(&c->doc, at, "\"syslog\" must be udp://ADDRESS:PORT, tcp://ADDRESS:PORT or unix:/PATH");
	}
}

static void load_output(struct config *c, const struct yaml_node *item, struct config_output *o)
{
	static const char *const keys[] = { "name", "syslog", "journald", "webhook", "secret_file", "ca_file", "format", "max_bytes", "events", NULL };
	static const char *const formats[] = { "json", "ocsf", NULL };
	const char *where = NULL;
	bool journald = false;
	unsigned format = 0;

	yaml_known_keys(&c->doc, item, "an output", keys);
	config_name(c, item, "name", 32, &o->name);
	yaml_str(&c->doc, item, "syslog", false, &where);
	yaml_bool(&c->doc, item, "journald", &journald);
	config_url(c, item, "webhook", false, &o->url);
	config_path(c, item, "ca_file", false, &o->ca_file);
	if ((where != NULL) + journald + (yaml_get(item, "webhook") != NULL) != 1) {
		yaml_error(&c->doc, item, "an output needs exactly one of syslog: URL, journald: true, webhook: URL");
		return;
	}
	if (where != NULL) {
		load_syslog(c, item, where, o);
	} else if (journald) {
		o->kind = OUTPUT_JOURNALD;
		o->path = JOURNALD_SOCKET;
		o->max_bytes = 48 << 10;
	} else {
		o->kind = OUTPUT_WEBHOOK;
	}
	config_path(c, item, "secret_file", o->kind == OUTPUT_WEBHOOK, &o->secret_file);
	if (yaml_choice(&c->doc, item, "format", formats, &format))
		o->ocsf = format == 1;
	config_bytes(c, item, "max_bytes", 480, o->kind == OUTPUT_SYSLOG_TCP ? 4 << 20 : DATAGRAM_MAX, &o->max_bytes);
	config_strs(c, item, "events", false, &o->events);
}

static void load_outputs(struct config *c, const struct yaml_node *m)
{
	const struct yaml_node *list = yaml_list(&c->doc, m, "outputs", false);

	if (list == NULL || list->n == 0)
		return;
	if (list->n > OUTPUTS_MAX) {
		yaml_error(&c->doc, list, "at most %d outputs", OUTPUTS_MAX);
		return;
	}
	c->outputs = config_take(c, list->n * sizeof(*c->outputs));
	for (size_t i = 0; c->outputs != NULL && i < list->n; i++) {
		load_output(c, list->items[i], &c->outputs[c->n_outputs++]);
		for (size_t k = 0; k < i; k++)
			if (c->outputs[i].name != NULL && c->outputs[k].name != NULL && strcmp(c->outputs[i].name, c->outputs[k].name) == 0)
				yaml_error(&c->doc, list->items[i], "two outputs are called \"%s\"", c->outputs[i].name);
	}
}

static void load_recording(struct config *c, const struct yaml_node *m)
{
	static const char *const keys[] = { "part_bytes", "keep", "keep_bytes", "encrypt_to", NULL };
	const struct yaml_node *at = yaml_get(m, "encrypt_to");
	struct config_strings names = { 0 };

	yaml_known_keys(&c->doc, m, "recording", keys);
	config_bytes(c, m, "part_bytes", 64 << 10, 1 << 30, &c->part_bytes);
	yaml_seconds(&c->doc, m, "keep", 1, 100ull * 366 * 86400, &c->recording.keep);
	config_bytes(c, m, "keep_bytes", 1 << 10, 1ull << 50, &c->recording.keep_bytes);
	if (!config_strs(c, m, "encrypt_to", false, &names))
		return;
	if (names.n == 0 || names.n > READERS_MAX) {
		yaml_error(&c->doc, at, "\"encrypt_to\" names 1 to %d certificate files", READERS_MAX);
		return;
	}
	c->recording.encrypt_to.v = config_take(c, names.n * sizeof(*names.v));
	for (size_t i = 0; c->recording.encrypt_to.v != NULL && i < names.n; i++) {
		size_t n = strlen(c->folder) + strlen(names.v[i]) + 2;
		char *path = config_take(c, n);

		if (path == NULL)
			return;
		if (names.v[i][0] == '\0')
			yaml_error(&c->doc, at, "\"encrypt_to\" names a file with a certificate in PEM");
		if (names.v[i][0] == '/')
			strcpy(path, names.v[i]);
		else
			snprintf(path, n, "%s/%s", c->folder, names.v[i]);
		c->recording.encrypt_to.v[c->recording.encrypt_to.n++] = path;
	}
}

static void load_audit(struct config *c, const struct yaml_node *m)
{
	static const char *const keys[] = { "origin", "checkpoint_records", "checkpoint_seconds", "epoch", "syslog", "witness",
					    "witness_ca", "outputs", NULL };

	yaml_known_keys(&c->doc, m, "audit", keys);
	if (yaml_str(&c->doc, m, "origin", false, &c->audit.origin))
		origin_ok(c, yaml_get(m, "origin"), c->audit.origin);
	yaml_uint(&c->doc, m, "checkpoint_records", 1, 100000, &c->audit.checkpoint_records);
	/* A bare number is seconds here: the key's name says so. */
	yaml_uint(&c->doc, m, "checkpoint_seconds", 1, 3600, &c->audit.checkpoint_seconds);
	yaml_seconds(&c->doc, m, "epoch", 60, 366 * 86400, &c->audit.epoch);
	yaml_bool(&c->doc, m, "syslog", &c->audit.syslog);
	config_url(c, m, "witness", false, &c->audit.witness);
	config_path(c, m, "witness_ca", false, &c->audit.witness_ca);
	load_outputs(c, m);
}

static void load_witness(struct config *c, const struct yaml_node *root)
{
	static const char *const keys[] = { "logs", NULL }, *const log_keys[] = { "origin", "allowed_signers", NULL };
	const struct yaml_node *m = yaml_map(&c->doc, root, "witness", false), *list;

	if (m == NULL)
		return;
	yaml_known_keys(&c->doc, m, "witness", keys);
	list = yaml_list(&c->doc, m, "logs", true);
	if (list == NULL || list->n == 0)
		return;
	if (list->n > WITNESSED_MAX) {
		yaml_error(&c->doc, list, "at most %d logs are witnessed", WITNESSED_MAX);
		return;
	}
	c->witnessed = config_take(c, list->n * sizeof(*c->witnessed));
	for (size_t i = 0; c->witnessed != NULL && i < list->n; i++) {
		struct config_witnessed *w = &c->witnessed[c->n_witnessed++];

		yaml_known_keys(&c->doc, list->items[i], "a witnessed log", log_keys);
		if (yaml_str(&c->doc, list->items[i], "origin", true, &w->origin))
			origin_ok(c, yaml_get(list->items[i], "origin"), w->origin);
		config_path(c, list->items[i], "allowed_signers", true, &w->allowed_signers);
		for (size_t k = 0; k < i; k++)
			if (w->origin != NULL && c->witnessed[k].origin != NULL && strcmp(w->origin, c->witnessed[k].origin) == 0)
				yaml_error(&c->doc, list->items[i], "the log \"%s\" stands here twice", w->origin);
	}
}

void config_records(struct config *c, const struct yaml_node *root)
{
	static const char *const mask_keys[] = { "enabled", NULL };
	const struct yaml_node *m;

	c->masking = true;
	c->part_bytes = 64 << 20;
	c->audit.checkpoint_records = 10;
	c->audit.checkpoint_seconds = 1;
	c->audit.epoch = 7 * 86400;
	if ((m = yaml_map(&c->doc, root, "masking", false)) != NULL) {
		yaml_known_keys(&c->doc, m, "masking", mask_keys);
		yaml_bool(&c->doc, m, "enabled", &c->masking);
	}
	if ((m = yaml_map(&c->doc, root, "recording", false)) != NULL)
		load_recording(c, m);
	if ((m = yaml_map(&c->doc, root, "audit", false)) != NULL)
		load_audit(c, m);
	if (c->audit.origin == NULL)
		c->audit.origin = c->http.ssh_host != NULL ? c->http.ssh_host : "sallyport";
	load_witness(c, root);
}
