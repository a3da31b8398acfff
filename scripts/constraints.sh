#!/bin/sh
# Write constraints.txt (what runs), constraints-keychain.txt and constraints-mcp.txt (what the extras `keychain` and
# `mcp` add to it) and constraints-dev.txt (all that and what tests it) anew.
# usage: scripts/constraints.sh PYTHON            PYTHON makes the venv that uv is run from
#
# They are universal (Python 3.11 and newer, Linux and macOS) and carry every file's hash. They name
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

# requirements NAME.NAME...: a list of pyproject.toml, a line each.
requirements() {
    "$tool/bin/python" -c '
import sys, tomllib
with open("pyproject.toml", "rb") as file:
    found = tomllib.load(file)
for name in sys.argv[1].split("."):
    found = found[name]
print("\n".join(found))' "$1"
}

# compile FILE WHAT [uv's arguments...]: what else is needed comes on stdin
compile() {
    file=$1
    what=$2
    shift 2
    draft=build/$file
    rm -f "$draft"
    if [ -z "${UPGRADE:-}" ] && [ -f "$file" ]; then
        cp "$file" "$draft" # uv keeps the pins it finds here
    fi
    "$tool/bin/uv" pip compile --quiet --universal \
        --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links --output-file "$draft" "$@" -
    {
        printf '# %s. Written by "make constraints"; do not edit.\n' "$what"
        cat "$draft"
    } >"$file"
    rm -f "$draft"
    printf '%s: %s packages\n' "$file" "$(grep -c '==' "$file")"
}

backend=build-system.requires
requirements $backend | compile constraints.txt "What xacct runs on" pyproject.toml
requirements project.optional-dependencies.keychain | compile constraints-keychain.txt \
    "What the extra keychain adds" --constraint constraints.txt
requirements project.optional-dependencies.mcp | compile constraints-mcp.txt \
    "What the extra mcp adds" --constraint constraints.txt --constraint constraints-keychain.txt
requirements $backend | compile constraints-dev.txt "What xacct runs on, and what tests it" \
    --extra keychain --extra mcp --extra dev --constraint constraints.txt --constraint constraints-keychain.txt \
    --constraint constraints-mcp.txt pyproject.toml
