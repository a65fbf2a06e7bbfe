/* `sallyport vault`: the sealed keys. Private keys come in on stdin or are made here; none ever goes out. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault/import.h"
#include "vault/secmem.h"
#include "vault/vault.h"

static const char usage[] =
	"usage: sallyport vault init [STORE]\n"
	"       sallyport vault add NAME [--kind KIND] [--generate [--type TYPE]] [STORE]\n"
	"       sallyport vault list [--json] [STORE]\n"
	"       sallyport vault public NAME [STORE]\n"
	"       sallyport vault rotate NAME [--type TYPE | --finish] [STORE]\n"
	"       sallyport vault remove NAME [--force] [STORE]\n"
	"       sallyport vault reseal --to DIR --new-master-key FILE [STORE]\n"
	"The keys that log in to targets, the certificate authorities and the audit key, sealed on disk. None is ever printed.\n"
	"  init      makes the master key file, user-ca, target-ca and audit.1; keeps what is there\n"
	"  add       reads a private key on stdin (OpenSSH or PEM, without a passphrase), or makes one, and prints its public line\n"
	"  public    prints the public line, for authorized_keys or TrustedUserCAKeys\n"
	"  rotate    makes a new key and keeps the old one as NAME.previous: both log in until --finish removes the old one\n"
	"  remove    removes for good; --force for a certificate authority or the audit key\n"
	"  reseal    makes a new master key, and a new store under it with the same keys; the old ones stay until you shred them\n"
	"  --kind    target (the default), user-ca, target-ca, audit\n"
	"  --type    ed25519 (the default), ecdsa (nistp256), rsa (3072 bits)\n"
	"STORE is where the keys lie and what opens them:\n"
	"  --store DIR             default /var/lib/sallyport/vault\n"
	"  --master-key FILE       default /etc/sallyport/master.key; mode 0600, 32 bytes or 64 hexadecimal digits\n"
	"  --master-key-fd N       the same, from a descriptor\n"
	"  --credential NAME       the same, from $CREDENTIALS_DIRECTORY (systemd)\n"
	"A running sallyportd takes a change up when it is told to reload (SIGHUP).\n"
	"Exit codes: 0 done; 1 it did not work, stderr says why; 2 the command line is wrong.\n";

struct options {
	const char *store, *master_key, *credential, *kind, *type, *name, *to, *new_master_key;
	int master_fd;
	bool generate, json, finish, force;
};

typedef int vault_verb_fn(const struct options *o, struct store *s);

/* ---- shared steps ---- */

static int fail(const struct why *why)
{
	return cli_fail("vault", "%s", why->text);
}

static int open_master(const struct options *o, uint8_t **master, struct why *why)
{
	if (o->master_fd >= 0)
		return master_from_fd(o->master_fd, master, why);
	if (o->credential != NULL)
		return master_from_credential(o->credential, master, why);
	return master_from_file(o->master_key, master, why);
}

/* The public line of a key in the store, on stdout. */
static int print_line(const struct store *s, const char *name)
{
	const struct store_entry *e = store_find(s, name);
	struct buf line;
	int r;

	if (e == NULL)
		return cli_fail("vault", "there is no key %s", name);
	buf_init(&line, 8192);
	r = key_write_line(e->blob.p, e->blob.n, e->name, &line);
	if (r == ERR_OK)
		printf("%s\n", buf_cstr(&line));
	buf_free(&line);
	return r < 0 ? cli_fail("vault", "cannot print the key %s: %s", name, err_text(r)) : CLI_OK;
}

/* What is on stdin, to its end, in secure memory. */
static int read_stdin(struct buf *text, struct why *why)
{
	ssize_t n;

	if (isatty(STDIN_FILENO))
		fprintf(stderr, "sallyport vault: paste the private key, then Ctrl-D\n");
	for (;;) {
		uint8_t *p = buf_reserve(text, text->max - text->len);

		n = read(STDIN_FILENO, p, text->max - text->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return why_fail(why, ERR_SYS, "cannot read stdin: %s", strerror(errno));
		if (n == 0)
			return ERR_OK;
		buf_added(text, (size_t)n);
		if (text->len == text->max)
			return why_fail(why, ERR_LIMIT, "what is on stdin is too long to be a key");
	}
}

static int import_stdin(struct key **out, struct why *why)
{
	struct buf text;
	int r = secmem_buf(&text, IMPORT_MAX + 1);

	*out = NULL;
	if (r < 0)
		return why_fail(why, r, "no secure memory for the key");
	r = read_stdin(&text, why);
	if (r == ERR_OK)
		r = key_import(buf_ptr(&text), text.len, out, why);
	secmem_buf_free(&text);
	return r;
}

/* ---- verbs ---- */

/* The kind that was asked for, else the one that the name says. */
static enum store_kind kind_of(const struct options *o)
{
	if (o->kind != NULL)
		return store_kind_by_name(o->kind);
	for (enum store_kind k = STORE_USER_CA; k <= STORE_AUDIT; k++) {
		if (store_name_fits(o->name, k))
			return k;
	}
	return STORE_TARGET; /* store_put() says what is wrong with the name */
}

static int verb_add(const struct options *o, struct store *s)
{
	enum key_type type = o->type == NULL ? KEY_ED25519 : key_type_by_name(o->type);
	enum store_kind kind = kind_of(o);
	struct why why = { "" };
	struct key *k = NULL;
	int r;

	if (kind == 0)
		return cli_usage("vault", "--kind is target, user-ca, target-ca or audit");
	if (type == 0 || (o->type != NULL && !o->generate))
		return cli_usage("vault", "--type is ed25519, ecdsa or rsa, and goes with --generate");
	if (store_find(s, o->name) != NULL)
		return cli_fail("vault", "there is a key %s already; rotate it, or remove it first", o->name);
	if (!o->generate)
		r = import_stdin(&k, &why);
	else if ((r = key_generate(type, &k)) < 0)
		why_set(&why, "cannot make a key: %s", err_text(r));
	if (r == ERR_OK)
		r = store_put(s, o->name, kind, k, false, &why);
	key_free(k);
	return r < 0 ? fail(&why) : print_line(s, o->name);
}

static int verb_public(const struct options *o, struct store *s)
{
	return print_line(s, o->name);
}

/* Names, types and lines hold no character that JSON or a terminal would mind (store_name_ok). */
static int print_entry(const struct options *o, const struct store_entry *e, bool first)
{
	char fingerprint[KEY_FINGERPRINT_MAX], when[32];
	time_t t = (time_t)e->created_at;
	struct buf line;
	struct tm tm;
	int r;

	buf_init(&line, 8192);
	r = key_fingerprint(e->blob.p, e->blob.n, fingerprint);
	if (r == ERR_OK)
		r = key_write_line(e->blob.p, e->blob.n, NULL, &line);
	if (r < 0 || gmtime_r(&t, &tm) == NULL || strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0) {
		buf_free(&line);
		return ERR_CRYPTO;
	}
	if (o->json)
		printf("%s\n  {\"name\": \"%s\", \"kind\": \"%s\", \"type\": \"%s\", \"fingerprint\": \"%s\", \"created\": \"%s\", "
		       "\"public_key\": \"%s\"}",
		       first ? "" : ",", e->name, store_kind_name(e->kind), key_type_name(e->type), fingerprint, when,
		       buf_cstr(&line));
	else
		printf("%-24s %-10s %-20s %s %s\n", e->name, store_kind_name(e->kind), key_type_name(e->type), fingerprint,
		       buf_cstr(&line));
	buf_free(&line);
	return ERR_OK;
}

static int verb_list(const struct options *o, struct store *s)
{
	if (o->json)
		printf("{\"keys\": [");
	else
		printf("%-24s %-10s %-20s %-50s %s\n", "NAME", "KIND", "TYPE", "FINGERPRINT", "PUBKEY");
	for (size_t i = 0; i < store_count(s); i++) {
		if (print_entry(o, store_at(s, i), i == 0) < 0)
			return cli_fail("vault", "cannot print the key %s", store_at(s, i)->name);
	}
	if (o->json)
		printf("%s]}\n", store_count(s) > 0 ? "\n" : "");
	for (size_t i = 0; i < store_broken(s); i++)
		cli_fail("vault", "%s", store_broken_why(s, i));
	return store_broken(s) > 0 ? CLI_FAILED : CLI_OK;
}

static bool same_key(const struct store_entry *a, const struct store_entry *b)
{
	return a->blob.n == b->blob.n && memcmp(a->blob.p, b->blob.p, a->blob.n) == 0;
}

/* Old under its new name first, then the new one in its place: a crash in between leaves the old one twice, and the next
 * rotate goes on from there. */
static int rotate_locked(struct store *s, const char *name, const char *previous, enum key_type type, struct why *why)
{
	const struct store_entry *e, *p;
	struct key *old = NULL, *fresh = NULL;
	enum store_kind kind;
	int r = store_reload(s, why); /* somebody else may have written until the lock was ours */

	if (r < 0)
		return r;
	e = store_find(s, name);
	p = store_find(s, previous);
	if (e == NULL)
		return why_fail(why, ERR_NOTFOUND, "there is no key %s", name);
	kind = e->kind;
	if (p != NULL && !same_key(p, e))
		return why_fail(why, ERR_EXISTS, "a rotation of %s is under way: finish it first (--finish)", name);
	r = key_generate(type, &fresh);
	if (r == ERR_OK && p == NULL)
		r = store_key(s, e, &old);
	if (r < 0)
		why_set(why, "cannot rotate %s: %s", name, err_text(r));
	if (r == ERR_OK && p == NULL)
		r = store_put(s, previous, kind, old, false, why);
	if (r == ERR_OK)
		r = store_put(s, name, kind, fresh, true, why);
	key_free(old);
	key_free(fresh);
	return r;
}

static int verb_rotate(const struct options *o, struct store *s)
{
	const struct store_entry *e = store_find(s, o->name);
	enum key_type type = o->type == NULL ? 0 : key_type_by_name(o->type);
	char previous[SEAL_NAME_MAX + sizeof(".previous") + 1];
	size_t n = strlen(o->name);
	struct why why = { "" };
	int r;

	if (o->type != NULL && (type == 0 || o->finish))
		return cli_usage("vault", "--type is ed25519, ecdsa or rsa, and does not go with --finish");
	if (e == NULL)
		return cli_fail("vault", "there is no key %s", o->name);
	if (e->kind == STORE_AUDIT)
		return cli_fail("vault", "the running bastion rotates its audit key itself: the log needs a closing record");
	if (n > 9 && strcmp(o->name + n - 9, ".previous") == 0)
		return cli_fail("vault", "%s is an old key; rotate the new one", o->name);
	snprintf(previous, sizeof(previous), "%.*s.previous", SEAL_NAME_MAX, o->name);
	if (!store_name_ok(previous))
		return cli_fail("vault", "%s is too long a name to be rotated", o->name);
	if (o->finish) {
		r = store_remove(s, previous, &why);
		if (r == ERR_NOTFOUND)
			return cli_fail("vault", "no rotation of %s is under way", o->name);
		return r < 0 ? fail(&why) : print_line(s, o->name);
	}
	r = store_lock(s, &why);
	if (r == ERR_OK) {
		r = rotate_locked(s, o->name, previous, type != 0 ? type : e->type, &why);
		store_unlock(s);
	}
	return r < 0 ? fail(&why) : print_line(s, o->name);
}

static int verb_remove(const struct options *o, struct store *s)
{
	const struct store_entry *e = store_find(s, o->name);
	struct why why = { "" };

	if (e == NULL)
		return cli_fail("vault", "there is no key %s", o->name);
	if (e->kind != STORE_TARGET && !o->force)
		return cli_fail("vault", "%s is a %s key: nothing works without one. --force removes it", o->name,
				store_kind_name(e->kind));
	return store_remove(s, o->name, &why) < 0 ? fail(&why) : CLI_OK;
}

/* As root, the new ones belong to whom the old ones do. */
static int same_owner(const char *as, const char *path, struct why *why)
{
	struct stat st;

	if (geteuid() != 0 || as == NULL || stat(as, &st) < 0)
		return ERR_OK;
	if (lchown(path, st.st_uid, st.st_gid) < 0)
		return why_fail(why, ERR_SYS, "cannot give %s to its user: %s", path, strerror(errno));
	return ERR_OK;
}

static int verb_reseal(const struct options *o, struct store *s)
{
	struct store *to = NULL;
	uint8_t *master = NULL;
	struct why why = { "" };
	int r;

	if (o->to == NULL || o->new_master_key == NULL)
		return cli_usage("vault", "reseal takes --to DIR, for the new store, and --new-master-key FILE");
	if (access(o->to, F_OK) == 0)
		return cli_fail("vault", "%s is there already: name a folder that is not", o->to);
	r = master_create(o->new_master_key, &why);
	if (r == ERR_OK)
		r = master_from_file(o->new_master_key, &master, &why);
	if (r == ERR_OK)
		r = store_mkdir(o->to, &why);
	if (r == ERR_OK)
		r = store_open(o->to, master, &to, &why);
	if (r == ERR_OK)
		r = same_owner(o->store, o->to, &why);
	if (r == ERR_OK)
		r = store_copy(s, to, &why);
	if (r == ERR_OK)
		r = same_owner(o->master_fd >= 0 || o->credential != NULL ? NULL : o->master_key, o->new_master_key, &why);
	if (r == ERR_OK) {
		printf("%zu keys are sealed anew in %s.\n"
		       "Next: in sallyport.yaml, vault: { store: %s, master_key: %s } and `systemctl restart sallyport`, which drops no session; then shred %s.\n",
		       store_count(to), o->to, o->to, o->new_master_key, o->master_key);
	}
	master_free(master);
	store_free(to);
	return r < 0 ? fail(&why) : CLI_OK;
}

static int verb_init(const struct options *o)
{
	struct why why = { "" };

	if (o->master_fd >= 0 || o->credential != NULL)
		return cli_usage("vault", "init makes a master key file: name it with --master-key");
	return vault_init(o->store, o->master_key, &why) < 0 ? fail(&why) : CLI_OK;
}

static const struct {
	const char *name;
	vault_verb_fn *fn;
	bool named; /* takes a NAME */
} verbs[] = {
	{ "add", verb_add, true },       { "list", verb_list, false },     { "public", verb_public, true },
	{ "rotate", verb_rotate, true }, { "remove", verb_remove, true },  { "reseal", verb_reseal, false },
};
#define NVERBS (sizeof(verbs) / sizeof(verbs[0]))

/* ---- command line ---- */

static int descriptor(const char *text)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < 0 || n > 65535 || fcntl((int)n, F_GETFD) < 0)
		return -1;
	return (int)n;
}

/* 0, or an exit code + 1. */
static int parse(int argc, char **argv, struct options *o)
{
	enum { STORE = 256, MASTER, MASTER_FD, CREDENTIAL, KIND, TYPE, GENERATE, JSON, FINISH, FORCE, TO, NEW_MASTER, HELP };
	static const struct option options[] = {
		{ "store", required_argument, NULL, STORE },	       { "master-key", required_argument, NULL, MASTER },
		{ "master-key-fd", required_argument, NULL, MASTER_FD }, { "credential", required_argument, NULL, CREDENTIAL },
		{ "kind", required_argument, NULL, KIND },	       { "type", required_argument, NULL, TYPE },
		{ "generate", no_argument, NULL, GENERATE },	       { "json", no_argument, NULL, JSON },
		{ "finish", no_argument, NULL, FINISH },	       { "force", no_argument, NULL, FORCE },
		{ "to", required_argument, NULL, TO },		       { "new-master-key", required_argument, NULL, NEW_MASTER },
		{ "help", no_argument, NULL, HELP },		       { NULL, 0, NULL, 0 },
	};
	unsigned ways = 0;
	int c;

	*o = (struct options){ .store = "/var/lib/sallyport/vault", .master_key = "/etc/sallyport/master.key", .master_fd = -1 };
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case STORE: o->store = optarg; break;
		case MASTER: o->master_key = optarg; ways++; break;
		case MASTER_FD:
			o->master_fd = descriptor(optarg);
			if (o->master_fd < 0)
				return 1 + cli_usage("vault", "--master-key-fd is not an open descriptor");
			ways++;
			break;
		case CREDENTIAL: o->credential = optarg; ways++; break;
		case KIND: o->kind = optarg; break;
		case TYPE: o->type = optarg; break;
		case GENERATE: o->generate = true; break;
		case JSON: o->json = true; break;
		case FINISH: o->finish = true; break;
		case FORCE: o->force = true; break;
		case TO: o->to = optarg; break;
		case NEW_MASTER: o->new_master_key = optarg; break;
		case HELP: fputs(usage, stdout); return 1 + CLI_OK;
		default: fputs(usage, stderr); return 1 + CLI_USAGE;
		}
	}
	if (ways > 1)
		return 1 + cli_usage("vault", "name the master key once: --master-key, --master-key-fd or --credential");
	return 0;
}

static int run(const struct options *o, vault_verb_fn *fn)
{
	struct store *s = NULL;
	uint8_t *master = NULL;
	struct why why = { "" };
	int r = open_master(o, &master, &why);

	if (r == ERR_OK)
		r = store_open(o->store, master, &s, &why);
	master_free(master);
	r = r < 0 ? fail(&why) : fn(o, s);
	store_free(s);
	return r;
}

int cli_vault(int argc, char **argv)
{
	struct options o;
	int r = parse(argc, argv, &o), words = argc - optind;
	const char *verb = words > 0 ? argv[optind] : "";

	if (r > 0)
		return r - 1;
	/* Also keeps other processes of this user from reading this one. */
	if (secmem_init(NULL) < 0)
		return cli_fail("vault", "the system grants no memory for keys");
	if (strcmp(verb, "init") == 0 && words == 1)
		return verb_init(&o);
	for (size_t i = 0; i < NVERBS; i++) {
		if (strcmp(verb, verbs[i].name) != 0 || words != 1 + verbs[i].named)
			continue;
		o.name = verbs[i].named ? argv[optind + 1] : NULL;
		return run(&o, verbs[i].fn);
	}
	fputs(usage, stderr);
	return CLI_USAGE;
}
