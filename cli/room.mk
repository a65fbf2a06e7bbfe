# cli: the `sallyport` program, one verb a file.
bin_PROGRAMS += sallyport
sallyport_SOURCES = cli/main.c cli/cli.h \
	cli/demo.c cli/demo.h cli/demo_files.c cli/demo_target.c cli/token.c cli/issuer.c cli/issuer.h cli/spawn.c cli/spawn.h \
	cli/init.c cli/vault.c cli/policy.c cli/policy.h cli/policy_simulate.c \
	cli/audit.c cli/audit.h cli/audit_verify.c cli/audit_prove.c cli/audit_query.c \
	cli/audit_export.c cli/export.h cli/export_tables.c cli/export_text.c cli/evidence.c cli/evidence.h \
	cli/replay.c cli/recording.c cli/cast.c cli/cast.h cli/unseal.c cli/unseal.h cli/termsafe.c cli/termsafe.h
sallyport_CPPFLAGS = $(AM_CPPFLAGS) $(LIBJWT_CFLAGS) $(JANSSON_CFLAGS) $(CRYPTO_CFLAGS) $(ZLIB_CFLAGS)
sallyport_LDADD = libvault.a libaudit.a librecorder.a libidentity.a libpolicyjson.a libshelljson.a libpolicy.a libtransfer.a libshell.a \
	libmask.a libyamltree.a libbase.a $(PCRE2_LIBS) $(LIBJWT_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS) $(YAML_LIBS) $(ZLIB_LIBS)

# The tour is a script that `sallyport demo --tour` runs; it lies beside the program in an uninstalled build.
pkglibexec_SCRIPTS = sallyport-tour
sallyport-tour: $(top_srcdir)/packaging/tour.sh
	$(AM_V_GEN)cp $(top_srcdir)/packaging/tour.sh $@ && chmod 755 $@
CLEANFILES += sallyport-tour
EXTRA_DIST += packaging/tour.sh
