/* Loading configuration and policy: at start, and again on request. What does not load leaves everything as it was. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "approve/control.h"
#include "approve/issue.h"
#include "approve/outputs.h"
#include "approve/sealed.h"
#include "approve/witness.h"
#include "audit/chain.h"
#include "audit/digest.h"
#include "base/lastgood.h"
#include "base/log.h"

static int slurp(const char *path, struct buf *out, struct buf *errors)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n = -1;
	uint8_t *p;

	while (fd >= 0 && (p = buf_reserve(out, 16384)) != NULL && (n = read(fd, p, 16384)) > 0)
		buf_added(out, (size_t)n);
	if (fd >= 0)
		close(fd);
	if (n == 0)
		return ERR_OK;
	(void)buf_printf(errors, "%s: cannot be read: %s\n", path, n < 0 ? strerror(errno) : "too large");
	return ERR_SYS;
}

static int digest_of(const struct buf *b, char hex[65])
{
	uint8_t d[DIGEST_SIZE];

	if (digest(buf_ptr(b), b->len, d) < 0)
		return ERR_CRYPTO;
	digest_hex(d, hex);
	return ERR_OK;
}

static int take_config(struct control *c, const struct buf *text, bool first, struct buf *errors)
{
	struct config *made = NULL;
	char hex[65] = "";
	struct buf readers;
	int r = digest_of(text, hex);

	buf_init(&readers, 1 << 18);
	if (r >= 0)
		r = config_load_text(c->config_path, buf_ptr(text), text->len, &made, errors);
	if (r >= 0)
		r = issue_check(made, errors);
	if (r >= 0)
		r = sealed_load(made, &readers, errors);
	if (r < 0) {
		config_free(made);
		buf_free(&readers);
		return r;
	}
	if (!first) {
		/* Where things lie and who listens is settled at start. */
		if (strcmp(made->state, c->config->state) != 0 || strcmp(made->audit.origin, c->config->audit.origin) != 0) {
			(void)buf_printf(errors, "%s: \"state\" and \"audit.origin\" cannot change while it runs: restart\n", c->config_path);
			config_free(made);
			buf_free(&readers);
			return ERR_REFUSED;
		}
		config_free(c->config);
	}
	c->config = made;
	buf_clear(&c->config_text);
	(void)buf_put(&c->config_text, buf_ptr(text), text->len);
	buf_free(&c->readers);
	c->readers = readers;
	memcpy(c->config_digest, hex, sizeof(hex));
	return ERR_OK;
}

static int take_policy(struct control *c, const struct buf *text, struct buf *errors)
{
	struct policy *made = NULL;
	struct mask_set *masks = NULL;
	const char *section;
	int r = policy_load(c->config->policy, buf_ptr(text), text->len, &made, errors);

	if (r < 0)
		return r;
	section = policy_mask_section(made);
	r = mask_load(c->config->policy, section, section != NULL ? strlen(section) : 0, &masks, errors);
	if (r < 0) {
		policy_free(made);
		return r;
	}
	policy_free(c->policy);
	mask_set_free(c->masks);
	c->policy = made;
	c->masks = masks;
	return ERR_OK;
}

int control_load_config(struct control *c, bool first, struct buf *errors)
{
	struct buf text;
	int r;

	buf_init(&text, LASTGOOD_MAX);
	r = slurp(c->config_path, &text, errors);
	if (r >= 0)
		r = take_config(c, &text, first, errors);
	buf_free(&text);
	return r;
}

int control_load_policy(struct control *c, struct buf *errors)
{
	struct buf text;
	int r;

	buf_init(&text, LASTGOOD_MAX);
	r = slurp(c->config->policy, &text, errors);
	if (r >= 0)
		r = take_policy(c, &text, errors);
	buf_free(&text);
	return r;
}

/* ---- the last that was good ---- */

#define KEPT_CONFIG "control/last-good.sallyport.yaml"
#define KEPT_POLICY "control/last-good.policy.yaml"

/* A line of the log for each mistake. */
static void log_mistakes(struct buf *errors)
{
	const char *p = buf_cstr(errors);

	while (p != NULL && *p != '\0') {
		size_t n = strcspn(p, "\n");

		log_error("%.*s", (int)n, p);
		p += n + (p[n] == '\n');
	}
}

static int take_kept(struct control *c, bool policy, struct buf *errors)
{
	struct buf text;
	int64_t saved_at;
	int r;

	buf_init(&text, LASTGOOD_MAX + 4096);
	r = lastgood_read(c->state_fd, policy ? KEPT_POLICY : KEPT_CONFIG, &text, &saved_at);
	if (r >= 0)
		r = policy ? take_policy(c, &text, errors) : take_config(c, &text, true, errors);
	buf_free(&text);
	return r;
}

/* A start finds a file that has mistakes, or none: better the rules that were in force yesterday than no bastion at all, or one whose rules nobody
 * chose. Said in the log, in /metrics and in the audit log. */
static int start_part(struct control *c, bool policy)
{
	struct refused *refused = policy ? &c->policy_refused : &c->config_refused;
	const char *path;
	struct buf errors;
	int r;

	buf_init(&errors, 1 << 20);
	r = policy ? control_load_policy(c, &errors) : control_load_config(c, true, &errors);
	path = policy ? c->config->policy : c->config_path;
	if (r < 0) {
		size_t said = errors.len;

		log_mistakes(&errors);
		if (take_kept(c, policy, &errors) >= 0) {
			r = ERR_OK;
			log_error("%s is refused: serving the last good %s until it is corrected and reloaded", path, policy ? "policy" : "configuration");
			refused->now = true;
			refused->errors = chain_text(buf_ptr(&errors), said);
			c->count.failures[FAIL_CONFIG]++;
		}
	}
	buf_free(&errors);
	return r;
}

int control_load(struct control *c)
{
	int r = start_part(c, false);

	return r < 0 ? r : start_part(c, true);
}

/* What was just accepted is what a later start falls back to. */
static void keep(struct control *c, bool policy)
{
	struct view text = { buf_ptr(&c->config_text), c->config_text.len };
	int r;

	if (policy)
		policy_source(c->policy, &text);
	r = lastgood_save(c->state_fd, policy ? KEPT_POLICY : KEPT_CONFIG, text.p, text.n);
	if (r < 0)
		log_warn("the last good %s cannot be kept: %s", policy ? "policy" : "configuration", r == ERR_SYS ? strerror(errno) : err_text(r));
}

void control_keep_good(struct control *c)
{
	if (!c->config_refused.now)
		keep(c, false);
	if (!c->policy_refused.now)
		keep(c, true);
}

int control_record_load(struct control *c, bool policy, const char *was, json_t *errors)
{
	struct refused *refused = policy ? &c->policy_refused : &c->config_refused;
	const char *path = policy ? c->config->policy : c->config_path;
	struct view source = { NULL, 0 };
	json_t *j;
	int r = ERR_OK;

	if (errors != NULL) {
		j = json_pack("{s:o,s:s}", "errors", errors, "file", path);
		if (policy && was != NULL)
			json_object_set_new(j, "policy", json_string(was));
		r = control_record(c, NULL, policy ? "policy.rejected" : "config.rejected", j, NULL);
		if (r < 0 || was != NULL)
			return r; /* of a reload: what is in force has been recorded before */
	}
	j = policy ? json_pack("{s:s,s:s}", "policy", policy_version(c->policy), "file", path)
		   : json_pack("{s:s,s:s}", "digest", c->config_digest, "file", path);
	if (was != NULL)
		json_object_set_new(j, "previous", json_string(was));
	if (refused->now)
		json_object_set_new(j, "last_good", json_true());
	if (policy) {
		policy_source(c->policy, &source);
		json_object_set_new(j, "text", chain_text(source.p, source.n));
	}
	return control_record(c, NULL, policy ? "policy.loaded" : "config.loaded", j, NULL);
}

static void log_errors(struct buf *errors, const char *what)
{
	log_error("the new %s is refused and the old one stays", what);
	log_mistakes(errors);
}

static void reload_part(struct control *c, bool policy)
{
	struct refused *refused = policy ? &c->policy_refused : &c->config_refused;
	struct buf errors;
	char was[65];
	int r;

	snprintf(was, sizeof(was), "%s", policy ? policy_version(c->policy) : c->config_digest);
	buf_init(&errors, 1 << 20);
	r = policy ? control_load_policy(c, &errors) : control_load_config(c, false, &errors);
	refused->now = r < 0;
	if (r < 0) {
		c->count.failures[FAIL_CONFIG]++;
		log_errors(&errors, policy ? "policy" : "configuration");
		(void)control_record_load(c, policy, was, chain_text(buf_ptr(&errors), errors.len));
	} else {
		if (!policy) {
			issue_reload(c);
			outputs_reload(c);
			witness_reload(c);
		}
		log_info("%s loaded: %s", policy ? "policy" : "configuration", policy ? policy_version(c->policy) : c->config_digest);
		keep(c, policy);
		(void)control_record_load(c, policy, was, NULL);
		if (policy && strcmp(was, policy_version(c->policy)) != 0)
			requests_withdraw_all(c, "the policy changed");
	}
	buf_free(&errors);
}

void control_reload(struct control *c)
{
	reload_part(c, false);
	reload_part(c, true);
	vault_side_reload(c);
}
