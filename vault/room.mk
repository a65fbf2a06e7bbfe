# vault: the key process, and what the command line shares with it. Links libcrypto and libc only.
noinst_LIBRARIES += libvault.a
libvault_a_SOURCES = vault/secmem.c vault/secmem.h vault/crypto.h vault/key.c vault/key.h vault/import.c vault/import.h \
	vault/master.c vault/master.h vault/seal.c vault/seal.h vault/store.c vault/store.h vault/storefile.c vault/storefile.h \
	vault/certtbs.c vault/certtbs.h vault/checkpoint.c vault/checkpoint.h vault/sign.c vault/sign.h \
	vault/agent.c vault/agent.h vault/vault.c vault/vault.h vault/init.c
libvault_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) -D_GNU_SOURCE

pkglibexec_PROGRAMS += sallyport-vault
sallyport_vault_SOURCES = vault/vaultd.c vault/conn.c vault/conn.h
sallyport_vault_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) -D_GNU_SOURCE
sallyport_vault_LDADD = libvault.a libbase.a $(CRYPTO_LIBS)

if HAVE_CMOCKA
VAULT_UNIT = tests/unit/vault_key tests/unit/vault_store tests/unit/vault_agent tests/unit/vault_certtbs \
	tests/unit/vault_requests
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
endif
