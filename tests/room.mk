# Tests of the tree itself: who includes what, who links what.
AM_TESTS_ENVIRONMENT = srcdir='$(srcdir)'; export srcdir; top_builddir='$(top_builddir)'; export top_builddir;
dist_check_SCRIPTS += tests/tree/includes.sh tests/tree/links.sh
TESTS += tests/tree/includes.sh tests/tree/links.sh
EXTRA_DIST += tests/run
