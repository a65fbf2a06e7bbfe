/* `sallyport audit prove SEQ`: the record, its inclusion proof, and the checkpoint that it leads to, as one JSON document that needs
 * nothing but SHA-256 and ssh-keygen to check. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/chain.h"
#include "audit/checkpoint.h"
#include "audit/merkle.h"
#include "audit/segments.h"
#include "cli/audit.h"
#include "cli/cli.h"
#include "cli/evidence.h"

static const char usage[] =
	"usage: sallyport audit prove SEQ [--dir DIR]\n"
	"Prints JSON: the record's line, its leaf digest, the path of digests to the root, and the signed checkpoint with that root.\n"
	"To check: start with h = SHA-256(0x00 || line); then for each step of the path h = SHA-256(0x01 || step || h) where its side\n"
	"is left, SHA-256(0x01 || h || step) where it is right; the end is the root in the checkpoint's third line (base64).\n";

struct proof_run {
	uint64_t seq, upto;
	struct merkle_proof proof;
	uint8_t leaf[DIGEST_SIZE];
	char *line;
};

static int take(void *ctx, struct view line, const struct chain_record *rec)
{
	struct proof_run *p = ctx;
	uint8_t leaf[DIGEST_SIZE];
	int r;

	if (rec->seq > p->upto)
		return ERR_EOF;
	r = merkle_leaf(line.p, line.n, leaf);
	if (r == ERR_OK)
		r = merkle_proof_add(&p->proof, leaf);
	if (r == ERR_OK && rec->seq == p->seq) {
		memcpy(p->leaf, leaf, DIGEST_SIZE);
		r = view_strdup(&line, &p->line);
	}
	return r;
}

/* The last stored checkpoint. */
static int last_checkpoint(int dirfd, struct buf *text, struct buf *sig, struct checkpoint *c)
{
	char name[SEGMENT_NAME_MAX];
	struct checkpoint one;
	struct buf t, s;
	struct lines l;
	struct view line;
	unsigned *numbers;
	size_t n;
	int r = segments_list(dirfd, SEGMENT_CHECKPOINTS, &numbers, &n);

	memset(c, 0, sizeof(*c));
	buf_init(&t, 1 << 20);
	buf_init(&s, 1 << 20);
	for (; r == ERR_OK && n > 0 && c->size == 0; n--) {
		segment_name(SEGMENT_CHECKPOINTS, numbers[n - 1], name);
		r = lines_open(&l, dirfd, name, 0);
		if (r < 0)
			break;
		while (lines_next(&l, &line, NULL) == ERR_OK) {
			if (checkpoint_line_read(line, &t, &s, &one, NULL) < 0)
				continue;
			*c = one;
			buf_clear(text);
			buf_clear(sig);
			if (buf_put(text, buf_ptr(&t), t.len) < 0 || buf_put(sig, buf_ptr(&s), s.len) < 0)
				r = ERR_NOMEM;
		}
		lines_close(&l);
	}
	free(numbers);
	buf_free(&t);
	buf_free(&s);
	return r < 0 ? r : c->size > 0 ? ERR_OK : ERR_NOTFOUND;
}

/* On which side of h each step stands (RFC 9162 section 2.1.3.2). */
static json_t *steps(const struct proof_run *p)
{
	uint64_t fn = p->seq - 1, sn = p->upto - 1;
	char hex[DIGEST_HEX + 1];
	json_t *list = json_array();

	for (size_t i = 0; i < p->proof.n; i++) {
		bool left = (fn & 1) != 0 || fn == sn;

		if (left)
			for (; (fn & 1) == 0 && fn != 0; sn >>= 1)
				fn >>= 1;
		fn >>= 1;
		sn >>= 1;
		digest_hex(p->proof.path[i], hex);
		json_array_append_new(list, json_pack("{s:s,s:s}", "side", left ? "left" : "right", "digest", hex));
	}
	return list;
}

static int prove(const struct evidence *e, uint64_t seq)
{
	struct proof_run p = { .seq = seq };
	uint8_t root[DIGEST_SIZE];
	char leaf[DIGEST_HEX + 1], root_hex[DIGEST_HEX + 1], *dump = NULL;
	struct checkpoint c;
	struct buf text, sig;
	struct why w = { "" };
	json_t *j = NULL;
	int r, code = CLI_FAILED;

	buf_init(&text, 1 << 16);
	buf_init(&sig, 1 << 20);
	r = last_checkpoint(e->log, &text, &sig, &c);
	if (r < 0 || c.size < seq) {
		cli_fail("audit", "record %llu is not under a checkpoint yet: the last one covers %llu",
			 (unsigned long long)seq, (unsigned long long)c.size);
		goto out;
	}
	p.upto = c.size;
	merkle_proof_init(&p.proof, seq - 1);
	r = evidence_each(e, take, &p, &w);
	if ((r < 0 && r != ERR_EOF) || p.line == NULL || merkle_proof_finish(&p.proof) < 0 || merkle_root(&p.proof.tree, root) < 0) {
		cli_fail("audit", "%s", w.text[0] != '\0' ? w.text : "the log does not hold that record");
		goto out;
	}
	if (memcmp(root, c.root, DIGEST_SIZE) != 0) {
		cli_fail("audit", "the log is not the one that its checkpoint speaks of: run `sallyport audit verify`");
		goto out;
	}
	digest_hex(p.leaf, leaf);
	digest_hex(root, root_hex);
	j = json_pack("{s:I,s:I,s:s,s:s,s:o,s:s,s:s,s:s}", "seq", (json_int_t)seq, "size", (json_int_t)c.size, "line", p.line, "leaf", leaf,
		      "path", steps(&p), "root", root_hex, "checkpoint", buf_cstr(&text), "signature", buf_cstr(&sig));
	dump = j == NULL ? NULL : json_dumps(j, JSON_INDENT(1));
	if (dump != NULL) {
		puts(dump);
		code = CLI_OK;
	}
out:
	free(dump);
	json_decref(j);
	free(p.line);
	buf_free(&text);
	buf_free(&sig);
	return code;
}

int audit_verb_prove(int argc, char **argv)
{
	static const struct option options[] = { { "dir", required_argument, NULL, 'd' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	const char *dir = NULL;
	struct evidence e;
	unsigned long long seq;
	char *end;
	int o, code;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'd': dir = optarg; break;
		case 'h': fputs(usage, stdout); return CLI_OK;
		default: fputs(usage, stderr); return CLI_USAGE;
		}
	}
	if (optind + 1 != argc || (seq = strtoull(argv[optind], &end, 10)) == 0 || *end != '\0') {
		fputs(usage, stderr);
		return CLI_USAGE;
	}
	code = evidence_open(&e, "audit", dir, NULL);
	if (code != CLI_OK)
		return code;
	code = prove(&e, seq);
	evidence_close(&e);
	return code;
}
