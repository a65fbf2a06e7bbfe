#!/bin/sh
# What core.readonly allows runs only what it allows: random texts with words from everywhere. SOUND_COUNT texts (2,000), SOUND_SEED for others.
set -u
here=$(dirname "$0")
python=/usr/bin/python3
[ -x $python ] || exit 77
exec $python "$here/sound.py" "${SALLYPORT:-./sallyport}" "${top_builddir:-.}/tests/corpus/sound_stub" "${SOUND_COUNT:-2000}" "${SOUND_SEED:-1}"
