/* Fuzzes what comes to a witness, and its own memory of a log. What is read is bounded, and written again it is the same. */
#include <stdlib.h>
#include <string.h>

#include "audit/witness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view all = { data, size };
	struct witness_submission s;
	struct witness_state state, again;
	struct buf out;

	if (witness_read(all, &s, NULL) == ERR_OK) {
		buf_init(&out, WITNESS_MAX + 16);
		if (s.text.n == 0 || s.range.n > 128 || witness_write(&out, s.text, s.sshsig, &s.range) < 0 || out.len != size ||
		    memcmp(buf_ptr(&out), data, size) != 0)
			abort();
		buf_free(&out);
	}
	witness_state_init(&state);
	witness_state_init(&again);
	if (witness_state_read(all, &state) == ERR_OK) {
		buf_init(&out, 1 << 20);
		if (witness_state_write(&state, &out) < 0 || witness_state_read((struct view){ buf_ptr(&out), out.len }, &again) < 0 ||
		    again.tree.size != state.tree.size || again.key.len != state.key.len)
			abort();
		buf_free(&out);
	}
	witness_state_free(&state);
	witness_state_free(&again);
	return 0;
}
