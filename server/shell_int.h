/* Inside the managed shell: what its files share. shell_run.c asks about a statement's steps and runs them, shell_source.c takes statements
 * from bytes, shell_keys.c is the terminal before them; see shell_run.h. */
#ifndef SERVER_SHELL_INT_H
#define SERVER_SHELL_INT_H

#include "policy/shell/parse.h"
#include "server/shell_edit.h"
#include "server/shell_plan.h"
#include "server/shell_run.h"

enum {
	SHELL_PENDING_MAX = 512 * 1024,
	SHELL_CANCELLED = 130, /* $? after Ctrl-C */
	SHELL_QUIT = 131       /* after Ctrl-\ */
};

struct shell {
	struct shell_state st;
	struct arena arena;
	struct shell_plan *plan; /* a statement is under way */
	struct shell_step step;
	bool alone;              /* the step under way is no plan's: a text that does not parse */
	bool running;            /* control waits for its command_end */
	bool leaving;
	struct buf pending;      /* bytes not yet run, from the start of a statement */
	size_t looked;           /* bytes of it that were looked at in vain */
	unsigned looks;
	struct buf source;       /* the statement under way, as it came */
	struct buf captured;     /* output of STEP_CD and STEP_VALUE */
	/* with a terminal */
	struct edit *edit;
	bool prompted, more;     /* the prompt stands; it is the one for an unfinished statement */
	struct buf ahead;        /* typed before the statement under way began */
	struct buf paint;        /* for the agent's screen, not for the recording */
	struct mask_stream *typed; /* masks the lines of a statement for the recording; NULL: none came yet */
	struct masks *typed_masks; /* what it uses */
};

/* shell_run.c */
void shell_record_shown(struct channel *c, struct view text); /* into the recording alone, as a terminal shows it: a line feed begins a row */
bool shell_flush_paint(struct channel *c); /* true: painted bytes are on their way */
void shell_say(struct channel *c, const char *line);
void shell_ask(struct channel *c); /* about the step */
void shell_drop_plan(struct shell *sh); /* the statement under way will not go on */
void shell_give_up(struct shell *sh); /* nor what was typed behind it */
bool shell_interrupted(struct channel *c); /* Ctrl-C is among the keys that came */
void shell_leave(struct channel *c, int status); /* the end */

/* shell_source.c */
bool shell_take(struct channel *c, bool eof); /* one statement from the front of `pending`; true: something was done with it */
void shell_refuse_text(struct channel *c, struct view text, const char *why); /* it does not parse */
bool shell_read_script(struct channel *c);

/* shell_keys.c */
bool shell_read_keys(struct channel *c);
bool shell_cancelled(struct channel *c); /* while a question stands */
void shell_typed_over(struct shell *sh); /* the next line that is recorded belongs to another statement */

#endif
