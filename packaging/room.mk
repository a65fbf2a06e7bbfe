# packaging: what goes into a source package, and what an installed tree has besides programs.
#
# Automake knows the sources of programs. Everything else that a build or a check needs (corpora, fixtures, scripts, documents) is taken by
# folder, so that a new test cannot be forgotten: the files that git knows, or, in an unpacked source package, all that are there.
DIST_FOLDERS = .ci docs packaging policy/packs policy/tables tests
EXTRA_DIST += packaging/dist-files.sh
dist-hook:
	$(AM_V_at)sh $(srcdir)/packaging/dist-files.sh $(srcdir) $(distdir) $(DIST_FOLDERS)
