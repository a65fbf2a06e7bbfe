# recorder: frames from a session worker to compressed asciicast on disk. libframe.a is the part the worker links.
noinst_LIBRARIES += libframe.a
libframe_a_SOURCES = recorder/frame.c recorder/frame.h

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/recorder_frame
TESTS += tests/unit/recorder_frame
tests_unit_recorder_frame_SOURCES = tests/unit/recorder_frame.c tests/unit/unit.h
tests_unit_recorder_frame_LDADD = libframe.a libbase.a $(CMOCKA_LIBS)
endif
