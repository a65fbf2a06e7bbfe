/* The managed shell at a terminal: the prompt, the keys, and Ctrl-C. The line itself is the editor's (shell_edit.h). Distrusts the keys, and
 * the target's directory names, which stand in the prompt. */
#include "server/shell_int.h"

#include <stdio.h>
#include <string.h>

#include "policy/mask.h"

static void record_text(struct channel *c, const char *text)
{
	shell_record_shown(c, proto_str(text));
}

/* A line as it stood on the screen: its line feeds began new rows. The lines of one statement are masked as one text, since a key that is
 * pasted into a here-document comes line by line; what a line leaves undecided is decided there. */
static void record_line(struct channel *c, struct view line, const char *after)
{
	struct session *s = c->session;
	struct shell *sh = c->shell;
	struct buf b;
	int r = ERR_OK;

	buf_init(&b, 8 * EDIT_LINE_MAX);
	if (s->masks != NULL && sh->typed == NULL) {
		r = mask_stream_new(s->masks->set, s->mask_key, MASK_PLAIN, NULL, NULL, &sh->typed);
		if (r == ERR_OK) {
			s->masks->refs++;
			sh->typed_masks = s->masks;
		}
	}
	if (r == ERR_OK && sh->typed != NULL) {
		r = mask_feed(sh->typed, line.p, line.n, &b);
		if (r == ERR_OK)
			r = mask_feed(sh->typed, (const uint8_t *)after, strlen(after), &b);
		if (r == ERR_OK)
			r = mask_flush_idle(sh->typed, &b);
	} else if (r == ERR_OK) {
		r = buf_put(&b, line.p, line.n);
		if (r == ERR_OK)
			r = buf_put_str(&b, after);
	}
	if (r < 0)
		session_cut(s, "masking failed");
	else
		shell_record_shown(c, (struct view){ buf_ptr(&b), b.len });
	buf_free(&b);
}

void shell_typed_over(struct shell *sh)
{
	mask_stream_free(sh->typed);
	masks_release(sh->typed_masks);
	sh->typed = NULL;
	sh->typed_masks = NULL;
}

static void prompt_text(struct channel *c, char *out, size_t n)
{
	struct session *s = c->session;
	const char *dir = c->shell->st.cwd == NULL ? "~" : c->shell->st.cwd;
	size_t k = (size_t)snprintf(out, n, "%.64s@%.64s:", s->login_name == NULL ? "" : s->login_name, s->target_name == NULL ? "" : s->target_name);

	/* The target chose the directory's name: only what a terminal shows as itself is shown. */
	for (size_t len, left = strlen(dir); left > 0 && k + 8 < n; dir += len, left -= len) {
		len = edit_shown(dir, left);
		if (len == 0) {
			out[k++] = '?';
			len = 1;
			continue;
		}
		memcpy(out + k, dir, len);
		k += len;
	}
	out[k++] = '$';
	out[k++] = ' ';
	out[k] = '\0';
}

static void show_prompt(struct channel *c)
{
	struct shell *sh = c->shell;
	char text[600];

	sh->more = sh->pending.len > 0;
	if (!sh->more)
		shell_typed_over(sh);
	if (sh->more)
		snprintf(text, sizeof(text), "> ");
	else
		prompt_text(c, text, sizeof(text));
	edit_prompt(sh->edit, text, &sh->paint);
	record_text(c, text);
	sh->prompted = true;
}

static void typed(struct channel *c, enum edit_event event)
{
	struct shell *sh = c->shell;
	struct view line = edit_text(sh->edit);

	switch (event) {
	case EDIT_LINE:
		sh->prompted = false;
		record_line(c, line, "\r\n");
		if (buf_put(&sh->pending, line.p, line.n) < 0 || buf_put_str(&sh->pending, "\n") < 0) {
			buf_clear(&sh->pending);
			shell_say(c, "sallyport: denied rule=gate:length: the statement is too long");
		}
		break;
	case EDIT_CANCEL:
		sh->prompted = false;
		record_line(c, line, "^C\r\n");
		buf_clear(&sh->pending);
		buf_clear(&sh->ahead);
		sh->looked = 0;
		sh->st.status = SHELL_CANCELLED;
		break;
	case EDIT_EOF:
		sh->prompted = false;
		if (sh->pending.len > 0) {
			record_text(c, "\r\n");
			shell_refuse_text(c, (struct view){ buf_ptr(&sh->pending), sh->pending.len }, "unexpected end of file");
		} else {
			record_text(c, "exit\r\n");
			shell_leave(c, sh->st.status);
		}
		break;
	case EDIT_STOP:
		shell_say(c, "\r\nsallyport: Ctrl-Z: a managed shell has no jobs to stop");
		edit_again(sh->edit, &sh->paint);
		break;
	case EDIT_MORE:
		break;
	}
}

bool shell_read_keys(struct channel *c)
{
	struct shell *sh = c->shell;
	struct buf *from;
	size_t used = 0;
	bool moved = shell_flush_paint(c);
	enum edit_event event;

	if (sh->paint.len > 0)
		return moved;
	if (!sh->prompted) {
		if (shell_take(c, false))
			return true;
		if (c->out.ready.len > 0 || c->err.ready.len > 0)
			return moved;
		show_prompt(c);
		return true;
	}
	from = sh->ahead.len > 0 ? &sh->ahead : &c->in.raw;
	if (from->len == 0) {
		if (!c->in.eof)
			return moved;
		shell_leave(c, sh->st.status);
		return true;
	}
	event = edit_input(sh->edit, buf_ptr(from), from->len < 4096 ? from->len : 4096, &used, &sh->paint);
	buf_consume(from, used);
	(void)shell_flush_paint(c); /* before what is said about it */
	typed(c, event);
	/* What came with the line belongs to the shell, not to the program that it starts. */
	if (event == EDIT_LINE && c->in.raw.len > 0 && buf_put(&sh->ahead, buf_ptr(&c->in.raw), c->in.raw.len) == ERR_OK)
		buf_clear(&c->in.raw);
	(void)shell_flush_paint(c);
	return true;
}

/* A question stands: only Ctrl-C means something. The rest waits for the prompt. */
bool shell_cancelled(struct channel *c)
{
	struct shell *sh = c->shell;
	struct session *s = c->session;
	struct msg_withdraw m = { .question = c->question };
	if (!shell_interrupted(c))
		return false;
	if (!s->control_lost && s->control.fd >= 0 && msg_withdraw_send(&s->control, &m, NULL, 0) < 0)
		control_gone(s);
	if (c->state != CHANNEL_ASKING)
		return true;
	shell_refused(c, SHELL_CANCELLED, proto_str("sallyport: withdrawn"));
	shell_give_up(sh);
	return true;
}
