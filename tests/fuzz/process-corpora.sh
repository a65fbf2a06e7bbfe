#!/bin/sh
# Between the processes and at the edges of control: every input that was ever of interest goes through its target again.
set -eu
top=$(cd "${srcdir:-.}" && pwd) # control changes its directory
for name in ipc daemon_config recording control; do
	./tests/fuzz/fuzz_$name "$top/tests/fuzz/corpus/$name" 2>/dev/null
done
