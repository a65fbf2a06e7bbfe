/* Masking: what stands where a secret's value should be, and is none: null, ****, ${VAR}, <your token>, program text. */
#include "policy/mask_int.h"

static bool value_is(const uint8_t *v, size_t n, const char *word)
{
	size_t i = 0;

	for (; i < n && word[i] != '\0'; i++) {
		if ((mask_alpha(v[i]) ? v[i] | 0x20 : v[i]) != (uint8_t)word[i])
			return false;
	}
	return i == n && word[i] == '\0';
}

static bool value_in(const uint8_t *v, size_t n, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (value_is(v, n, *words))
			return true;
	}
	return false;
}

static bool value_all(const uint8_t *v, size_t n, uint8_t c)
{
	for (size_t i = 0; i < n; i++) {
		if ((v[i] | 0x20) != (c | 0x20))
			return false;
	}
	return true;
}

/* $NAME, $NAME::x, ${…}, $(…, but not $2b$10$… */
static bool value_reference(const uint8_t *v, size_t n)
{
	size_t i = 1;

	if (n < 2 || v[0] != '$')
		return false;
	if (v[1] == '{' || v[1] == '(')
		return true;
	while (i < n && (mask_is(v[i], CLS_WORD) || v[i] == ':') && !(i == 1 && mask_digit(v[i])))
		i++;
	return i == n;
}

/* /etc/ssl/key.pem, $dir/key.pem, ~/.ssh/key: where a secret lies, not what it is. */
static bool value_path(const uint8_t *v, size_t n)
{
	size_t slashes = 0;

	if (v[0] != '/' && v[0] != '$' && v[0] != '~' && !(v[0] == '.' && n > 1 && v[1] == '/'))
		return false;
	for (size_t i = 0; i < n; i++) {
		slashes += v[i] == '/';
		if (!(v[i] >= 'a' && v[i] <= 'z') && !mask_digit(v[i]) && strchr("/._-$~", v[i]) == NULL)
			return false;
	}
	return slashes >= 2;
}

/* Says of itself that it is no value. */
bool mask_value_none(const uint8_t *v, size_t n)
{
	static const char *const words[] = { "null", "none", "nil", "true", "false", "undefined", "yes", "no", "redacted",
		"hidden", "required", "optional", NULL };

	if (n < 2 || value_in(v, n, words) || value_reference(v, n) || value_path(v, n))
		return true;
	if (n >= 3 && (value_all(v, n, '*') || value_all(v, n, 'x') || value_all(v, n, '.')))
		return true;
	if (n >= 3 && v[0] == '<' && v[n - 1] == '>')
		return true;
	if (n >= 4 && ((v[0] == '{' && v[1] == '{') || (v[0] == '%' && (v[1] == '(' || v[1] == '{'))))
		return true;
	if (n == 2 && v[0] == '%' && mask_alpha(v[1]))
		return true;
	return n >= 8 && memcmp(v, "[masked:", 8) == 0;
}

bool mask_value_digits(const uint8_t *v, size_t n)
{
	size_t i = 0;

	while (i < n && mask_digit(v[i]))
		i++;
	return i == n;
}

/* Reads as program text, not as a value: a call, a type, a member. spaced: blanks stood around the delimiter. */
bool mask_value_code(const uint8_t *v, size_t n, bool spaced, bool colon, uint8_t after)
{
	static const char *const types[] = { "string", "str", "&str", "char", "char*", "bool", "boolean", "int", "uint",
		"integer", "number", "object", "any", "bytes", "byte", "[]byte", "text", "array", "list", "float", "void",
		"self", "this", "const", "static", "struct", "func", "function", "lambda", "new", "await", "not", "if", "a",
		"the", "is", "an", "in", "for", "to", "of", "and", "or", "option", "vec", "public", "private", "protected", "virtual",
		"class", "typename", "unicode", "module", "union", "enum", "zero", "files", "compat", NULL };
	static const char *const heads[] = { "self.", "this.", "request.", "args.", "config.", "conf.", "cfg.", "options.",
		"opts.", "settings.", "params.", "ctx.", "context.", "typing.", "process.", "os.", "cls.", "env.", "self->", "ctx->",
		NULL };
	size_t i = 0;

	while (i < n && (mask_is(v[i], CLS_WORD) || v[i] == '.' || (v[i] == ':' && colon) || v[i] == '-' || v[i] == '>' ||
	       v[i] == '&' || v[i] == '*'))
		i++;
	/* name(…, name[…, or (… on its own: a call or an expression. */
	if (i < n && (v[i] == '(' || (v[i] == '[' && (spaced || colon))) && (spaced || i > 0))
		return true;
	for (size_t k = 0; heads[k] != NULL; k++) {
		if (n > strlen(heads[k]) && memcmp(v, heads[k], strlen(heads[k])) == 0)
			return true;
	}
	/* An enumeration: NAME = 11, */
	if (spaced && !colon && (after == ',' || after == ';') && n <= 4 && mask_value_digits(v, n))
		return true;
	if ((spaced || colon) && i == n && (after == ';' || after == '('))
		return true;
	while (n > 0 && (v[n - 1] == '?' || v[n - 1] == '|' || v[n - 1] == '*' || v[n - 1] == '>'))
		n--;
	/* `bool = False,` behind a parameter's name. */
	for (i = 0; colon && i < n; i++) {
		if (v[i] == ' ' && i + 1 < n && v[i + 1] == '=') {
			n = i;
			break;
		}
	}
	return n == 0 || ((spaced || colon) && value_in(v, n, types));
}
