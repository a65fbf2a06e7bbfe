#!/bin/sh
# Replays the corpus of what an agent may send to open a channel, and as a global request.
exec ./tests/fuzz/fuzz_request "${srcdir:-.}/tests/fuzz/corpus/request"
