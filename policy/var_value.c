/* What values of variables are nothing but what they say: no file, no program, no other reading of bytes. */
#include <string.h>

#include "policy/walk.h"

/* Languages by their names: translations of any other file are formats, and to scripts of bash code. */
static bool value_languages(const char *value, size_t len)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@:-";

	for (size_t i = 0; i < len; i++) {
		if (memchr(plain, value[i], sizeof(plain) - 1) == NULL || (value[i] == '.' && i > 0 && value[i - 1] == '.'))
			return false;
	}
	return true;
}

/* A time zone by its name or its rule, not from any file. */
static bool value_zone(const char *value, size_t len)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-,/<>.:";
	size_t from = len > 0 && value[0] == ':' ? 1 : 0;

	for (size_t i = 0; i < len; i++) {
		if (memchr(plain, value[i], sizeof(plain) - 1) == NULL || (value[i] == '.' && i > 0 && value[i - 1] == '.'))
			return false;
	}
	return len == from || value[from] != '/';
}

bool var_value_plain(const char *name, size_t n, const char *value, size_t len)
{
	static const char *const whole[] = { "", "C", "POSIX" }, *const ends[] = { ".UTF-8", ".utf-8", ".UTF8", ".utf8" };
	const char *at = memchr(value, '@', len);
	size_t digits = 0;

	if (n == 2 && memcmp(name, "TZ", 2) == 0)
		return value_zone(value, len);
	if (n == 8 && memcmp(name, "LANGUAGE", 8) == 0)
		return value_languages(value, len);
	if (!(n == 4 && memcmp(name, "LANG", 4) == 0) && !(n > 3 && memcmp(name, "LC_", 3) == 0))
		return true;
	for (unsigned i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		if (strlen(whole[i]) == len && memcmp(whole[i], value, len) == 0)
			return true;
	}
	while (digits < len && value[digits] >= '0' && value[digits] <= '9')
		digits++;
	if (digits == len)
		return true; /* of no locale the name: C it is then */
	len = at != NULL ? (size_t)(at - value) : len;
	for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t k = strlen(ends[i]);

		if (len > k && memcmp(value + len - k, ends[i], k) == 0)
			return true;
	}
	return false;
}

/* Dangerous variables that are not, with a value known to the byte: no pager, and a configuration of the host's own. */
bool var_value_harmless(const char *name, size_t n, const struct field *value)
{
	if (value->kind != CONFIDENCE_EXACT)
		return false;
	if (n >= 5 && memcmp(name + n - 5, "PAGER", 5) == 0)
		return value->n == 0 || strcmp(value->p, "cat") == 0;
	if ((n == 7 && memcmp(name, "COLUMNS", 7) == 0) || (n == 5 && memcmp(name, "LINES", 5) == 0))
		return value->n > 0 && value->n < 6 && strspn(value->p, "0123456789") == value->n;
	if (n == 10 && memcmp(name, "KUBECONFIG", 10) == 0)
		return strncmp(value->p, "/etc/", 5) == 0 && strstr(value->p, "..") == NULL && strchr(value->p, ':') == NULL;
	if (n == 15 && memcmp(name, "DEBIAN_FRONTEND", 15) == 0) {
		/* Part of the name of a module that debconf loads. */
		for (uint32_t i = 0; i < value->n; i++) {
			if ((value->p[i] | 0x20) < 'a' || (value->p[i] | 0x20) > 'z')
				return false;
		}
		return true;
	}
	return false;
}
