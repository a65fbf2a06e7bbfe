/* Client certificates: who the other end of a TLS connection is. libmicrohttpd asks for one and takes any; it is verified here,
 * by the library that libmicrohttpd itself speaks TLS with. */
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "approve/http_call.h"
#include "identity/text.h"

/* The name that the certificate is for. Only one may be meant: of several alternative names none is taken. */
static bool name_of(gnutls_x509_crt_t crt, char *out, size_t n)
{
	char other[256];
	unsigned type = 0;
	size_t len = n, more = sizeof(other);
	int r;

	r = gnutls_x509_crt_get_subject_alt_name2(crt, 0, out, &len, &type, NULL);
	if (r >= 0) {
		if ((type != GNUTLS_SAN_DNSNAME && type != GNUTLS_SAN_RFC822NAME) || len >= n)
			return false;
		out[len] = '\0';
		return strlen(out) == len && gnutls_x509_crt_get_subject_alt_name2(crt, 1, other, &more, NULL, NULL) ==
						     GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
	}
	len = n;
	if (gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, out, &len) < 0 || len >= n)
		return false;
	more = sizeof(other);
	return strlen(out) == len &&
	       gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 1, 0, other, &more) == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
}

/* Verified for being a client's: chain to client_ca, times, and extended key usage. */
static bool verified(gnutls_session_t tls)
{
	gnutls_typed_vdata_st purpose = { .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT };
	unsigned status = 0;

	return gnutls_certificate_verify_peers(tls, &purpose, 1, &status) == 0 && status == 0;
}

struct identity *tls_caller(struct call *call)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(call->conn, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	struct identity *who = NULL;
	gnutls_x509_crt_t crt = NULL;
	const gnutls_datum_t *chain;
	char name[IDENTITY_SUBJECT_MAX];
	unsigned n = 0;

	if (call->local || call->ctl->config->http.client_ca == NULL || info == NULL || info->tls_session == NULL || !verified(info->tls_session))
		return NULL;
	chain = gnutls_certificate_get_peers(info->tls_session, &n);
	if (chain == NULL || n == 0 || gnutls_x509_crt_init(&crt) < 0)
		return NULL;
	if (gnutls_x509_crt_import(crt, &chain[0], GNUTLS_X509_FMT_DER) >= 0 && name_of(crt, name, sizeof(name)) &&
	    text_ok(name, strlen(name), sizeof(name) - 1) && (who = calloc(1, sizeof(*who))) != NULL) {
		who->issuer = strdup("mtls");
		who->iss = strdup("mtls");
		who->subject = strdup(name);
		who->email = strchr(name, '@') != NULL ? strdup(name) : NULL;
		who->exp = gnutls_x509_crt_get_expiration_time(crt);
		if (who->issuer == NULL || who->iss == NULL || who->subject == NULL) {
			identity_free(who);
			who = NULL;
		}
	}
	gnutls_x509_crt_deinit(crt);
	return who;
}
