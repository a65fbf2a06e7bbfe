/* Masking: which secrets are blocks of many lines, and who reads them. */
#include "policy/mask_block.h"

int mask_block_anchors(struct mask_set *set)
{
	int r = mask_anchor_add(set, B_PRIVATE_KEY, "-----BEGIN ", false, 0, 0, 0, BLOCK_PEM, NULL);

	if (r >= 0)
		r = mask_anchor_add(set, B_K8S_SECRET, "data:", false, 0, 0, 0, BLOCK_YAML, NULL);
	if (r >= 0)
		r = mask_anchor_add(set, B_K8S_SECRET, "stringData:", false, 0, 0, 0, BLOCK_STRING_DATA, NULL);
	if (r >= 0)
		r = mask_anchor_add(set, B_K8S_SECRET, "\"data\"", false, 0, 0, 0, BLOCK_JSON, NULL);
	if (r >= 0)
		r = mask_anchor_add(set, B_K8S_SECRET, "\\\"data\\\"", false, 0, 0, 0, BLOCK_JSON_ESCAPED, NULL);
	return r;
}

int mask_block_step(struct mask_stream *st, const struct mtext *x, struct mblock *b)
{
	return b->a->arg == BLOCK_PEM ? mask_pem_step(st, x, b) : mask_k8s_step(st, x, b);
}

void mask_block_partial(struct mask_stream *st, const struct mtext *x, struct mblock *b)
{
	if (b->a->arg == BLOCK_PEM)
		mask_pem_partial(st, x, b);
	else
		mask_k8s_partial(st, x, b);
}
