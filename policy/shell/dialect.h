/* What each shell's language has and has not. One row a shell: read the table in dialect.c. */
#ifndef POLICY_SHELL_DIALECT_H
#define POLICY_SHELL_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"

struct traits {
	/* words */
	bool cquote;        /* $'…' */
	bool locale_quote;  /* $"…" */
	bool procsub;       /* <(…) >(…) */
	bool extglob;       /* ?(…) and so on without a declaration */
	bool shopt;         /* `shopt -s extglob` turns it on */
	bool brace;         /* {a,b} */
	bool brace_range;   /* {1..9} */
	bool bracket_arith; /* $[…] */
	bool funsub;        /* ${ …;} ${|…;} */
	/* parameters */
	bool arrays;        /* a[i] in parameters and assignments, a=(…) */
	bool decl_arrays;   /* declare a=(…) */
	bool append;        /* a+=… */
	bool indirect;      /* ${!x} */
	bool replace;       /* ${x/p/r} and ${x:o:l} */
	bool casemod;       /* ${x^} ${x,} */
	bool transform;     /* ${x@Q} */
	bool squote_in_dq;  /* in "${x-'…'}" the parser pairs single quotes, though they are ordinary bytes there */
	/* redirections */
	bool herestr;       /* <<< */
	bool amp_out;       /* &> */
	bool amp_append;    /* &>> */
	bool fd_name;       /* {name}> */
	bool long_fd;       /* more than one digit before a redirection */
	bool open_heredoc;  /* the end of the input ends a here-document */
	/* commands */
	bool arith_cmd;     /* (( … )) */
	bool arith_falls;   /* $(( that does not end in )) is $( ( */
	bool cond;          /* [[ … ]] */
	bool bracket_test;  /* [[ is a builtin, but && and || inside it are its arguments */
	bool cfor;          /* for (( */
	bool select;
	bool function;      /* function name */
	bool coproc;
	bool coproc_name;
	bool time;
	bool pipe_both;     /* |& */
	bool many_bangs;    /* ! ! a */
	bool lone_bang;     /* ! and time alone */
	bool inner_bang;    /* a | ! b */
	bool case_fall;     /* ;& */
	bool case_test;     /* ;;& */
	bool case_bar;      /* ;| */
	bool for_group;     /* for x in a; { …; } */
	bool empty_group;   /* ( ) { } */
	bool empty_body;    /* then fi, do done */
	bool any_function;  /* f() simple command */
	bool in_reserved;   /* `in` may not be a command word */
	bool zsh;           /* what only zsh does */
	/* the shell's own names */
	const char *const *declaration; /* builtins whose arguments NAME=… are assignments */
	const char *const *bare;        /* aliases that the shell comes with: the word is never quoted by the
					 * rendering */
};

/* NULL for fish and csh: they have no row. */
const struct traits *traits_of(enum dialect d);

/* Whether s (n bytes) is in a NULL-terminated list of names; list may be NULL. */
bool traits_has(const char *const *list, const char *s, size_t n);

#endif
