/* JSON Pointer; see jsonptr.h. Trusts the pointer (configuration), distrusts the document. */
#include "identity/jsonptr.h"

#include <string.h>

bool jsonptr_ok(const char *pointer)
{
	int depth = 0;

	if (pointer[0] != '\0' && pointer[0] != '/')
		return false;
	if (strnlen(pointer, JSONPTR_MAX + 1) > JSONPTR_MAX)
		return false;
	for (const char *p = pointer; *p != '\0'; p++) {
		if (*p == '~' && p[1] != '0' && p[1] != '1')
			return false;
		if (*p == '/' && ++depth > JSONPTR_DEPTH)
			return false;
	}
	return true;
}

/* An array index: 0, or digits without a leading zero. */
static json_t *jsonptr_element(json_t *array, const char *token)
{
	size_t i = 0, n = strlen(token);

	if (n == 0 || n > 6 || (token[0] == '0' && n > 1) || strspn(token, "0123456789") != n)
		return NULL;
	while (*token != '\0')
		i = i * 10 + (size_t)(*token++ - '0');
	return json_array_get(array, i);
}

json_t *jsonptr_get(json_t *root, const char *pointer)
{
	char token[JSONPTR_MAX + 1];

	if (!jsonptr_ok(pointer))
		return NULL;
	while (*pointer != '\0' && root != NULL) {
		size_t n = 0;

		for (pointer++; *pointer != '\0' && *pointer != '/'; pointer++) {
			if (*pointer == '~')
				token[n++] = *++pointer == '0' ? '~' : '/';
			else
				token[n++] = *pointer;
		}
		token[n] = '\0';
		root = json_is_object(root) ? json_object_get(root, token) :
			json_is_array(root) ? jsonptr_element(root, token) : NULL;
	}
	return root;
}
