/* Operations on files, as sftp and scp put them: what a question says, and what became of what was allowed. The worker has read the packets of agent
 * and target; what it says here is read to the last byte all the same. */
#include <string.h>

#include "approve/control.h"
#include "audit/chain.h"
#include "audit/digest.h"

static const char *const ops[] = { "read", "write", "delete", "list", "meta" };

enum { OPS = sizeof(ops) / sizeof(*ops), ABORTED = 0xffffffff };

const char *question_op(unsigned op)
{
	return op < OPS ? ops[op] : "?";
}

/* "write", "write-tree" */
static bool op_read(struct view v, struct policy_path *out)
{
	static const char tree[] = "-tree";
	size_t n = sizeof(tree) - 1;

	out->tree = v.n > n && memcmp(v.p + v.n - n, tree, n) == 0;
	if (out->tree)
		v.n -= n;
	for (unsigned i = 0; i < OPS; i++) {
		if (view_is(&v, ops[i])) {
			out->op = (enum file_op)i;
			return true;
		}
	}
	return false;
}

int question_paths(const struct msg_question *m, struct policy_path *out, size_t *n)
{
	struct view list = m->state, op, path;

	*n = 0;
	while (list.n > 0) {
		if (*n == QUESTION_PATHS_MAX || proto_list_next(&list, &op) < 0 || proto_list_next(&list, &path) < 0 || path.n == 0 || !op_read(op, &out[*n]))
			return ERR_MALFORMED;
		out[*n].path = (const char *)path.p;
		out[(*n)++].len = path.n;
	}
	return m->text.n > 0 ? ERR_OK : ERR_MALFORMED;
}

int question_file_done(struct session *s, const struct msg_file_done *m)
{
	struct question *q = question_find(s, m->question);
	char hex[DIGEST_HEX + 1];
	json_t *j;

	if (m->path.n > 8192 || m->op > FILE_META || (m->sha256.n != 0 && m->sha256.n != DIGEST_SIZE))
		return ERR_MALFORMED;
	if (q == NULL || q->stage != QSTAGE_RUNNING || q->kind != QUESTION_FILE)
		return ERR_OK;
	if (q->op == FILE_LIST) { /* that it was looked at says the decision */
		question_free(q);
		return ERR_OK;
	}
	j = json_pack("{s:I,s:I,s:s,s:o}", "decision", (json_int_t)q->decision, "channel", (json_int_t)q->channel, "op", ops[m->op], "path",
		      control_masked(s->ctl, s->mask_key, m->path.p, m->path.n));
	if (m->sha256.n > 0 || m->bytes_in + m->bytes_out > 0) { /* a file that was open; not a directory that was made */
		json_object_set_new(j, "bytes_in", json_integer((json_int_t)m->bytes_in));
		json_object_set_new(j, "bytes_out", json_integer((json_int_t)m->bytes_out));
	}
	if (m->sha256.n == DIGEST_SIZE) {
		digest_hex(m->sha256.p, hex);
		json_object_set_new(j, "sha256", json_string(hex));
		if (m->offset > 0)
			json_object_set_new(j, "offset", json_integer((json_int_t)m->offset));
	}
	if (m->status == ABORTED)
		json_object_set_new(j, "aborted", json_true());
	else
		json_object_set_new(j, "status", json_integer((json_int_t)m->status));
	(void)control_record(s->ctl, s->id, "file.done", j, NULL);
	question_free(q);
	return ERR_OK;
}
