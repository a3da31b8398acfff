#!/bin/sh
# Make a Python virtual environment, or say in one sentence why that cannot be done.
# usage: scripts/venv.sh PYTHON DIRECTORY        (an existing DIRECTORY is emptied first)
set -eu

python=$1
directory=$2

case $python in
    [0-9]*) python=python$python ;; # 3.12 means python3.12
esac

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

# The probes are written so that any Python since 2.7 can answer them.
command -v "$python" >/dev/null 2>&1 ||
    fail "xacct needs Python 3.11 or newer, and there is no '$python' here: install it, or name one with PYTHON=/path/to/python3.11."

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "xacct needs Python 3.11 or newer, and '$python' is $("$python" -V 2>&1 || echo unusable): name a newer one with PYTHON=/path/to/python3.11."

"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "'$python' cannot make virtual environments because its venv or ensurepip module is missing: install it (Debian and Ubuntu: apt-get install python3-venv) and try again."

"$python" -m venv --clear "$directory"
