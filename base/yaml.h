/* Strict YAML: a document as a tree in which every node knows its place, and a small schema walker over it.
 *
 * What is refused: more than one document, duplicate keys, keys that are not plain scalars, anchors, aliases, tags,
 * depth over 16, more than 65,536 nodes, more than 1 MiB. Scalars stay text: nothing guesses that `no` is a boolean.
 * A mistake is one line in `errors`: "file:line:column: what is wrong, and what to write instead\n". The walker goes on
 * after a mistake so that one run shows them all. */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	unsigned line, column; /* 1-based */
	unsigned end_line;     /* line after the node's last one, for cutting its text out of the file */
	const char *text;      /* scalar: NUL-terminated UTF-8, no NUL inside; else NULL */
	size_t len;
	bool quoted;           /* scalar was written in quotes or as a block */
	size_t n;              /* list: items; map: pairs */
	struct yaml_node **items; /* list items, or map values */
	const char **keys;        /* map keys */
	unsigned *key_lines, *key_columns;
};

struct yaml_doc {
	struct yaml_node *root; /* never NULL after yaml_parse() returned ERR_OK; an empty file is an empty map */
	char *name;             /* of the file, for messages */
	struct buf *errors;     /* where mistakes go; the caller's */
	unsigned mistakes;
	void *blocks;           /* internal */
	size_t nnodes;
};

/* Parses. errors is the caller's buffer and must outlive the document. ERR_OK, ERR_MALFORMED (errors says why), ERR_NOMEM,
 * ERR_LIMIT. The document must be freed with yaml_free() in every case. */
int yaml_parse(struct yaml_doc *d, const char *name, const void *text, size_t len, struct buf *errors);
/* libyaml has an exported yaml_free() of its own and calls it through the dynamic linker: a function of that name in a
 * program stands in for it, and the heap is broken at the first parse. So this one has another name behind the scenes. */
#define yaml_free yaml_doc_free
void yaml_free(struct yaml_doc *d);

/* Notes a mistake at a node (NULL: at the file). */
void yaml_error(struct yaml_doc *d, const struct yaml_node *at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The value of a key, NULL when the map has none (or m is not a map). */
const struct yaml_node *yaml_get(const struct yaml_node *m, const char *key);

/* Reports every key of map m that is not in the NULL-terminated list, naming the nearest one that is. Reports m itself when
 * it is not a map. Returns false when anything was reported. */
bool yaml_known_keys(struct yaml_doc *d, const struct yaml_node *m, const char *what, const char *const *keys);

/* Typed getters. When the key is missing they leave *out alone and return false (required reports it); a value of the
 * wrong form is reported and false is returned. Strings point into the document. */
bool yaml_str(struct yaml_doc *d, const struct yaml_node *m, const char *key, bool required, const char **out);
bool yaml_bool(struct yaml_doc *d, const struct yaml_node *m, const char *key, bool *out);
bool yaml_uint(struct yaml_doc *d, const struct yaml_node *m, const char *key, uint64_t min, uint64_t max, uint64_t *out);

/* A duration as whole seconds: "90s", "15m", "8h", "30d"; a bare number is refused (a unit says what is meant). */
bool yaml_seconds(struct yaml_doc *d, const struct yaml_node *m, const char *key, uint64_t min, uint64_t max, uint64_t *out);
bool yaml_parse_seconds(const char *text, uint64_t *out);

/* One of the words of a NULL-terminated list; *out is its index. */
bool yaml_choice(struct yaml_doc *d, const struct yaml_node *m, const char *key, const char *const *words, unsigned *out);

/* A list of strings, or one string where a list of one is meant. *out is an array of *n pointers into the document that the
 * caller frees with free(). */
bool yaml_strs(struct yaml_doc *d, const struct yaml_node *m, const char *key, bool required, const char ***out, size_t *n);

/* A child that must be a map (or list); NULL when missing or reported. */
const struct yaml_node *yaml_map(struct yaml_doc *d, const struct yaml_node *m, const char *key, bool required);
const struct yaml_node *yaml_list(struct yaml_doc *d, const struct yaml_node *m, const char *key, bool required);

#endif
