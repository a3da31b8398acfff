#!/bin/sh
# Write constraints.txt (what runs) and constraints-dev.txt (that and what tests it) anew.
# usage: scripts/constraints.sh PYTHON            PYTHON makes the venv that uv is run from
#
# Both are universal (Python 3.11 and newer, Linux and macOS) and carry every file's hash. They name
# no package index, so that pip takes whichever it is set to use. The build backend is pinned too,
# because `pip install --no-build-isolation` takes it from the same place.
# Pins that still satisfy pyproject.toml stay; UPGRADE=1 moves all of them.
set -eu

uv_version=0.13.9
tool=build/uv

if ! "$tool/bin/uv" --version 2>/dev/null | grep -q "^uv $uv_version"; then
    sh scripts/venv.sh "$1" "$tool"
    "$tool/bin/python" -m pip --disable-pip-version-check --quiet install "uv==$uv_version"
fi

backend=$("$tool/bin/python" -c '
import tomllib
with open("pyproject.toml", "rb") as file:
    print("\n".join(tomllib.load(file)["build-system"]["requires"]))')

# compile FILE WHAT [uv's options...]
compile() {
    file=$1
    what=$2
    shift 2
    draft=build/$file
    rm -f "$draft"
    if [ -z "${UPGRADE:-}" ] && [ -f "$file" ]; then
        cp "$file" "$draft" # uv keeps the pins it finds here
    fi
    printf '%s\n' "$backend" | "$tool/bin/uv" pip compile --quiet --universal \
        --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links --output-file "$draft" "$@" pyproject.toml -
    {
        printf '# %s. Written by "make constraints"; do not edit.\n' "$what"
        cat "$draft"
    } >"$file"
    rm -f "$draft"
    printf '%s: %s packages\n' "$file" "$(grep -c '==' "$file")"
}

compile constraints.txt "What xacct runs on"
compile constraints-dev.txt "What xacct runs on, and what tests it" \
    --extra dev --constraint constraints.txt
