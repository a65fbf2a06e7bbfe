/* Loading configuration and policy: at start, and again on request. What does not load leaves everything as it was. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "approve/control.h"
#include "approve/http.h"
#include "approve/issue.h"
#include "approve/outputs.h"
#include "approve/sealed.h"
#include "approve/witness.h"
#include "audit/chain.h"
#include "audit/digest.h"
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

int control_load_config(struct control *c, bool first, struct buf *errors)
{
	struct config *made = NULL;
	char hex[65] = "";
	struct buf text, readers;
	int r;

	buf_init(&text, 1 << 20);
	buf_init(&readers, 1 << 18);
	r = slurp(c->config_path, &text, errors);
	if (r >= 0)
		r = digest_of(&text, hex);
	if (r >= 0)
		r = config_load(c->config_path, &made, errors);
	buf_free(&text);
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
	buf_free(&c->readers);
	c->readers = readers;
	memcpy(c->config_digest, hex, sizeof(hex));
	return ERR_OK;
}

int control_load_policy(struct control *c, bool first, struct buf *errors)
{
	struct policy *made = NULL;
	struct mask_set *masks = NULL;
	const char *section;
	struct buf text;
	int r;

	(void)first;
	buf_init(&text, 1 << 20);
	r = slurp(c->config->policy, &text, errors);
	if (r >= 0)
		r = policy_load(c->config->policy, buf_ptr(&text), text.len, &made, errors);
	buf_free(&text);
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

/* A line of the log for each mistake. */
static void log_errors(struct buf *errors, const char *what)
{
	const char *p = buf_cstr(errors);

	log_error("the new %s is refused and the old one stays", what);
	while (p != NULL && *p != '\0') {
		size_t n = strcspn(p, "\n");

		log_error("%.*s", (int)n, p);
		p += n + (p[n] == '\n');
	}
}

static void reload_config(struct control *c)
{
	struct buf errors;
	char was[65];

	memcpy(was, c->config_digest, sizeof(was));
	buf_init(&errors, 1 << 20);
	if (control_load_config(c, false, &errors) < 0) {
		log_errors(&errors, "configuration");
		(void)control_record(c, NULL, "config.rejected",
				     json_pack("{s:o,s:s}", "errors", chain_text(buf_ptr(&errors), errors.len), "file", c->config_path), NULL);
	} else {
		issue_reload(c);
		http_reload(c);
		outputs_reload(c);
		witness_reload(c);
		log_info("configuration loaded");
		(void)control_record(c, NULL, "config.loaded",
				     json_pack("{s:s,s:s,s:s}", "digest", c->config_digest, "file", c->config_path, "previous", was), NULL);
	}
	buf_free(&errors);
}

static void reload_policy(struct control *c)
{
	struct buf errors;
	struct view source;
	char was[65];

	memcpy(was, policy_version(c->policy), sizeof(was));
	buf_init(&errors, 1 << 20);
	if (control_load_policy(c, false, &errors) < 0) {
		log_errors(&errors, "policy");
		(void)control_record(c, NULL, "policy.rejected",
				     json_pack("{s:o,s:s,s:s}", "errors", chain_text(buf_ptr(&errors), errors.len), "file", c->config->policy,
					       "policy", was),
				     NULL);
	} else {
		policy_source(c->policy, &source);
		log_info("policy loaded: %s", policy_version(c->policy));
		(void)control_record(c, NULL, "policy.loaded",
				     json_pack("{s:s,s:s,s:s,s:o}", "policy", policy_version(c->policy), "file", c->config->policy, "previous", was,
					       "text", chain_text(source.p, source.n)),
				     NULL);
		if (strcmp(was, policy_version(c->policy)) != 0)
			requests_withdraw_all(c, "the policy changed");
	}
	buf_free(&errors);
}

void control_reload(struct control *c)
{
	reload_config(c);
	reload_policy(c);
	vault_side_reload(c);
}
