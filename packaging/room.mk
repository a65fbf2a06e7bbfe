# packaging: what goes into a source package, and what an installed tree has besides programs.
#
# Automake knows the sources of programs. Everything else that a build or a check needs (corpora, fixtures, scripts, documents) is taken by
# folder, so that a new test cannot be forgotten: the files that git knows, or, in an unpacked source package, all that are there.
DIST_FOLDERS = .ci docs packaging policy/packs policy/tables tests
EXTRA_DIST += packaging/dist-files.sh
dist-hook:
	$(AM_V_at)sh $(srcdir)/packaging/dist-files.sh $(srcdir) $(distdir) $(DIST_FOLDERS)

MAN_PAGES = docs/man/sallyport.1 docs/man/sallyport-audit.1 docs/man/sallyport-demo.1 docs/man/sallyport-init.1 docs/man/sallyport-policy.1 \
	docs/man/sallyport-recording.1 docs/man/sallyport-replay.1 docs/man/sallyport-token.1 docs/man/sallyport-vault.1 \
	docs/man/sallyport.yaml.5 docs/man/sallyport-policy.5 docs/man/sallyportd.8 docs/man/sallyport-control.8 docs/man/sallyport-recorder.8 \
	docs/man/sallyport-session.8 docs/man/sallyport-vault.8
dist_man_MANS = $(MAN_PAGES)
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = packaging/completion/sallyport
TESTS += tests/tree/manpages.sh tests/tree/loglines.sh
dist_check_SCRIPTS += tests/tree/manpages.sh tests/tree/loglines.sh
EXTRA_DIST += m4/.gitkeep
