/* The words of `scp -t`, `scp -f` and `rsync --server`; see transfer.h. */
#include "policy/transfer.h"

#include <string.h>

#include "base/err.h"

static const char *base(const char *program)
{
	const char *slash = strrchr(program, '/');

	return slash != NULL ? slash + 1 : program;
}

static int refuse(struct transfer_plan *p, const char *why, const char *word)
{
	p->why = why;
	p->word = word;
	return ERR_REFUSED;
}

static int add(struct transfer_plan *p, enum file_op op, bool tree, const char *path)
{
	if (path[0] == '\0')
		return refuse(p, "a path that is empty", NULL);
	if (p->npaths == TRANSFER_PATHS_MAX)
		return refuse(p, "more paths than the limit", NULL);
	p->paths[p->npaths++] = (struct policy_path){ .op = op, .tree = tree, .path = path, .len = strlen(path) };
	return ERR_OK;
}

/* ---- scp ---- */

static bool scp_far(const char *const *argv, size_t argc)
{
	for (size_t i = 1; i < argc && argv[i][0] == '-' && strcmp(argv[i], "--") != 0; i++) {
		if (strpbrk(argv[i], "tf") != NULL)
			return true;
	}
	return false;
}

static int scp_read(const char *const *argv, size_t argc, struct transfer_plan *p)
{
	size_t i = 1;

	for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		for (const char *c = argv[i] + 1; *c != '\0'; c++) {
			if (*c == 't' || *c == 'f') {
				enum transfer kind = *c == 't' ? TRANSFER_SCP_SINK : TRANSFER_SCP_SOURCE;

				if (p->kind != TRANSFER_NONE && p->kind != kind)
					return refuse(p, "scp is told to send and to receive", NULL);
				p->kind = kind;
			} else if (*c == 'r') {
				p->recursive = true;
			} else if (*c == 'p') {
				p->times = true;
			} else if (*c == 'd') {
				p->directory = true;
			} else if (*c != 'v' && *c != 'q') {
				return refuse(p, "an option of scp that is not in its table", argv[i]);
			}
		}
	}
	if (argc - i != 1)
		return refuse(p, "scp's far end is given one path", NULL);
	return add(p, p->kind == TRANSFER_SCP_SINK ? FILE_WRITE : FILE_READ, false, argv[i]);
}

/* ---- rsync ---- */

/* One letter options without an argument. Not here: those that follow symbolic links out of the tree (L k K), take their words from elsewhere (s), or
 * need a word of their own (T f M). e is the client's version: a dot and letters. */
static const char rsync_letters[] = "vqlHogDtpArXWxuOJUNnIczSdimybEhR8";

enum rsync_what { PLAIN, DELETES, SAFE, VALUE, NEXT_WRITE, NEXT_READ, NEXT_LINK };

/* VALUE: --name=… ; NEXT: the following word is a directory. */
static const struct {
	const char *name;
	enum rsync_what what;
} rsync_options[] = {
	{ "append", PLAIN },          { "append-verify", PLAIN },  { "backup", PLAIN },           { "checksum", PLAIN },
	{ "delay-updates", PLAIN },   { "existing", PLAIN },       { "fsync", PLAIN },            { "fuzzy", PLAIN },
	{ "ignore-errors", PLAIN },   { "ignore-existing", PLAIN }, { "ignore-missing-args", PLAIN }, { "inplace", PLAIN },
	{ "list-only", PLAIN },       { "munge-links", SAFE },      { "new-compress", PLAIN },
	{ "no-implied-dirs", PLAIN }, { "no-whole-file", PLAIN },  { "numeric-ids", PLAIN },      { "old-compress", PLAIN },
	{ "omit-dir-times", PLAIN },  { "one-file-system", PLAIN }, { "open-noatime", PLAIN },    { "partial", PLAIN },
	{ "preallocate", PLAIN },     { "safe-links", SAFE },     { "size-only", PLAIN },        { "sparse", PLAIN },
	{ "use-qsort", PLAIN },       { "whole-file", PLAIN },     { "no-r", PLAIN },             { "no-W", PLAIN },
	{ "delete", DELETES },        { "delete-after", DELETES }, { "delete-before", DELETES },  { "delete-delay", DELETES },
	{ "delete-during", DELETES }, { "delete-excluded", DELETES }, { "delete-missing-args", DELETES }, { "force", DELETES },
	{ "remove-sent-files", DELETES }, { "remove-source-files", DELETES },
	{ "bwlimit", VALUE },         { "checksum-choice", VALUE }, { "checksum-seed", VALUE },   { "compress-choice", VALUE },
	{ "compress-level", VALUE },  { "debug", VALUE },          { "info", VALUE },             { "log-format", VALUE },
	{ "max-alloc", VALUE },       { "max-delete", VALUE },     { "max-size", VALUE },         { "min-size", VALUE },
	{ "modify-window", VALUE },   { "out-format", VALUE },     { "skip-compress", VALUE },    { "stop-after", VALUE },
	{ "suffix", VALUE },          { "timeout", VALUE },        { "zc", VALUE },
	{ "backup-dir", NEXT_WRITE }, { "partial-dir", NEXT_WRITE }, { "temp-dir", NEXT_WRITE },
	{ "compare-dest", NEXT_READ }, { "copy-dest", NEXT_READ },  { "link-dest", NEXT_LINK },
};

static bool climbs(const char *path)
{
	for (const char *c = path; (c = strstr(c, "..")) != NULL; c++) {
		if ((c == path || c[-1] == '/') && (c[2] == '/' || c[2] == '\0'))
			return true;
	}
	return false;
}

/* A directory that an option names. A relative one lies below where files go, which is judged as a tree. */
static int rsync_dir(struct transfer_plan *p, enum rsync_what what, const char *dir)
{
	int r = ERR_OK;

	if (dir[0] == '~' || climbs(dir))
		return refuse(p, "a directory that an option of rsync names must be absolute, or lie below where files go", dir);
	if (dir[0] != '/')
		return ERR_OK;
	/* A link to a file is a second name for it: who writes to the one writes to the other. */
	if (what != NEXT_READ)
		r = add(p, FILE_WRITE, true, dir);
	return r < 0 || what == NEXT_WRITE ? r : add(p, FILE_READ, true, dir);
}

static int rsync_cluster(struct transfer_plan *p, const char *word)
{
	for (const char *c = word + 1; *c != '\0'; c++) {
		if (*c == 'e') {
			if (c[1] != '.' || strspn(c + 2, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.") != strlen(c + 2))
				return refuse(p, "rsync is told of another shell", word);
			return ERR_OK;
		}
		if (*c == 's')
			return refuse(p, "rsync's paths would come where they cannot be seen (-s, --secluded-args)", word);
		if (*c == 'B' && c[1] != '\0' && strspn(c + 1, "0123456789") == strlen(c + 1))
			return ERR_OK;
		if (strchr(rsync_letters, *c) == NULL)
			return refuse(p, "an option of rsync that is not in its table", word);
		p->recursive = p->recursive || *c == 'r' || *c == 'd';
		p->links = p->links || *c == 'l';
	}
	return ERR_OK;
}

static int rsync_option(struct transfer_plan *p, const char *const *argv, size_t argc, size_t *i, bool *deletes)
{
	const char *word = argv[*i], *eq = strchr(word, '=');
	size_t n = eq != NULL ? (size_t)(eq - word) - 2 : strlen(word) - 2;

	for (size_t k = 0; k < sizeof(rsync_options) / sizeof(*rsync_options); k++) {
		enum rsync_what what = rsync_options[k].what;

		if (strlen(rsync_options[k].name) != n || memcmp(rsync_options[k].name, word + 2, n) != 0)
			continue;
		if ((eq != NULL) != (what == VALUE) && !(what >= NEXT_WRITE && eq != NULL))
			break;
		if (what == DELETES)
			*deletes = true;
		if (what == SAFE)
			p->safe_links = true;
		if (what < NEXT_WRITE)
			return ERR_OK;
		if (eq != NULL)
			return rsync_dir(p, what, eq + 1);
		if (++*i >= argc)
			break;
		return rsync_dir(p, what, argv[*i]);
	}
	return refuse(p, "an option of rsync that is not in its table", word);
}

static int rsync_read(const char *const *argv, size_t argc, struct transfer_plan *p)
{
	bool sender = false, deletes = false;
	size_t i = 2;
	int r = ERR_OK;

	p->kind = TRANSFER_RSYNC;
	for (; i < argc && argv[i][0] == '-' && r == ERR_OK; i++) {
		if (strcmp(argv[i], "--sender") == 0)
			sender = true;
		else if (argv[i][1] == '-')
			r = rsync_option(p, argv, argc, &i, &deletes);
		else
			r = rsync_cluster(p, argv[i]);
	}
	if (r < 0)
		return r;
	if (i >= argc || strcmp(argv[i], ".") != 0 || i + 1 == argc)
		return refuse(p, "rsync --server is not given its paths as rsync's client gives them", NULL);
	if (!sender && argc - i != 2)
		return refuse(p, "rsync receives into one path", NULL);
	/* A link in the tree that leads out of it, and a file sent through it, would be a way around every rule. */
	if (!sender && p->links && !p->safe_links)
		return refuse(p, "rsync would make symbolic links that lead anywhere; add --safe-links, or --no-links", NULL);
	for (i++; i < argc && r == ERR_OK; i++) {
		if (sender && strpbrk(argv[i], "*?[") != NULL)
			return refuse(p, "rsync would look for names by a pattern; name the directory or the files", argv[i]);
		/* Into a file's name or into a directory of it: which is known there only. */
		r = add(p, sender ? FILE_READ : FILE_WRITE, !sender || p->recursive, argv[i]);
		if (r == ERR_OK && deletes)
			r = add(p, FILE_DELETE, !sender || p->recursive, argv[i]);
	}
	return r;
}

/* ---- both ---- */

bool transfer_is(const char *const *argv, size_t argc)
{
	if (argc < 2)
		return false;
	return strcmp(base(argv[0]), "scp") == 0 ? scp_far(argv, argc) : strcmp(base(argv[0]), "rsync") == 0 && strcmp(argv[1], "--server") == 0;
}

int transfer_read(const char *const *argv, size_t argc, struct transfer_plan *out)
{
	memset(out, 0, sizeof(*out));
	if (!transfer_is(argv, argc))
		return ERR_NOTFOUND;
	return strcmp(base(argv[0]), "scp") == 0 ? scp_read(argv, argc, out) : rsync_read(argv, argc, out);
}

const char *transfer_name(enum transfer t)
{
	return t == TRANSFER_RSYNC ? "rsync" : t == TRANSFER_NONE ? "" : "scp";
}
