#!/bin/bash
# The clients that Debian packages, each operation a cell; tests/clients/run has them all.
exec "$(dirname "$0")/../clients/run" --short
