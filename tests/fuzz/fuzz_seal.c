/* Fuzzes the outside of an encrypted recording: read in one piece and byte by byte it gives the same; what is kept, completed, is whole. */
#include <stdlib.h>
#include <string.h>

#include "recorder/seal_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seal_scan once, slow, again;

	seal_scan_init(&once);
	seal_scan(&once, data, size);
	seal_scan_init(&slow);
	for (size_t i = 0; i < size; i++)
		seal_scan(&slow, data + i, 1);
	if (once.keep != slow.keep || once.ended != slow.ended || once.bad != slow.bad || once.keep > size)
		abort();
	if (once.keep == 0)
		return 0;
	seal_scan_init(&again);
	seal_scan(&again, data, (size_t)once.keep);
	seal_scan(&again, seal_scan_end, sizeof(seal_scan_end));
	if (!again.ended || again.bad || again.keep != once.keep)
		abort();
	return 0;
}
