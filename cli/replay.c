/* `sallyport replay ID`: plays a recording in this terminal, without what a recording could do to it. */
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cli/cast.h"
#include "cli/cli.h"
#include "cli/evidence.h"
#include "cli/termsafe.h"

static const char usage[] =
	"usage: sallyport replay [--speed N] [--idle SECONDS] [--marker N] [--no-wait] [--raw] [--key FILE] [--recordings DIR] ID|FILE\n"
	"Plays a recording. Titles, clipboard, device queries and the like are left out; --raw plays them too.\n"
	"  --speed    N times as fast (default 1)\n"
	"  --idle     pauses last at most so long (default 2)\n"
	"  --marker   begins at the Nth marker (see `sallyport recording commands ID`)\n"
	"  --no-wait  shows everything at once\n"
	"  --key      the private key (PEM) for a recording that is encrypted\n"
	"Keys: space pauses, ] jumps to the next marker, q ends.\n";

struct player {
	double speed, idle;
	bool wait, raw;
	unsigned from_marker, marker;
	bool skipping;      /* to the next marker */
	bool keys;          /* stdin is a terminal in raw mode */
	struct termsafe safe;
	struct buf out;
	uint64_t shown_us;  /* time of the last event */
};

static struct termios saved;
static bool have_saved;

static void restore(void)
{
	if (have_saved)
		tcsetattr(0, TCSANOW, &saved);
	have_saved = false;
}

static void on_signal(int signo)
{
	static const char reset[] = "\033[0m\033(B\033[?1049l\033[r\033[?25h\n";

	restore();
	if (write(1, reset, sizeof(reset) - 1) < 0) {
		/* there is nobody to tell */
	}
	_exit(128 + signo);
}

static void raw_keys(struct player *p)
{
	struct termios t;

	if (!isatty(0) || tcgetattr(0, &saved) < 0)
		return;
	t = saved;
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	have_saved = true;
	tcsetattr(0, TCSANOW, &t);
	atexit(restore);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	p->keys = true;
}

/* Waits ms, looking at keys. False: end. */
static bool pause_ms(struct player *p, int64_t ms)
{
	struct pollfd fd = { .fd = 0, .events = POLLIN };
	struct timespec before, after;
	bool paused = false;
	char c;

	while (ms > 0 || paused) {
		clock_gettime(CLOCK_MONOTONIC, &before);
		if (!p->keys) {
			poll(NULL, 0, (int)ms);
			return true;
		}
		if (poll(&fd, 1, paused ? -1 : (int)ms) > 0 && read(0, &c, 1) == 1) {
			if (c == 'q')
				return false;
			if (c == ' ')
				paused = !paused;
			if (c == ']') {
				p->skipping = true;
				return true;
			}
		} else {
			return true;
		}
		clock_gettime(CLOCK_MONOTONIC, &after);
		ms -= (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
	}
	return true;
}

static bool flush(struct player *p)
{
	const uint8_t *b = buf_ptr(&p->out);
	size_t n = p->out.len;
	ssize_t k;

	while (n > 0) {
		k = write(1, b, n);
		if (k <= 0)
			return false;
		b += k;
		n -= (size_t)k;
	}
	buf_clear(&p->out);
	return true;
}

/* One event. False: end. */
static bool show(struct player *p, const struct asciicast_event *e)
{
	double gap;

	if (e->code != 'm' && (e->code != 'o' || (e->exact && !p->raw)))
		return true;
	if (p->wait && !p->skipping && p->marker >= p->from_marker && e->time_us > p->shown_us) {
		gap = (double)(e->time_us - p->shown_us) / 1e6 / p->speed;
		if (!flush(p) || !pause_ms(p, (int64_t)((gap < p->idle ? gap : p->idle) * 1000)))
			return false;
	}
	p->shown_us = e->time_us;
	if (e->code == 'm') { /* waited for like output, or who skips to it would have it behind him already */
		p->marker++;
		p->skipping = false;
		return true;
	}
	if (p->raw)
		(void)buf_put(&p->out, e->data.p, e->data.n);
	else
		(void)termsafe_put(&p->safe, &p->out, e->data.p, e->data.n);
	return p->out.len < 65536 || flush(p);
}

static int play(struct player *p, struct cast *c)
{
	struct asciicast_event e;
	struct why w = { "" };
	int r;

	termsafe_init(&p->safe);
	buf_init(&p->out, 1 << 24);
	if (p->wait)
		raw_keys(p);
	while ((r = cast_next(c, &e, &w)) == ERR_OK)
		if (!show(p, &e))
			break;
	if (isatty(1))
		(void)termsafe_reset(&p->out);
	(void)flush(p);
	buf_free(&p->out);
	restore();
	return r == ERR_OK || r == ERR_EOF ? CLI_OK : cli_fail("replay", "%s", w.text[0] != '\0' ? w.text : err_text(r));
}

int cli_replay(int argc, char **argv)
{
	static const struct option options[] = {
		{ "speed", required_argument, NULL, 's' }, { "idle", required_argument, NULL, 'i' }, { "marker", required_argument, NULL, 'm' },
		{ "no-wait", no_argument, NULL, 'n' }, { "raw", no_argument, NULL, 'r' }, { "recordings", required_argument, NULL, 'd' },
		{ "key", required_argument, NULL, 'k' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	struct player p = { .speed = 1, .idle = 2, .wait = true };
	const char *dir = getenv("SALLYPORT_RECORDINGS");
	struct why w = { "" };
	struct cast *c;
	int o, fd, code;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 's': p.speed = atof(optarg); break;
		case 'i': p.idle = atof(optarg); break;
		case 'm': p.from_marker = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'n': p.wait = false; break;
		case 'r': p.raw = true; break;
		case 'd': dir = optarg; break;
		case 'k': cast_key(optarg); break;
		case 'h': fputs(usage, stdout); return CLI_OK;
		default: fputs(usage, stderr); return CLI_USAGE;
		}
	}
	if (optind + 1 != argc || !(p.speed > 0) || !(p.idle >= 0)) {
		fputs(usage, stderr);
		return CLI_USAGE;
	}
	fd = evidence_recordings(dir);
	code = cast_open(fd, argv[optind], &c, &w) < 0 ? cli_fail("replay", "%s", w.text) : play(&p, c);
	cast_close(c);
	if (fd >= 0)
		close(fd);
	return code;
}
