/* What the end-to-end tests of identity/ need at a shell: our code with arguments, one verb a line.
 *
 *   token ISSUER AUDIENCE CA_FILE [JWKS_URL]   tokens on stdin, one a line; keys over https; prints an identity or "refused: …" a line,
 *                                       and at the end "fetches N"
 *   fetch URL [CA_FILE [POST_BODY]]     prints "status BYTES" or "error: …"; plain http to loopback is allowed with "-" as CA_FILE
 *   storm URL N                         N requests at once; prints how many ended and the longest time a dispatch took
 *   cert CA_PEM KEY_LINE PRINCIPAL FROM TO [permits] [IDENTITY]   prints a certificate line, signed with the PEM's key
 *   host CA_PEM KEY_LINE NAME FROM TO   the same for a host
 *   check CA_LINE CERT_LINE PRINCIPAL ADDRESS   prints "ok" or "refused: …"
 *   sign PEM NAMESPACE FILE             prints an SSHSIG of the file
 *   verify ALLOWED NAMESPACE PRINCIPAL SIG_FILE FILE   prints "ok PATTERNS" or "refused: …" */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "identity/fetch.h"
#include "identity/jwks_cache.h"
#include "identity/sshcert.h"
#include "identity/sshsig.h"
#include "identity/token.h"
#include "tests/unit/identity_mint.h"

static int refuse(const char *what, int r, const struct why *why)
{
	printf("%s: %s: %s\n", what, err_text(r), why->text);
	fflush(stdout);
	return 1;
}

static void wait_and_dispatch(struct http_fetch *f)
{
	struct pollfd p = { http_fetch_fd(f), POLLIN, 0 };

	poll(&p, 1, 10000);
	http_fetch_dispatch(f);
}

/* token */

struct token_state {
	struct issuer *iss;
	struct jwks_cache cache;
	bool ended;
	unsigned fetches;
};

static const struct jwks *token_keys(void *arg, const struct issuer *iss)
{
	struct token_state *s = arg;

	(void)iss;
	return s->cache.set;
}

static void token_fetched(void *arg, int err, struct jwks *set, const struct why *why)
{
	struct token_state *s = arg;

	if (err < 0)
		fprintf(stderr, "fetch: %s: %s\n", err_text(err), why->text);
	jwks_cache_done(&s->cache, set, time(NULL));
	s->ended = true;
}

static int token_one(struct token_state *s, struct http_fetch *f, const char *tok)
{
	const struct issuer *const issuers[] = { s->iss };
	struct token_facts facts;
	struct identity *id;
	struct why why = { "" };
	char *text;
	int r = token_verify(issuers, 1, token_keys, s, tok, strlen(tok), time(NULL), &id, &facts, &why);

	if (r == ERR_NOTFOUND && jwks_cache_missing(&s->cache, facts.kid, time(NULL)) == JWKS_WANT_FETCH) {
		s->fetches++;
		s->ended = false;
		r = fetch_keys(f, s->iss, token_fetched, s, &why);
		if (r < 0) {
			jwks_cache_done(&s->cache, NULL, time(NULL));
			return refuse("refused", r, &why);
		}
		while (!s->ended)
			wait_and_dispatch(f);
		r = token_verify(issuers, 1, token_keys, s, tok, strlen(tok), time(NULL), &id, &facts, &why);
	}
	if (r < 0)
		return refuse("refused", r, &why);
	if (identity_text(id, &text, &why) == ERR_OK)
		puts(text);
	fflush(stdout);
	free(text);
	identity_free(id);
	return 0;
}

static int do_token(char **argv)
{
	struct token_state s = { .iss = issuer_new() };
	struct http_fetch *f;
	struct why why = { "" };
	static char line[1 << 17];

	if (issuer_set(s.iss, "name", "idp", &why) < 0 || issuer_set(s.iss, "issuer", argv[0], &why) < 0 ||
	    issuer_set(s.iss, "audiences", argv[1], &why) < 0 || issuer_set(s.iss, "ca_file", argv[2], &why) < 0 ||
	    (argv[3] != NULL && issuer_set(s.iss, "jwks_url", argv[3], &why) < 0) ||
	    issuer_finish(s.iss, &why) < 0 || http_fetch_new(&f) < 0) {
		fprintf(stderr, "%s\n", why.text);
		return 2;
	}
	jwks_cache_init(&s.cache);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		token_one(&s, f, line);
	}
	printf("fetches %u\n", s.fetches);
	http_fetch_free(f);
	jwks_cache_free(&s.cache);
	issuer_free(s.iss);
	return 0;
}

/* fetch, storm */

static unsigned fetch_ended;
static int fetch_result;

static void fetch_print(void *arg, struct http_result *res)
{
	(void)arg;
	fetch_ended++;
	if (res->err < 0)
		fetch_result = refuse("error", res->err, &res->why);
	else
		printf("%ld %zu %.60s\n", res->status, res->body.len, res->body.len <= 60 ? buf_cstr(&res->body) : "");
}

static void fetch_count(void *arg, struct http_result *res)
{
	(void)arg;
	(void)res;
	fetch_ended++;
}

static int do_fetch(char **argv)
{
	static const char *const headers[] = { "X-Test: yes", NULL };
	struct http_request req = { .method = "GET", .url = argv[0], .headers = headers, .done = fetch_print };
	struct http_fetch *f;
	struct why why = { "" };
	int r;

	if (argv[1] != NULL && strcmp(argv[1], "-") == 0)
		req.loopback_http = true;
	else
		req.ca_file = argv[1];
	if (argv[1] != NULL && argv[2] != NULL) {
		req.method = "POST";
		req.body = argv[2];
		req.body_len = strlen(argv[2]);
	}
	if (http_fetch_new(&f) < 0)
		return 2;
	r = http_fetch_submit(f, &req, &why);
	if (r < 0) {
		refuse("error", r, &why);
		fetch_result = 1;
	}
	while (r == ERR_OK && fetch_ended == 0)
		wait_and_dispatch(f);
	http_fetch_free(f);
	return fetch_result;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int do_storm(char **argv)
{
	struct http_request req = { .method = "GET", .url = argv[0], .loopback_http = true, .done = fetch_count };
	unsigned n = (unsigned)atoi(argv[1]), submitted = 0;
	double longest = 0, begin;
	struct http_fetch *f;
	struct why why;

	if (http_fetch_new(&f) < 0)
		return 2;
	for (unsigned i = 0; i < n; i++) {
		begin = seconds();
		submitted += http_fetch_submit(f, &req, &why) == ERR_OK;
		longest = seconds() - begin > longest ? seconds() - begin : longest;
	}
	while (fetch_ended < submitted) {
		struct pollfd p = { http_fetch_fd(f), POLLIN, 0 };

		if (poll(&p, 1, 10000) <= 0)
			break;
		begin = seconds();
		http_fetch_dispatch(f);
		longest = seconds() - begin > longest ? seconds() - begin : longest;
	}
	printf("submitted %u ended %u longest %.1f ms\n", submitted, fetch_ended, longest * 1000);
	http_fetch_free(f);
	return fetch_ended == submitted ? 0 : 1;
}

/* cert, host, check */

static struct mint_key load_key(const char *path)
{
	struct mint_key k = { NULL, PKEY_ED25519 };
	FILE *f = fopen(path, "r");

	if (f == NULL || (k.pkey = PEM_read_PrivateKey(f, NULL, NULL, NULL)) == NULL) {
		fprintf(stderr, "%s: no private key\n", path);
		exit(2);
	}
	fclose(f);
	if (EVP_PKEY_get_base_id(k.pkey) == EVP_PKEY_RSA)
		k.kind = PKEY_RSA;
	else if (EVP_PKEY_get_base_id(k.pkey) == EVP_PKEY_EC)
		k.kind = EVP_PKEY_get_bits(k.pkey) == 256 ? PKEY_P256 : EVP_PKEY_get_bits(k.pkey) == 384 ? PKEY_P384 : PKEY_P521;
	return k;
}

static size_t load_file(const char *path, char *to, size_t max)
{
	FILE *f = fopen(path, "r");
	size_t n;

	if (f == NULL) {
		perror(path);
		exit(2);
	}
	n = fread(to, 1, max, f);
	fclose(f);
	return n;
}

static void load_line(const char *path, struct buf *blob)
{
	static char line[SSHKEY_LINE_MAX + 1];
	size_t n = load_file(path, line, sizeof(line));
	struct why why;

	buf_init(blob, SSHKEY_BLOB_MAX);
	if (sshkey_parse_line(line, n, blob, NULL, &why) < 0) {
		fprintf(stderr, "%s: %s\n", path, why.text);
		exit(2);
	}
}

static int do_cert(char **argv, uint32_t type)
{
	struct mint_key ca = load_key(argv[0]);
	const char *principals[] = { argv[2] };
	struct sshcert_params p = { .type = type, .serial = 7, .key_id = "idp:agent-7", .principals = principals,
		.n_principals = 1, .valid_after = atoll(argv[3]), .valid_before = atoll(argv[4]) };
	struct buf subject, ca_blob, tbs, sig, cert, line;
	struct why why = { "" };
	int r;

	if (argv[5] != NULL) {
		p.permits = (unsigned)atoi(argv[5]);
		p.identity = argv[6];
	}
	load_line(argv[1], &subject);
	buf_init(&ca_blob, SSHKEY_BLOB_MAX);
	buf_init(&tbs, SSHKEY_BLOB_MAX);
	buf_init(&sig, SSHKEY_BLOB_MAX);
	buf_init(&cert, SSHKEY_BLOB_MAX);
	buf_init(&line, SSHKEY_LINE_MAX);
	mint_ssh_key(&ca, &ca_blob);
	r = sshcert_tbs(&p, mint_view(&subject), mint_view(&ca_blob), &tbs, &why);
	if (r == ERR_OK) {
		mint_ssh_sign(&ca, NULL, mint_view(&tbs), &sig);
		r = sshcert_finish(mint_view(&tbs), mint_view(&sig), &cert, &why);
	}
	if (r == ERR_OK)
		r = sshkey_format_line(mint_view(&cert), "agent-7", &line);
	if (r < 0)
		return refuse("refused", r, &why);
	puts(buf_cstr(&line));
	return 0;
}

static int do_check(char **argv)
{
	struct buf ca, cert;
	struct sshcert_rules rules = { .n_cas = 1, .type = SSHCERT_USER, .now = time(NULL), .principal = argv[2] };
	struct sshcert c;
	struct view list;
	struct why why = { "" };
	int r;

	load_line(argv[0], &ca);
	load_line(argv[1], &cert);
	list = mint_view(&ca);
	rules.cas = &list;
	if (addr_parse((struct view){ (const uint8_t *)argv[3], strlen(argv[3]) }, &rules.source) < 0)
		return 2;
	r = sshcert_parse(mint_view(&cert), &c, &why);
	if (r == ERR_OK)
		r = sshcert_check(&c, &rules, &why);
	if (r < 0)
		return refuse("refused", r, &why);
	printf("ok %.*s\n", (int)c.identity.n, (const char *)c.identity.p);
	return 0;
}

/* sign, verify */

static char message[1 << 20], text[1 << 20];

static int do_sign(char **argv)
{
	struct mint_key k = load_key(argv[0]);
	struct view m = { (uint8_t *)message, load_file(argv[2], message, sizeof(message)) };
	struct buf key, tbs, sig, out;

	buf_init(&key, SSHKEY_BLOB_MAX);
	buf_init(&tbs, SSHKEY_BLOB_MAX);
	buf_init(&sig, SSHKEY_BLOB_MAX);
	buf_init(&out, SSHSIG_TEXT_MAX);
	mint_ssh_key(&k, &key);
	if (sshsig_tbs(argv[1], SSHSIG_SHA512, m, &tbs) < 0)
		return 2;
	mint_ssh_sign(&k, NULL, mint_view(&tbs), &sig);
	if (sshsig_armor(mint_view(&key), argv[1], SSHSIG_SHA512, mint_view(&sig), &out) < 0)
		return 2;
	fputs(buf_cstr(&out), stdout);
	return 0;
}

static int do_verify(char **argv)
{
	struct view m = { (uint8_t *)message, load_file(argv[4], message, sizeof(message)) };
	struct sshsig sig;
	struct why why = { "" };
	char *patterns = NULL;
	int r = sshsig_parse(text, load_file(argv[3], text, sizeof(text)), &sig, &why);

	if (r == ERR_OK)
		r = sshsig_verify(&sig, argv[1], m, &why);
	if (r == ERR_OK)
		r = sshsig_allowed(text, load_file(argv[0], text, sizeof(text)), sig.key.blob, argv[1], argv[2], time(NULL),
			&patterns, &why);
	if (r < 0)
		return refuse("refused", r, &why);
	printf("ok %s\n", patterns);
	free(patterns);
	sshsig_free(&sig);
	return 0;
}

int main(int argc, char **argv)
{
	argv++;
	if (argc >= 5 && argc <= 6 && strcmp(argv[0], "token") == 0)
		return do_token(argv + 1);
	if (argc >= 3 && strcmp(argv[0], "fetch") == 0)
		return do_fetch(argv + 1);
	if (argc == 4 && strcmp(argv[0], "storm") == 0)
		return do_storm(argv + 1);
	if (argc >= 7 && strcmp(argv[0], "cert") == 0)
		return do_cert(argv + 1, SSHCERT_USER);
	if (argc == 7 && strcmp(argv[0], "host") == 0)
		return do_cert(argv + 1, SSHCERT_HOST);
	if (argc == 6 && strcmp(argv[0], "check") == 0)
		return do_check(argv + 1);
	if (argc == 5 && strcmp(argv[0], "sign") == 0)
		return do_sign(argv + 1);
	if (argc == 7 && strcmp(argv[0], "verify") == 0)
		return do_verify(argv + 1);
	fprintf(stderr, "see the first lines of tests/e2e/identity_tool.c\n");
	return 2;
}
