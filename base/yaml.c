/* Strict YAML trees over libyaml's event parser. The file comes from an operator; it is bounded and checked all the same,
 * since a half-understood configuration is an open door. */
#include "base/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/err.h"

enum { YAML_DEPTH_MAX = 16, YAML_NODES_MAX = 65536, YAML_BYTES_MAX = 1 << 20 };

/* Everything allocated for a document hangs on one list, and goes in one sweep. */
struct block {
	struct block *next;
	max_align_t mem[];
};

static void *take(struct yaml_doc *d, size_t n)
{
	struct block *b = calloc(1, sizeof(*b) + n);

	if (b == NULL)
		return NULL;
	b->next = d->blocks;
	d->blocks = b;
	return b->mem;
}

void yaml_free(struct yaml_doc *d)
{
	struct block *b, *next;

	if (d == NULL)
		return;
	for (b = d->blocks; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	d->blocks = NULL;
	d->root = NULL;
}

static void note(struct yaml_doc *d, unsigned line, unsigned column, const char *fmt, va_list ap)
{
	char text[512];

	d->mistakes++;
	if (d->errors == NULL)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	for (char *p = text; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	}
	if (line > 0)
		(void)buf_printf(d->errors, "%s:%u:%u: %s\n", d->name, line, column, text);
	else
		(void)buf_printf(d->errors, "%s: %s\n", d->name, text);
}

static void note_at(struct yaml_doc *d, unsigned line, unsigned column, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static void note_at(struct yaml_doc *d, unsigned line, unsigned column, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(d, line, column, fmt, ap);
	va_end(ap);
}

void yaml_error(struct yaml_doc *d, const struct yaml_node *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(d, at != NULL ? at->line : 0, at != NULL ? at->column : 0, fmt, ap);
	va_end(ap);
}

static struct yaml_node *node_new(struct yaml_doc *d, enum yaml_kind kind, const yaml_event_t *ev)
{
	struct yaml_node *n;

	if (++d->nnodes > YAML_NODES_MAX)
		return NULL;
	n = take(d, sizeof(*n));
	if (n == NULL)
		return NULL;
	n->kind = kind;
	n->line = (unsigned)ev->start_mark.line + 1;
	n->column = (unsigned)ev->start_mark.column + 1;
	n->end_line = (unsigned)ev->end_mark.line + 1;
	return n;
}

/* Room for one more child: the arrays double, the old ones stay in the document's blocks until yaml_free(). */
static int node_grow(struct yaml_doc *d, struct yaml_node *n)
{
	size_t cap = n->n < 4 ? 4 : n->n * 2;
	struct yaml_node **items;
	const char **keys;
	unsigned *lines, *columns;

	if (n->n != 0 && (n->n < 4 || (n->n & (n->n - 1)) != 0))
		return ERR_OK;
	items = take(d, cap * sizeof(*items));
	keys = take(d, cap * sizeof(*keys));
	lines = take(d, cap * sizeof(*lines));
	columns = take(d, cap * sizeof(*columns));
	if (items == NULL || keys == NULL || lines == NULL || columns == NULL)
		return ERR_NOMEM;
	if (n->n > 0) {
		memcpy(items, n->items, n->n * sizeof(*items));
		memcpy(keys, n->keys, n->n * sizeof(*keys));
		memcpy(lines, n->key_lines, n->n * sizeof(*lines));
		memcpy(columns, n->key_columns, n->n * sizeof(*columns));
	}
	n->items = items;
	n->keys = keys;
	n->key_lines = lines;
	n->key_columns = columns;
	return ERR_OK;
}

static int next_event(struct yaml_doc *d, yaml_parser_t *y, yaml_event_t *ev)
{
	if (yaml_parser_parse(y, ev))
		return ERR_OK;
	note_at(d, (unsigned)y->problem_mark.line + 1, (unsigned)y->problem_mark.column + 1, "not YAML: %s",
		y->problem != NULL ? y->problem : "cannot be read");
	return ERR_MALFORMED;
}

static int build(struct yaml_doc *d, yaml_parser_t *y, yaml_event_t *ev, unsigned depth, struct yaml_node **out);

static int build_scalar(struct yaml_doc *d, const yaml_event_t *ev, struct yaml_node **out)
{
	struct yaml_node *n = node_new(d, YAML_SCALAR, ev);
	char *text;

	if (n == NULL)
		return ERR_LIMIT;
	if (memchr(ev->data.scalar.value, '\0', ev->data.scalar.length) != NULL) {
		yaml_error(d, n, "a NUL character is not allowed");
		return ERR_MALFORMED;
	}
	text = take(d, ev->data.scalar.length + 1);
	if (text == NULL)
		return ERR_NOMEM;
	memcpy(text, ev->data.scalar.value, ev->data.scalar.length);
	n->text = text;
	n->len = ev->data.scalar.length;
	n->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	*out = n;
	return ERR_OK;
}

static int build_list(struct yaml_doc *d, yaml_parser_t *y, yaml_event_t *start, unsigned depth, struct yaml_node **out)
{
	struct yaml_node *n = node_new(d, YAML_LIST, start);
	yaml_event_t ev;
	int r;

	if (n == NULL)
		return ERR_LIMIT;
	*out = n;
	for (;;) {
		r = next_event(d, y, &ev);
		if (r < 0)
			return r;
		if (ev.type == YAML_SEQUENCE_END_EVENT) {
			n->end_line = (unsigned)ev.end_mark.line + 1;
			yaml_event_delete(&ev);
			return ERR_OK;
		}
		r = node_grow(d, n);
		if (r >= 0)
			r = build(d, y, &ev, depth + 1, &n->items[n->n]);
		yaml_event_delete(&ev);
		if (r < 0)
			return r;
		n->n++;
	}
}

static int build_map(struct yaml_doc *d, yaml_parser_t *y, yaml_event_t *start, unsigned depth, struct yaml_node **out)
{
	struct yaml_node *n = node_new(d, YAML_MAP, start), *key;
	yaml_event_t ev;
	int r;

	if (n == NULL)
		return ERR_LIMIT;
	*out = n;
	for (;;) {
		r = next_event(d, y, &ev);
		if (r < 0)
			return r;
		if (ev.type == YAML_MAPPING_END_EVENT) {
			n->end_line = (unsigned)ev.end_mark.line + 1;
			yaml_event_delete(&ev);
			return ERR_OK;
		}
		key = NULL;
		r = build(d, y, &ev, depth + 1, &key);
		yaml_event_delete(&ev);
		if (r < 0)
			return r;
		if (key->kind != YAML_SCALAR) {
			yaml_error(d, key, "a key must be a plain word");
			return ERR_MALFORMED;
		}
		for (size_t i = 0; i < n->n; i++) {
			if (strcmp(n->keys[i], key->text) == 0)
				yaml_error(d, key, "key \"%s\" stands twice (first on line %u): keep one", key->text,
					   n->key_lines[i]);
		}
		r = node_grow(d, n);
		if (r < 0)
			return r;
		n->keys[n->n] = key->text;
		n->key_lines[n->n] = key->line;
		n->key_columns[n->n] = key->column;
		r = next_event(d, y, &ev);
		if (r < 0)
			return r;
		r = build(d, y, &ev, depth + 1, &n->items[n->n]);
		yaml_event_delete(&ev);
		if (r < 0)
			return r;
		n->n++;
	}
}

static int build(struct yaml_doc *d, yaml_parser_t *y, yaml_event_t *ev, unsigned depth, struct yaml_node **out)
{
	const unsigned char *anchor = NULL, *tag = NULL;
	unsigned line = (unsigned)ev->start_mark.line + 1, column = (unsigned)ev->start_mark.column + 1;

	if (depth > YAML_DEPTH_MAX) {
		note_at(d, line, column, "nested deeper than %d levels", YAML_DEPTH_MAX);
		return ERR_LIMIT;
	}
	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		anchor = ev->data.scalar.anchor;
		tag = ev->data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = ev->data.sequence_start.anchor;
		tag = ev->data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = ev->data.mapping_start.anchor;
		tag = ev->data.mapping_start.tag;
		break;
	default:
		break;
	}
	if (ev->type == YAML_ALIAS_EVENT || anchor != NULL || tag != NULL) {
		note_at(d, line, column, "anchors, aliases and tags are not allowed: write the value out");
		return ERR_MALFORMED;
	}
	if (ev->type == YAML_SCALAR_EVENT)
		return build_scalar(d, ev, out);
	if (ev->type == YAML_SEQUENCE_START_EVENT)
		return build_list(d, y, ev, depth, out);
	if (ev->type == YAML_MAPPING_START_EVENT)
		return build_map(d, y, ev, depth, out);
	note_at(d, line, column, "a value was expected here");
	return ERR_MALFORMED;
}

static int parse_document(struct yaml_doc *d, yaml_parser_t *y)
{
	yaml_event_t ev;
	yaml_event_type_t type;
	bool have = false;
	int r;

	for (;;) {
		r = next_event(d, y, &ev);
		if (r < 0)
			return r;
		type = ev.type;
		if (type == YAML_DOCUMENT_START_EVENT && have) {
			note_at(d, (unsigned)ev.start_mark.line + 1, 1, "only one document a file: remove the second ---");
			r = ERR_MALFORMED;
		} else if (type != YAML_STREAM_START_EVENT && type != YAML_STREAM_END_EVENT &&
			   type != YAML_DOCUMENT_START_EVENT && type != YAML_DOCUMENT_END_EVENT) {
			r = build(d, y, &ev, 0, &d->root);
			have = true;
		}
		yaml_event_delete(&ev);
		if (r < 0)
			return r;
		if (type == YAML_STREAM_END_EVENT)
			return ERR_OK;
	}
}

int yaml_parse(struct yaml_doc *d, const char *name, const void *text, size_t len, struct buf *errors)
{
	yaml_parser_t y;
	int r;

	memset(d, 0, sizeof(*d));
	d->errors = errors;
	d->name = take(d, strlen(name) + 1);
	if (d->name == NULL)
		return ERR_NOMEM;
	memcpy(d->name, name, strlen(name) + 1);
	if (len > YAML_BYTES_MAX) {
		yaml_error(d, NULL, "larger than %d bytes", YAML_BYTES_MAX);
		return ERR_LIMIT;
	}
	if (!yaml_parser_initialize(&y))
		return ERR_NOMEM;
	yaml_parser_set_input_string(&y, text, len);
	r = parse_document(d, &y);
	yaml_parser_delete(&y);
	if (r >= 0 && d->root == NULL) {
		d->root = take(d, sizeof(*d->root));
		if (d->root == NULL)
			return ERR_NOMEM;
		d->root->kind = YAML_MAP;
		d->root->line = d->root->column = 1;
	}
	if (r == ERR_LIMIT && d->mistakes == 0)
		yaml_error(d, NULL, "too large");
	return r >= 0 && d->mistakes > 0 ? ERR_MALFORMED : r;
}

const struct yaml_node *yaml_get(const struct yaml_node *m, const char *key)
{
	if (m == NULL || m->kind != YAML_MAP)
		return NULL;
	for (size_t i = 0; i < m->n; i++) {
		if (strcmp(m->keys[i], key) == 0)
			return m->items[i];
	}
	return NULL;
}

/* Levenshtein distance, capped: a hint for a mistyped key. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[34], diag, up;
	size_t na = strlen(a), nb = strlen(b);

	if (na > 32 || nb > 32)
		return 99;
	for (size_t j = 0; j <= nb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		diag = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			up = row[j];
			unsigned best = diag + (a[i - 1] != b[j - 1]);
			if (up + 1 < best)
				best = up + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			diag = up;
		}
	}
	return row[nb];
}

static void unknown_key(struct yaml_doc *d, const struct yaml_node *m, size_t i, const char *what, const char *const *keys)
{
	struct yaml_node at = { .line = m->key_lines[i], .column = m->key_columns[i] };
	const char *best = NULL;
	unsigned least = 4, x;
	char list[256] = "";

	for (size_t k = 0; keys[k] != NULL; k++) {
		x = distance(m->keys[i], keys[k]);
		if (x < least) {
			least = x;
			best = keys[k];
		}
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", k > 0 ? ", " : "", keys[k]);
	}
	if (best != NULL)
		yaml_error(d, &at, "%s has no key \"%s\": did you mean \"%s\"?", what, m->keys[i], best);
	else
		yaml_error(d, &at, "%s has no key \"%s\"; it knows: %s", what, m->keys[i], list);
}

bool yaml_known_keys(struct yaml_doc *d, const struct yaml_node *m, const char *what, const char *const *keys)
{
	unsigned before = d->mistakes;
	size_t k;

	if (m == NULL || m->kind != YAML_MAP) {
		yaml_error(d, m, "%s must be a map (key: value)", what);
		return false;
	}
	for (size_t i = 0; i < m->n; i++) {
		for (k = 0; keys[k] != NULL && strcmp(keys[k], m->keys[i]) != 0; k++)
			;
		if (keys[k] == NULL)
			unknown_key(d, m, i, what, keys);
	}
	return d->mistakes == before;
}

static const struct yaml_node *child(struct yaml_doc *d, const struct yaml_node *m, const char *key, bool required)
{
	const struct yaml_node *n = yaml_get(m, key);

	if (n == NULL && required)
		yaml_error(d, m, "\"%s\" is missing here", key);
	return n;
}

bool yaml_str(struct yaml_doc *d, const struct yaml_node *m, const char *key, bool required, const char **out)
{
	const struct yaml_node *n = child(d, m, key, required);

	if (n == NULL)
		return false;
	if (n->kind != YAML_SCALAR) {
		yaml_error(d, n, "\"%s\" must be one string", key);
		return false;
	}
	*out = n->text;
	return true;
}

bool yaml_bool(struct yaml_doc *d, const struct yaml_node *m, const char *key, bool *out)
{
	const struct yaml_node *n = yaml_get(m, key);

	if (n == NULL)
		return false;
	if (n->kind == YAML_SCALAR && (strcmp(n->text, "true") == 0 || strcmp(n->text, "false") == 0)) {
		*out = n->text[0] == 't';
		return true;
	}
	yaml_error(d, n, "\"%s\" must be true or false", key);
	return false;
}

bool yaml_uint(struct yaml_doc *d, const struct yaml_node *m, const char *key, uint64_t min, uint64_t max, uint64_t *out)
{
	const struct yaml_node *n = yaml_get(m, key);
	uint64_t v = 0;

	if (n == NULL)
		return false;
	if (n->kind == YAML_SCALAR && n->len > 0 && n->len < 20 && strspn(n->text, "0123456789") == n->len) {
		v = strtoull(n->text, NULL, 10);
		if (v >= min && v <= max) {
			*out = v;
			return true;
		}
	}
	yaml_error(d, n, "\"%s\" must be a whole number from %llu to %llu", key, (unsigned long long)min,
		   (unsigned long long)max);
	return false;
}

bool yaml_parse_seconds(const char *text, uint64_t *out)
{
	size_t n = strspn(text, "0123456789");
	uint64_t v, unit;

	if (n == 0 || n > 9 || text[n] == '\0' || text[n + 1] != '\0')
		return false;
	v = strtoull(text, NULL, 10);
	switch (text[n]) {
	case 's': unit = 1; break;
	case 'm': unit = 60; break;
	case 'h': unit = 3600; break;
	case 'd': unit = 86400; break;
	default: return false;
	}
	*out = v * unit;
	return true;
}

bool yaml_seconds(struct yaml_doc *d, const struct yaml_node *m, const char *key, uint64_t min, uint64_t max, uint64_t *out)
{
	const struct yaml_node *n = yaml_get(m, key);
	uint64_t v;

	if (n == NULL)
		return false;
	if (n->kind == YAML_SCALAR && yaml_parse_seconds(n->text, &v) && v >= min && v <= max) {
		*out = v;
		return true;
	}
	yaml_error(d, n, "\"%s\" must be a duration such as 90s, 15m, 8h or 30d, from %llus to %llus", key,
		   (unsigned long long)min, (unsigned long long)max);
	return false;
}

bool yaml_choice(struct yaml_doc *d, const struct yaml_node *m, const char *key, const char *const *words, unsigned *out)
{
	const struct yaml_node *n = yaml_get(m, key);
	char list[256] = "";

	if (n == NULL)
		return false;
	for (unsigned i = 0; words[i] != NULL; i++) {
		if (n->kind == YAML_SCALAR && strcmp(n->text, words[i]) == 0) {
			*out = i;
			return true;
		}
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i > 0 ? ", " : "", words[i]);
	}
	yaml_error(d, n, "\"%s\" must be one of: %s", key, list);
	return false;
}

bool yaml_strs(struct yaml_doc *d, const struct yaml_node *m, const char *key, bool required, const char ***out, size_t *count)
{
	const struct yaml_node *n = child(d, m, key, required), *item;
	size_t k;

	if (n == NULL)
		return false;
	k = n->kind == YAML_LIST ? n->n : 1;
	if (n->kind == YAML_MAP) {
		yaml_error(d, n, "\"%s\" must be a list of strings", key);
		return false;
	}
	*out = calloc(k > 0 ? k : 1, sizeof(**out));
	if (*out == NULL)
		return false;
	*count = k;
	for (size_t i = 0; i < k; i++) {
		item = n->kind == YAML_LIST ? n->items[i] : n;
		if (item->kind != YAML_SCALAR) {
			yaml_error(d, item, "\"%s\" must be a list of strings", key);
			free(*out);
			*out = NULL;
			*count = 0;
			return false;
		}
		(*out)[i] = item->text;
	}
	return true;
}

static const struct yaml_node *child_kind(struct yaml_doc *d, const struct yaml_node *m, const char *key, bool required,
					  enum yaml_kind kind)
{
	const struct yaml_node *n = child(d, m, key, required);

	if (n != NULL && n->kind != kind) {
		yaml_error(d, n, "\"%s\" must be a %s", key, kind == YAML_MAP ? "map (key: value)" : "list (- item)");
		return NULL;
	}
	return n;
}

const struct yaml_node *yaml_map(struct yaml_doc *d, const struct yaml_node *m, const char *key, bool required)
{
	return child_kind(d, m, key, required, YAML_MAP);
}

const struct yaml_node *yaml_list(struct yaml_doc *d, const struct yaml_node *m, const char *key, bool required)
{
	return child_kind(d, m, key, required, YAML_LIST);
}
