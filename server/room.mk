# server: the supervisor, which links libc and libyaml only, and the session worker, the only program with libssh.
sbin_PROGRAMS += sallyportd
pkglibexec_PROGRAMS += sallyport-session

sallyportd_SOURCES = \
	server/sallyportd.c \
	server/supervisor.h \
	server/config.c server/config.h \
	server/services.c \
	server/listen.c \
	server/workers.c \
	server/penalty.c server/penalty.h \
	server/dial.c \
	server/spawn.c server/spawn.h \
	server/parents.c server/parents.h \
	server/notify.c server/notify.h
sallyportd_LDADD = libyamltree.a libbase.a $(YAML_LIBS)

sallyport_session_SOURCES = \
	server/session_main.c \
	server/session.h \
	server/channel.c server/channel.h \
	server/channel_hears.c \
	server/channel_start.c \
	server/pump.c \
	server/agent_side.c \
	server/target_side.c \
	server/control_side.c \
	server/recording.c \
	server/hostkey.c \
	server/sign.c \
	server/shell_run.c server/shell_run.h \
	server/shell_int.h \
	server/shell_source.c \
	server/shell_keys.c \
	server/warm.c \
	server/hostscan.c \
	server/hostcert.c server/hostcert.h \
	server/backlog.c server/backlog.h \
	server/rekey.c server/rekey.h \
	server/forward.c server/forward.h \
	server/remote.c server/remote.h \
	server/packet.c server/packet.h \
	server/request.c server/request.h \
	policy/destination.c policy/destination.h \
	server/resolve.c server/resolve.h \
	server/files.c server/files.h \
	server/sftp.c server/sftp.h \
	server/sftp_reply.c \
	server/sftp_table.c \
	server/scp.c server/scp.h \
	server/rsync.c server/rsync.h
sallyport_session_CPPFLAGS = $(AM_CPPFLAGS) $(LIBSSH_CFLAGS) $(CRYPTO_CFLAGS)
sallyport_session_LDADD = libfiles.a libtransfer.a libmanaged.a libshell.a libframe.a libsandbox.a $(MASK_LIBS) $(LIBSSH_LIBS) $(SECCOMP_LIBS)

# The managed shell's pure parts: state, plan, line editor.
noinst_LIBRARIES += libmanaged.a
libmanaged_a_SOURCES = \
	server/shell_state.c server/shell_state.h \
	server/shell_plan.c server/shell_plan.h \
	server/shell_words.c server/shell_words.h \
	server/shell_value.c server/shell_value.h \
	server/shell_local.c server/shell_local.h \
	server/shell_follow.c server/shell_follow.h \
	server/shell_unseen.c \
	server/shell_edit.c server/shell_edit.h \
	server/shell_edit_int.h \
	server/shell_edit_line.c \
	server/shell_edit_paint.c \
	server/shell_width.c

# The pure parts of channels with files: packets and records.
noinst_LIBRARIES += libfiles.a
libfiles_a_SOURCES = \
	server/sftp_wire.c server/sftp_wire.h \
	server/scp_wire.c server/scp_wire.h

# A control that decides nothing, for tests of supervisor and worker alone.
check_PROGRAMS += tests/tools/allow_all_control
tests_tools_allow_all_control_SOURCES = tests/tools/allow_all_control.c
tests_tools_allow_all_control_LDADD = libbase.a
server_tests = tests/server/exec.sh tests/server/bulk.sh tests/server/channels.sh tests/server/lifecycle.sh tests/server/hostile.sh tests/server/terminal.sh tests/server/users.sh
TESTS += $(server_tests)
EXTRA_DIST += tests/server/lib.sh tests/server/hostile.py $(server_tests)

if HAVE_CMOCKA
shell_tests = tests/unit/server_shell_edit tests/unit/server_shell_plan tests/unit/server_penalty
check_PROGRAMS += $(shell_tests)
TESTS += $(shell_tests)
tests_unit_server_penalty_SOURCES = tests/unit/server_penalty.c server/penalty.c server/penalty.h tests/unit/unit.h
tests_unit_server_penalty_LDADD = libbase.a $(CMOCKA_LIBS)
tests_unit_server_shell_edit_SOURCES = tests/unit/server_shell_edit.c tests/unit/unit.h
tests_unit_server_shell_edit_LDADD = libmanaged.a libbase.a $(CMOCKA_LIBS)
tests_unit_server_shell_plan_SOURCES = tests/unit/server_shell_plan.c tests/unit/unit.h
tests_unit_server_shell_plan_LDADD = libmanaged.a libshell.a libbase.a $(CMOCKA_LIBS)
endif

check_PROGRAMS += tests/fuzz/fuzz_edit tests/fuzz/fuzz_plan
TESTS += tests/fuzz/managed-corpora.sh
EXTRA_DIST += docs/shell.md tests/bench/shell.sh tests/fuzz/managed-corpora.sh tests/fuzz/corpus/edit tests/fuzz/corpus/plan \
	tests/e2e/shell_term.py tests/e2e/shell_person.py tests/e2e/shell_bypass.py tests/e2e/policies/shell.yaml \
	tests/e2e/45-a-script-is-decided-statement-by-statement.sh tests/e2e/46-no-way-around-the-managed-shell.sh \
	tests/e2e/47-a-managed-shell-at-a-terminal.sh tests/e2e/48-every-client-gets-the-managed-shell.sh \
	tests/e2e/65-a-raw-terminal-says-that-it-is-one.sh tests/e2e/policies/raw.yaml tests/e2e/ssh2/client.mjs \
	tests/e2e/ssh2/package.json tests/e2e/ssh2/package-lock.json
if FUZZER
EDIT_REPLAY =
else
EDIT_REPLAY = tests/fuzz/replay.c
endif
tests_fuzz_fuzz_edit_SOURCES = tests/fuzz/fuzz_edit.c $(EDIT_REPLAY)
tests_fuzz_fuzz_edit_LDADD = libmanaged.a libbase.a
tests_fuzz_fuzz_edit_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_plan_SOURCES = tests/fuzz/fuzz_plan.c $(EDIT_REPLAY)
tests_fuzz_fuzz_plan_LDADD = libmanaged.a libshell.a libbase.a
tests_fuzz_fuzz_plan_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

check_PROGRAMS += tests/fuzz/fuzz_hostcert
tests_fuzz_fuzz_hostcert_SOURCES = tests/fuzz/fuzz_hostcert.c server/hostcert.c server/hostcert.h
if !FUZZER
tests_fuzz_fuzz_hostcert_SOURCES += tests/fuzz/replay.c
endif
tests_fuzz_fuzz_hostcert_LDADD = libbase.a
tests_fuzz_fuzz_hostcert_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
TESTS += tests/fuzz/hostcert.sh
EXTRA_DIST += tests/fuzz/hostcert.sh tests/fuzz/corpus/hostcert

check_PROGRAMS += tests/fuzz/fuzz_request
tests_fuzz_fuzz_request_SOURCES = tests/fuzz/fuzz_request.c server/request.c server/request.h
if !FUZZER
tests_fuzz_fuzz_request_SOURCES += tests/fuzz/replay.c
endif
tests_fuzz_fuzz_request_LDADD = libbase.a
tests_fuzz_fuzz_request_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
TESTS += tests/fuzz/request.sh
EXTRA_DIST += tests/fuzz/request.sh tests/fuzz/corpus/request

# Channels with files.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/server_files_wire
TESTS += tests/unit/server_files_wire
tests_unit_server_files_wire_SOURCES = tests/unit/server_files_wire.c tests/unit/unit.h
tests_unit_server_files_wire_LDADD = libfiles.a libbase.a $(CMOCKA_LIBS)
endif
check_PROGRAMS += tests/fuzz/fuzz_sftp tests/fuzz/fuzz_scp
tests_fuzz_fuzz_sftp_SOURCES = tests/fuzz/fuzz_sftp.c
tests_fuzz_fuzz_sftp_LDADD = libfiles.a libbase.a
tests_fuzz_fuzz_sftp_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_scp_SOURCES = tests/fuzz/fuzz_scp.c
tests_fuzz_fuzz_scp_LDADD = libfiles.a libtransfer.a libbase.a
tests_fuzz_fuzz_scp_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
if !FUZZER
tests_fuzz_fuzz_sftp_SOURCES += tests/fuzz/replay.c
tests_fuzz_fuzz_scp_SOURCES += tests/fuzz/replay.c
endif
TESTS += tests/fuzz/files-corpora.sh
EXTRA_DIST += tests/fuzz/files-corpora.sh tests/fuzz/corpus/sftp tests/fuzz/corpus/scp tests/e2e/policies/files.yaml tests/e2e/policies/bench.yaml \
	tests/e2e/16-sftp-goes-by-the-path-rules.sh tests/e2e/17-an-sftp-upload-waits-for-a-person.sh tests/e2e/18-scp-in-the-old-protocol.sh \
	tests/e2e/19-rsync-goes-by-the-path-rules.sh
