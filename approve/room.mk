# approve: the control process. The only room with SQLite and libmicrohttpd; libjwt signs receipts. libapprove.a is all of the program
# but its main(), so that tests can link parts of it.
noinst_LIBRARIES += libapprove.a
libapprove_a_SOURCES = \
	approve/approval.c approve/approval.h \
	approve/store.c approve/store.h \
	approve/rebuild.c approve/rebuild.h \
	approve/reconcile.c approve/reconcile.h \
	approve/config.c approve/config.h \
	approve/config_internal.h \
	approve/config_people.c \
	approve/config_targets.c \
	approve/config_records.c \
	approve/control.h \
	approve/record.c \
	approve/journal.c \
	approve/vault_side.c \
	approve/peer.c approve/peer.h \
	approve/reload.c \
	approve/session.c \
	approve/login.c \
	approve/question.c \
	approve/question_file.c \
	approve/prepare.c \
	approve/requests.c \
	approve/requests_record.c approve/requests_record.h \
	approve/ask.c \
	approve/line.c \
	approve/signature.c \
	approve/issue.c approve/issue.h \
	approve/certificate.c \
	approve/evidence.c approve/evidence.h \
	approve/hooks.c approve/hooks.h \
	approve/webhook.c approve/webhook.h \
	approve/outputs.c approve/outputs.h \
	approve/outputs_impl.h \
	approve/outputs_socket.c \
	approve/outputs_hook.c \
	approve/retention.c approve/retention.h \
	approve/witness.h \
	approve/witness_send.c \
	approve/witness_keep.c \
	approve/api_witness.c \
	approve/api_key.c \
	approve/sealed.c approve/sealed.h \
	approve/receipt.c approve/receipt.h \
	approve/http.c approve/http.h \
	approve/http_reply.c \
	approve/http_call.h \
	approve/http_auth.c \
	approve/http_tls.c \
	approve/http_slow.c approve/http_slow.h \
	approve/http_listen.c approve/http_listen.h \
	approve/http_routes.c \
	approve/api_issue.c \
	approve/api_approvals.c \
	approve/api_evidence.c \
	approve/api_audit.c \
	approve/api_meta.c \
	approve/metrics.c approve/metrics.h \
	approve/histogram.c approve/histogram.h \
	approve/tally.c approve/tally.h \
	approve/rate.c approve/rate.h \
	approve/openapi.h
nodist_libapprove_a_SOURCES = approve/openapi_json.c
libapprove_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS) $(SQLITE_CFLAGS) $(MHD_CFLAGS) $(GNUTLS_CFLAGS) $(LIBJWT_CFLAGS)

# The API's description, as bytes of the program.
approve/openapi_json.c: $(srcdir)/approve/openapi.json
	$(AM_V_GEN)$(MKDIR_P) approve && { \
	echo '#include "approve/openapi.h"'; \
	echo 'const unsigned char openapi_json[] = {'; \
	od -An -v -tx1 $(srcdir)/approve/openapi.json | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'; \
	echo '};'; \
	echo 'const size_t openapi_json_len = sizeof(openapi_json);'; } >$@.new && mv $@.new $@
CLEANFILES += approve/openapi_json.c
EXTRA_DIST += approve/openapi.json

APPROVE_LIBS = libapprove.a $(POLICY_LIBS) libmask.a libfetch.a libaudit.a libidentity.a libyamltree.a libsandbox.a libbase.a $(CRYPTO_LIBS) \
	$(JANSSON_LIBS) $(SQLITE_LIBS) $(MHD_LIBS) $(GNUTLS_LIBS) $(LIBJWT_LIBS) $(CURL_LIBS) $(PCRE2_LIBS) $(YAML_LIBS) $(SECCOMP_LIBS) -lpthread

pkglibexec_PROGRAMS += sallyport-control
sallyport_control_SOURCES = approve/control.c
sallyport_control_CPPFLAGS = $(libapprove_a_CPPFLAGS)
sallyport_control_LDADD = $(APPROVE_LIBS)

if HAVE_CMOCKA
approve_tests = tests/unit/approve_rate tests/unit/approve_approval tests/unit/approve_store tests/unit/approve_config tests/unit/approve_http
check_PROGRAMS += $(approve_tests)
TESTS += $(approve_tests)
tests_unit_approve_rate_SOURCES = tests/unit/approve_rate.c tests/unit/unit.h
tests_unit_approve_rate_CPPFLAGS = $(libapprove_a_CPPFLAGS)
tests_unit_approve_rate_LDADD = $(APPROVE_LIBS) $(CMOCKA_LIBS)
tests_unit_approve_approval_SOURCES = tests/unit/approve_approval.c tests/unit/unit.h
tests_unit_approve_approval_CPPFLAGS = $(libapprove_a_CPPFLAGS)
tests_unit_approve_approval_LDADD = $(APPROVE_LIBS) $(CMOCKA_LIBS)
tests_unit_approve_store_SOURCES = tests/unit/approve_store.c tests/unit/unit.h
tests_unit_approve_store_CPPFLAGS = $(libapprove_a_CPPFLAGS)
tests_unit_approve_store_LDADD = $(APPROVE_LIBS) $(CMOCKA_LIBS)
tests_unit_approve_config_SOURCES = tests/unit/approve_config.c tests/unit/unit.h
tests_unit_approve_config_CPPFLAGS = $(libapprove_a_CPPFLAGS)
tests_unit_approve_config_LDADD = $(APPROVE_LIBS) $(CMOCKA_LIBS)
tests_unit_approve_http_SOURCES = tests/unit/approve_http.c tests/unit/unit.h
tests_unit_approve_http_CPPFLAGS = $(libapprove_a_CPPFLAGS)
tests_unit_approve_http_LDADD = $(APPROVE_LIBS) $(CMOCKA_LIBS)
endif

approve_fuzz = tests/fuzz/fuzz_api tests/fuzz/fuzz_approve_config
check_PROGRAMS += $(approve_fuzz)
TESTS += tests/fuzz/approve-corpora.sh
EXTRA_DIST += tests/fuzz/approve-corpora.sh tests/fuzz/corpus/api tests/fuzz/corpus/config
tests_fuzz_fuzz_api_SOURCES = tests/fuzz/fuzz_api.c
tests_fuzz_fuzz_api_CPPFLAGS = $(libapprove_a_CPPFLAGS)
tests_fuzz_fuzz_api_LDADD = $(APPROVE_LIBS)
tests_fuzz_fuzz_api_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_approve_config_SOURCES = tests/fuzz/fuzz_approve_config.c
tests_fuzz_fuzz_approve_config_CPPFLAGS = $(libapprove_a_CPPFLAGS)
tests_fuzz_fuzz_approve_config_LDADD = $(APPROVE_LIBS)
tests_fuzz_fuzz_approve_config_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
if !FUZZER
tests_fuzz_fuzz_api_SOURCES += tests/fuzz/replay.c
tests_fuzz_fuzz_approve_config_SOURCES += tests/fuzz/replay.c
endif
