#!/bin/bash
# The managed shell as a person has it: prompt, editing, history, full-screen programs, window sizes, waiting for an approval,
# and a recording that shows what they saw.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/shell.yaml"
exec /usr/bin/python3 "$here/shell_person.py"
