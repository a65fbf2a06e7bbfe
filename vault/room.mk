# vault: the key process, and what the command line shares with it. The program links libcrypto,
# libseccomp and libc only.
noinst_LIBRARIES += libvault.a
libvault_a_SOURCES = vault/secmem.c vault/secmem.h vault/crypto.h vault/key.c vault/keyblob.c vault/key.h vault/import.c vault/import.h \
	vault/master.c vault/master.h vault/seal.c vault/seal.h vault/store.c vault/store.h vault/storefile.c vault/storefile.h \
	vault/certtbs.c vault/certtbs.h vault/checkpoint.c vault/checkpoint.h vault/sign.c vault/sign.h \
	vault/agent.c vault/agent.h vault/vault.c vault/vault.h vault/init.c
libvault_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) -D_GNU_SOURCE

pkglibexec_PROGRAMS += sallyport-vault
sallyport_vault_SOURCES = vault/vaultd.c vault/conn.c vault/conn.h
sallyport_vault_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) -D_GNU_SOURCE
sallyport_vault_LDADD = libvault.a libsandbox.a libbase.a $(CRYPTO_LIBS) $(SECCOMP_LIBS)

if HAVE_CMOCKA
VAULT_UNIT = tests/unit/vault_key tests/unit/vault_store tests/unit/vault_agent tests/unit/vault_certtbs \
	tests/unit/vault_requests tests/unit/vault_process
check_PROGRAMS += $(VAULT_UNIT)
TESTS += $(VAULT_UNIT)
tests_unit_vault_key_SOURCES = tests/unit/vault_key.c tests/unit/unit.h
tests_unit_vault_key_CPPFLAGS = $(libvault_a_CPPFLAGS)
tests_unit_vault_key_LDADD = libvault.a libbase.a $(CRYPTO_LIBS) $(CMOCKA_LIBS)
tests_unit_vault_store_SOURCES = tests/unit/vault_store.c tests/unit/unit.h
tests_unit_vault_store_CPPFLAGS = $(libvault_a_CPPFLAGS)
tests_unit_vault_store_LDADD = libvault.a libbase.a $(CRYPTO_LIBS) $(CMOCKA_LIBS)
tests_unit_vault_agent_SOURCES = tests/unit/vault_agent.c tests/unit/unit.h
tests_unit_vault_agent_CPPFLAGS = $(libvault_a_CPPFLAGS)
tests_unit_vault_agent_LDADD = libvault.a libbase.a $(CRYPTO_LIBS) $(CMOCKA_LIBS)
tests_unit_vault_certtbs_SOURCES = tests/unit/vault_certtbs.c tests/unit/unit.h
tests_unit_vault_certtbs_CPPFLAGS = $(libvault_a_CPPFLAGS)
tests_unit_vault_certtbs_LDADD = libvault.a libbase.a $(CRYPTO_LIBS) $(CMOCKA_LIBS)
tests_unit_vault_requests_SOURCES = tests/unit/vault_requests.c tests/unit/unit.h
tests_unit_vault_requests_CPPFLAGS = $(libvault_a_CPPFLAGS)
tests_unit_vault_requests_LDADD = libvault.a libbase.a $(CRYPTO_LIBS) $(CMOCKA_LIBS)
tests_unit_vault_process_SOURCES = tests/unit/vault_process.c tests/unit/unit.h tests/e2e/vault_child.c tests/e2e/vault_child.h
tests_unit_vault_process_CPPFLAGS = $(libvault_a_CPPFLAGS)
tests_unit_vault_process_LDADD = libvault.a libbase.a $(CRYPTO_LIBS) $(CMOCKA_LIBS)
endif

# What the end-to-end tests of the vault use: a command with one grant as its SSH agent.
noinst_PROGRAMS += tests/e2e/vault_bridge
tests_e2e_vault_bridge_SOURCES = tests/e2e/vault_bridge.c tests/e2e/vault_child.c tests/e2e/vault_child.h
tests_e2e_vault_bridge_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_e2e_vault_bridge_LDADD = libbase.a

# Fuzz targets; make check replays their corpora.
VAULT_FUZZ = tests/fuzz/fuzz_agent tests/fuzz/fuzz_certtbs tests/fuzz/fuzz_vault_key
check_PROGRAMS += $(VAULT_FUZZ)
TESTS += tests/fuzz/vault-corpora.sh
EXTRA_DIST += tests/fuzz/vault-corpora.sh tests/fuzz/corpus/agent tests/fuzz/corpus/certtbs tests/fuzz/corpus/vault_key \
	tests/e2e/30-the-vault-logs-in-to-a-real-sshd.sh tests/e2e/31-the-vault-command-keeps-its-word.sh
if FUZZER
VAULT_REPLAY =
else
VAULT_REPLAY = tests/fuzz/replay.c
endif
tests_fuzz_fuzz_agent_SOURCES = tests/fuzz/fuzz_agent.c $(VAULT_REPLAY)
tests_fuzz_fuzz_agent_CPPFLAGS = $(libvault_a_CPPFLAGS)
tests_fuzz_fuzz_agent_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_agent_LDADD = libvault.a libbase.a $(CRYPTO_LIBS)
tests_fuzz_fuzz_certtbs_SOURCES = tests/fuzz/fuzz_certtbs.c $(VAULT_REPLAY)
tests_fuzz_fuzz_certtbs_CPPFLAGS = $(libvault_a_CPPFLAGS)
tests_fuzz_fuzz_certtbs_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_certtbs_LDADD = libvault.a libbase.a $(CRYPTO_LIBS)
tests_fuzz_fuzz_vault_key_SOURCES = tests/fuzz/fuzz_vault_key.c $(VAULT_REPLAY)
tests_fuzz_fuzz_vault_key_CPPFLAGS = $(libvault_a_CPPFLAGS)
tests_fuzz_fuzz_vault_key_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_vault_key_LDADD = libvault.a libbase.a $(CRYPTO_LIBS)
