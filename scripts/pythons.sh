#!/bin/sh
# Run `make test` under every other Python from 3.11 on that this machine has; say which it has not.
# usage: scripts/pythons.sh [PYTEST-ARGUMENT...]      (.venv's own Python is not run again)
# Looked for in PATH, and where pyenv and uv keep theirs. Each gets an environment in .venvs/, kept for the next time.
set -u

cd "$(dirname "$0")/.." || exit 1
ours=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])') || exit 1
failed=

# find_python 3.12: the path of one that runs, or nothing. (A shim in PATH may stand for a version that is not chosen.)
find_python() {
    for found in "$(command -v "python$1")" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1."*/bin/python "$HOME/.local/share/uv/python/cpython-$1."*/bin/python; do
        [ -x "$found" ] && "$found" -c "" 2>/dev/null && echo "$found" && return
    done
}

# make_environment PYTHON DIRECTORY: done once for each set of pins
make_environment() {
    if cmp -s constraints-dev.txt "$2/pins" && [ -x "$2/bin/pytest" ]; then return; fi
    sh scripts/venv.sh "$1" "$2" &&
        "$2/bin/python" -m pip --disable-pip-version-check --quiet install --require-hashes -r constraints-dev.txt &&
        "$2/bin/python" -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --editable . &&
        cp constraints-dev.txt "$2/pins"
}

for version in 3.11 3.12 3.13 3.14; do
    [ "$version" = "$ours" ] && continue
    python=$(find_python "$version" | head -n 1)
    if [ -z "$python" ]; then
        echo "Python $version: not here, skipped"
        continue
    fi
    echo "Python $version: $python"
    if ! make_environment "$python" ".venvs/$version"; then
        echo "Python $version: no environment could be made"
        failed="$failed $version"
    elif ! env -u PYTHONDONTWRITEBYTECODE ".venvs/$version/bin/pytest" -n 3 --dist loadfile --no-loadscope-reorder "$@"; then
        failed="$failed $version"
    fi
done

[ -z "$failed" ] || { echo "FAILED under Python$failed"; exit 1; }
