/* Command patterns of rules: restrictions of kubectl and oc, which take several names for one kind of object, lists of kinds, and KIND/NAME for two
 * words. Both sides are written in one way, and held against each other by words. */
#include <string.h>

#include "policy/pattern_fit.h"
#include "policy/walk.h"

/* One kind a line of names; a plural in s needs no name of its own. */
static const char *const kinds[][4] = {
	{ "certificatesigningrequest", "csr" }, { "clusterrole" }, { "clusterrolebinding" }, { "componentstatus", "componentstatuses", "cs" }, { "configmap", "cm" },
	{ "cronjob", "cj" }, { "customresourcedefinition", "crd" }, { "daemonset", "ds" }, { "deployment", "deploy" }, { "deploymentconfig", "dc" }, { "endpoint", "ep" },
	{ "event", "ev" }, { "horizontalpodautoscaler", "hpa" }, { "ingress", "ingresses", "ing" }, { "job" }, { "limitrange", "limits" },
	{ "namespace", "ns", "project" }, { "networkpolicy", "networkpolicies", "netpol" }, { "node", "no" }, { "persistentvolume", "pv" }, { "persistentvolumeclaim", "pvc" },
	{ "pod", "po" }, { "poddisruptionbudget", "pdb" }, { "priorityclass", "priorityclasses", "pc" }, { "replicaset", "rs" }, { "replicationcontroller", "rc" },
	{ "resourcequota", "quota" }, { "role" }, { "rolebinding" }, { "route" }, { "secret" }, { "service", "svc" }, { "serviceaccount", "sa" }, { "statefulset", "sts" },
	{ "storageclass", "storageclasses", "sc" },
};

enum { OBJECT_WORDS = 256, OBJECT_TEXT = 8192 };

/* Words that were written anew. */
struct room {
	char text[OBJECT_TEXT];
	size_t used;
};

/* The first name of a kind, with its group and version cut off, however its letters are written. NULL: it is none. */
static const char *object_kind(const char *p, size_t n)
{
	const char *dot = memchr(p, '.', n);
	size_t len = dot != NULL ? (size_t)(dot - p) : n;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (unsigned k = 0; k < 4 && kinds[i][k] != NULL; k++) {
			size_t m = strlen(kinds[i][k]);

			if (strncasecmp(kinds[i][k], p, m < len ? m : len) == 0 && (len == m || (len == m + 1 && (p[m] == 's' || p[m] == 'S'))))
				return kinds[i][0];
		}
	}
	return NULL;
}

static const char *room_copy(struct room *r, const char *p, size_t n)
{
	char *at = r->text + r->used;

	if (n + 1 > sizeof(r->text) - r->used)
		return NULL;
	memcpy(at, p, n);
	at[n] = '\0';
	r->used += n + 1;
	return at;
}

/* The parts of a word, by comma and slash, each a kind by its first name or what it is. How many were put in out; -1: no room. */
static int object_parts(struct room *r, const char *p, size_t n, const char **out, unsigned cap)
{
	unsigned count = 0;

	for (size_t i = 0; i <= n;) {
		size_t b = i;
		const char *kind;

		while (i < n && p[i] != ',' && p[i] != '/')
			i++;
		kind = object_kind(p + b, i - b);
		if (count == cap || (out[count] = room_copy(r, kind != NULL ? kind : p + b, kind != NULL ? strlen(kind) : i - b)) == NULL)
			return -1;
		count++;
		i++;
	}
	return (int)count;
}

/* A path, an address or an option is no object. */
static bool object_word(const char *p, size_t n)
{
	return n > 0 && p[0] != '-' && p[0] != '/' && p[0] != '.' && p[0] != '~' && memchr(p, ':', n) == NULL;
}

static bool object_fits(const struct fit *q)
{
	const struct pattern *p = q->p;
	const struct act *a = q->a;
	struct pword words[PATTERN_WORDS];
	struct field argv[OBJECT_WORDS];
	const char *parts[OBJECT_WORDS];
	struct room room;
	struct pattern rule = { .words = words, .n = 1, .open = p->open };
	struct act act;
	struct fit again = *q;

	room.used = 0;
	words[0] = p->words[0];
	for (unsigned i = 1; i < p->n; i++) {
		const struct pword *w = &p->words[i];
		int n = 0;

		if (w->literal && object_word(w->plain, strlen(w->plain)))
			n = object_parts(&room, w->plain, strlen(w->plain), parts, PATTERN_WORDS - rule.n);
		if (n < 0 || rule.n == PATTERN_WORDS)
			return true;
		for (int k = 0; k < n; k++)
			words[rule.n++] = (struct pword){ .text = parts[k], .plain = parts[k], .literal = true };
		if (n == 0)
			words[rule.n++] = *w;
	}
	act = *a;
	act.argv = argv;
	act.argc = 1;
	argv[0] = a->argv[0];
	for (unsigned i = 1; i < a->argc; i++) {
		const struct field *f = &a->argv[i];
		int n = 0;

		if (f->kind == CONFIDENCE_EXACT && object_word(f->p, f->n))
			n = object_parts(&room, f->p, f->n, parts, OBJECT_WORDS - act.argc);
		if (n < 0 || act.argc == OBJECT_WORDS)
			return true;
		for (int k = 0; k < n; k++) {
			argv[act.argc] = *f;
			argv[act.argc].p = parts[k];
			argv[act.argc++].n = (uint32_t)strlen(parts[k]);
		}
		if (n == 0)
			argv[act.argc++] = *f;
	}
	again.p = &rule;
	again.a = &act;
	return loose_match(&again);
}

bool object_match(const struct fit *q)
{
	const struct tool *root = tool_root(q->a->tool);

	return root != NULL && (root->flags & TOOL_OBJECTS) != 0 && q->p->n > 1 && q->a->argc > 1 && object_fits(q);
}
