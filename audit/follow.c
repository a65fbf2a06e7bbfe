/* See follow.h. */
#include "audit/follow.h"

#include <stdlib.h>
#include <string.h>

void follow_init(struct follow *f, int dirfd, uint64_t last)
{
	memset(f, 0, sizeof(*f));
	f->dirfd = dirfd;
	f->last = last;
	f->lines.fd = -1;
}

void follow_close(struct follow *f)
{
	if (f->lines.fd >= 0)
		lines_close(&f->lines);
	f->segment = 0;
}

void follow_back(struct follow *f, uint64_t last)
{
	follow_close(f);
	f->last = last;
}

static int open_segment(struct follow *f, unsigned number, uint64_t offset)
{
	char name[SEGMENT_NAME_MAX];
	int r;

	follow_close(f);
	segment_name(SEGMENT_LOG, number, name);
	r = lines_open(&f->lines, f->dirfd, name, offset);
	if (r == ERR_OK)
		f->segment = number;
	return r;
}

static int look(struct follow *f)
{
	unsigned *numbers;
	uint64_t offset;
	size_t n, i;
	int r = segments_list(f->dirfd, SEGMENT_LOG, &numbers, &n);

	if (r < 0)
		return r;
	if (n == 0) {
		free(numbers);
		return ERR_EOF;
	}
	i = segments_seek(f->dirfd, numbers, n, f->last + 1, &offset);
	r = open_segment(f, numbers[i], offset);
	free(numbers);
	return r;
}

int follow_next(struct follow *f, uint64_t durable, struct view *line, struct chain_record *rec)
{
	bool moved = false;
	int r = ERR_OK;

	while (f->last < durable) {
		if (f->segment == 0)
			r = look(f);
		if (r < 0)
			break;
		f->lines.eof = 0; /* it may have grown */
		r = lines_next(&f->lines, line, NULL);
		if (r == ERR_EOF && !moved) { /* the record is there, so it lies in the next segment */
			moved = true;
			r = open_segment(f, f->segment + 1, 0);
			continue;
		}
		if (r == ERR_OK)
			r = chain_read(*line, rec, NULL);
		if (r < 0)
			break;
		moved = false;
		if (rec->seq <= f->last)
			continue;
		if (rec->seq != f->last + 1) {
			r = ERR_MALFORMED;
			break;
		}
		f->last = rec->seq;
		return ERR_OK;
	}
	if (r < 0)
		follow_close(f);
	return r < 0 && r != ERR_EOF ? r : ERR_EOF;
}
