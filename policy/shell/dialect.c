/* What each shell's language has and has not, as bash 5.2, dash 0.5.12, zsh 5.9, mksh R59c and busybox 1.35 were seen
 * to
 * read it. */
#include "policy/shell/dialect.h"

#include <string.h>

static const char *const bash_decl[] = {"alias", "declare", "export", "local", "readonly", "typeset", NULL};
static const char *const dash_decl[] = {"export", "local", "readonly", NULL};
static const char *const zsh_decl[] = {"declare", "export", "float", "integer", "local", "readonly", "typeset", NULL};
static const char *const mksh_decl[] = {"export", "global", "local", "nameref", "integer", "readonly", "typeset", NULL};
static const char *const mksh_alias[] = {"autoload", "functions", "hash", "history", "integer", "local", "login",
					 "nameref", "r", "type", NULL};

static const struct traits table[] = {
	[DIALECT_BASH] = {
		.cquote = true, .locale_quote = true, .procsub = true, .shopt = true, .brace = true,
		.brace_range = true,
		.funsub = true, .bracket_arith = true, .arrays = true, .decl_arrays = true, .append = true,
		.indirect = true, .replace = true, .casemod = true,
		.transform = true, .squote_in_dq = true, .herestr = true, .amp_out = true, .amp_append = true,
		.fd_name = true, .long_fd = true, .open_heredoc = true, .arith_cmd = true, .arith_falls = true,
		.cond = true, .cfor = true, .select = true, .function = true, .coproc = true, .coproc_name = true,
		.time = true, .pipe_both = true, .many_bangs = true, .lone_bang = true, .case_fall = true,
		.case_test = true, .for_group = true, .in_reserved = true, .declaration = bash_decl,
	},
	[DIALECT_DASH] = {
		.open_heredoc = true, .any_function = true, .in_reserved = true, .declaration = dash_decl,
	},
	[DIALECT_ZSH] = {
		.cquote = true, .procsub = true, .brace = true, .brace_range = true, .bracket_arith = true,
		.arrays = true, .decl_arrays = true, .append = true, .replace = true, .herestr = true,
		.amp_out = true, .amp_append = true,
		.fd_name = true, .open_heredoc = true, .arith_cmd = true, .arith_falls = true, .cond = true,
		.cfor = true, .select = true, .function = true, .coproc = true, .time = true, .pipe_both = true,
		.case_fall = true, .case_bar = true, .for_group = true, .empty_group = true, .empty_body = true,
		.any_function = true, .zsh = true, .declaration = zsh_decl,
	},
	[DIALECT_MKSH] = {
		.cquote = true, .extglob = true, .brace = true, .funsub = true, .arrays = true, .append = true,
		.indirect = true, .replace = true, .transform = true, .herestr = true, .amp_out = true,
		.amp_append = true, .locale_quote = true,
		.arith_cmd = true, .arith_falls = true, .cond = true, .select = true,
		.function = true, .time = true, .many_bangs = true, .inner_bang = true, .case_fall = true,
		.case_test = true, .case_bar = true, .for_group = true, .empty_group = true, .any_function = true,
		.in_reserved = true, .declaration = mksh_decl, .bare = mksh_alias,
	},
	[DIALECT_BUSYBOX] = {
		.cquote = true, .procsub = true, .replace = true, .amp_out = true, .long_fd = true,
		.open_heredoc = true, .bracket_test = true, .function = true, .any_function = true,
		.in_reserved = true, .declaration = dash_decl,
	},
};

const struct traits *traits_of(enum dialect d)
{
	return (size_t)d < sizeof(table) / sizeof(table[0]) ? &table[d] : NULL;
}

bool traits_has(const char *const *list, const char *s, size_t n)
{
	if (list == NULL)
		return false;
	for (; *list != NULL; list++)
		if (strlen(*list) == n && memcmp(*list, s, n) == 0)
			return true;
	return false;
}
