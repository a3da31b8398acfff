#!/bin/sh
# Install xacct for this user, or remove what was installed. Running either twice is harmless.
# usage: scripts/install.sh install|uninstall
#
#   PYTHON         the interpreter to build on               (python3)
#   XDG_DATA_HOME  xacct/venv goes below it                  (~/.local/share)
#   BINDIR         the commands are symlinked into it        (~/.local/bin)
#   MANDIR         the manual's pages go into it             (XDG_DATA_HOME/man/man1)
#   EXTRAS         "mcp": what `xacctctl mcp` needs as well  (none; what is installed is kept up to date)
#   SERVICE        "no": don't have systemd keep xacctd      (yes, where it runs for this user)
#   PURGE          "yes": uninstall removes state, log and configure's profiles as well
set -eu

action=${1:-}
source=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
home=${XDG_DATA_HOME:-$HOME/.local/share}/xacct
venv=$home/venv
bindir=${BINDIR:-$HOME/.local/bin}
mandir=${MANDIR:-${XDG_DATA_HOME:-$HOME/.local/share}/man/man1}
commands='xacctd xacctctl xacct-sandbox'

say() {
    printf '%s\n' "$1"
}

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

# PYTHON=3.12 means python3.12.
case ${PYTHON:-} in
    [0-9]*) PYTHON=python$PYTHON ;;
esac

# The version and the place of a Python, or nothing.
identity() {
    "$1" -c 'import os, sys; print(sys.version_info[:3], os.path.realpath(sys.base_prefix))' 2>/dev/null || :
}

# Is $1 a symlink that we made?
is_ours() {
    [ -L "$1" ] && [ "$(readlink "$1")" = "$venv/bin/${1##*/}" ]
}

is_absolute() {
    case $1 in
        /*) return 0 ;;
        *) return 1 ;;
    esac
}

# All refusals come before the first change.
refuse_strangers() {
    for command in $commands; do
        link=$bindir/$command
        if { [ -e "$link" ] || [ -L "$link" ]; } && ! is_ours "$link"; then
            fail "$link exists and is not a link of this installation: move it away, or choose another folder with BINDIR=..., and try again."
        fi
    done
    if [ -e "$venv" ] && [ ! -f "$venv/pyvenv.cfg" ]; then
        fail "$venv exists and is no virtual environment: move it away and try again."
    fi
}

install_venv() {
    if [ -n "${PYTHON_CHOSEN:-}" ] && [ -f "$venv/pyvenv.cfg" ] &&
        [ "$(identity "$PYTHON")" != "$(identity "$venv/bin/python")" ]; then
        sh "$source/scripts/venv.sh" "$PYTHON" "$venv"
        say "replaced $venv, which had another Python"
    elif "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        say "kept     $venv"
    else
        sh "$source/scripts/venv.sh" "${PYTHON:-python3}" "$venv"
        say "created  $venv"
    fi
    pip() {
        "$venv/bin/python" -m pip --disable-pip-version-check --quiet "$@"
    }
    # Wheels alone: what is built here would run its own build dependencies, which nobody has pinned.
    pip install --require-hashes --only-binary=:all: -r "$source/constraints.txt" ||
        fail "a dependency named above has no wheel for this Python ($("$venv/bin/python" -V 2>&1)) on this machine, and nothing is built from source: choose another Python with PYTHON=... and try again."
    install_keychain
    install_mcp
    # A left-over build tree would smuggle files that no longer exist into the wheel.
    rm -rf "$source/build/lib" "$source"/build/bdist.*
    pip install --no-deps --no-build-isolation --force-reinstall "$source"
    version=$("$venv/bin/python" -c 'import importlib.metadata as m; print(m.version("xacct"))')
    say "installed xacct $version; every dependency matched its pinned hash"
    install_launcher
}

# In the place of pip's script, which takes longer to start Python than xacctctl takes for what it does. pip puts its own
# back at each installation, and uninstall removes both with the venv.
install_launcher() {
    launcher=$venv/bin/xacctctl
    packages=$("$venv/bin/python" -I -c 'import xacct, os.path as p; print(p.dirname(p.dirname(xacct.__file__)))')
    bundle=$venv/xacctctl.bundle
    if sh "$source/scripts/launcher.sh" "$venv/bin/python" "$packages" "$bundle" >"$launcher.new" &&
        "$venv/bin/python" -I -m xacct.ctl.bundle "$bundle.new" && mv "$bundle.new" "$bundle" &&
        chmod 755 "$launcher.new" && "$launcher.new" --version >/dev/null 2>&1; then
        mv "$launcher.new" "$launcher"
        say "wrote    $launcher"
    else
        rm -f "$launcher.new" "$bundle.new"
        say "kept     $launcher as pip has written it: it starts more slowly"
    fi
}

# persistence = "keychain" is off by default: a machine its libraries have no wheels for does without.
install_keychain() {
    if pip install --require-hashes --only-binary=:all: -r "$source/constraints-keychain.txt"; then
        say "keychain persistence = \"keychain\" can be set"
    else
        say "keychain its libraries could not be installed (wheels only): persistence = \"keychain\" will not work here"
    fi
}

# Thirty packages that one verb needs: for those who ask for them, and again where they are there already.
install_mcp() {
    case " ${EXTRAS:-} " in
        *" mcp "*) ;;
        *) "$venv/bin/python" -m pip --disable-pip-version-check show --quiet mcp >/dev/null 2>&1 || return 0 ;;
    esac
    pip install --require-hashes --only-binary=:all: -r "$source/constraints-mcp.txt" ||
        fail "what the extra mcp needs could not be installed (wheels only): leave out EXTRAS=mcp, and all but xacctctl mcp works."
    say "mcp      xacctctl mcp can be used"
}

install_links() {
    mkdir -p "$bindir"
    for command in $commands; do
        link=$bindir/$command
        if is_ours "$link"; then
            say "kept     $link"
        else
            ln -s "$venv/bin/$command" "$link"
            say "linked   $link"
        fi
    done
    case :$PATH: in
        *":$bindir:"*) ;;
        *) say "$bindir is not on your PATH. Add to your shell's start file:  export PATH=\"$bindir:\$PATH\"" ;;
    esac
}

install_pages() {
    if "$venv/bin/python" -I -m xacct.ctl.manual "$mandir"; then
        say "wrote    $mandir/xacctctl*.1"
    else
        say "the manual's pages could not be written into $mandir; each verb has its --help"
    fi
}

# Those that have our first line.
remove_pages() {
    for page in "$mandir"/xacctctl.1 "$mandir"/xacctctl-*.1; do
        if [ -f "$page" ] && head -n 1 "$page" | grep -q 'Made by xacct of its own parsers'; then
            rm "$page"
        fi
    done
}

# What is refused here (a running daemon that holds credentials) is said, and no failure: xacct works without.
install_service() {
    if [ "${SERVICE:-yes}" = no ]; then
        return
    elif systemctl --user show-environment >/dev/null 2>&1; then
        "$venv/bin/xacctctl" service install || say "xacct is installed, but not as a service (docs/service.md)"
    else
        say "systemd does not run for this user: xacctctl starts xacctd when it is needed"
    fi
}

# The installed xacctctl; this checkout's, where an earlier uninstall has taken that and left state to purge.
ctl() {
    if [ -x "$venv/bin/xacctctl" ]; then
        "$venv/bin/xacctctl" "$@"
    else
        PYTHONPATH=$source/src "${PYTHON:-python3}" -m xacct.ctl "$@"
    fi
}

uninstall() {
    if [ "${PURGE:-no}" = yes ]; then
        ctl service uninstall --purge || say "not all could be removed; going on"
    elif [ -x "$venv/bin/xacctctl" ]; then
        ctl service uninstall || say "the service could not be removed; going on"
        say "to remove what is kept: make uninstall PURGE=yes"
    fi
    if [ -x "$venv/bin/xacctctl" ]; then
        # Its program goes: it would run on without what it loads only when needed.
        ctl stop || say "xacctd could not be stopped: look at its process"
    fi
    for command in $commands; do
        link=$bindir/$command
        if is_ours "$link"; then
            rm "$link"
            say "removed  $link"
        fi
    done
    remove_pages
    if [ -f "$venv/pyvenv.cfg" ]; then
        rm -rf "$venv"
        say "removed  $venv"
        rmdir "$home" 2>/dev/null || say "kept     $home, which holds something else"
    else
        say "nothing is installed in $venv"
    fi
}

# A daemon of the code before: said, for only its owner knows when to put the new one in its place.
report_daemon() {
    "$venv/bin/python" -m xacct.ctl.leftovers || :
}

is_absolute "$home" || fail "XDG_DATA_HOME must be an absolute path; it is '${XDG_DATA_HOME:-}'."
is_absolute "$mandir" || fail "MANDIR must be an absolute path; it is '$mandir'."
is_absolute "$bindir" || fail "BINDIR must be an absolute path; it is '$bindir'."

case $action in
    install)
        refuse_strangers
        install_venv
        install_links
        install_pages
        install_service
        report_daemon
        ;;
    uninstall) uninstall ;;
    *) fail "usage: scripts/install.sh install|uninstall" ;;
esac
