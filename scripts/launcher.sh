#!/bin/sh
# Print the launcher of xacctctl: the program that `make install` puts in the place of pip's.
# usage: scripts/launcher.sh PYTHON FOLDER BUNDLE
#
#   PYTHON  the interpreter of the installation's venv
#   FOLDER  where the package xacct lies: the venv's site-packages
#   BUNDLE  the file with the bytecode of the daily verbs: see src/xacct/ctl/bundle.py
#
# pip's script starts Python with all that a venv may have: site, the start-up files of whatever is installed beside
# (.pth), the user's site-packages, PYTHON* variables. Reading that takes as long as a whole `xacctctl process`, and
# each of these can put other code into the process that handles credentials. The launcher has none:
#
#   -I  isolated: no PYTHONPATH nor any other PYTHON* variable, no user site, neither the script's folder nor the
#       working directory on sys.path
#   -S  no site: no .pth files, no sitecustomize
#
# What is left is the interpreter's own standard library, and behind it the one folder named here, so that nothing in it
# can take the place of a standard module. xacctctl is standard library alone (tests/test_architecture.py), so that is
# all it needs; programs that it starts (xacctd, the command of exec) get the environment as it is.
#
# What is loaded stays, and a daily verb has no garbage worth looking for: that would be a seventieth of its time. A verb
# that goes on and on does look for it.
#
# Prints nothing, and fails, where a first line can't name the interpreter: a blank in its path, or one longer than old
# kernels read (127 bytes, execve(2)). pip's script, which has a way around that, stays then.
set -eu

python=$1
folder=$2
bundle=$3
line="#!$python -IS"

case $python in
    *[[:space:]]*) exit 1 ;;
esac
case $folder$bundle in
    *[\"\\]* | *[[:cntrl:]]*) exit 1 ;;
esac
[ "$(printf '%s' "$line" | wc -c)" -le 127 ] || exit 1

cat <<END
$line
# Written by scripts/launcher.sh of xacct, which says why it is as it is.
import gc
import sys
from marshal import loads

from _frozen_importlib_external import MAGIC_NUMBER

gc.set_threshold(100_000)
sys.path.append("$folder")
try:
    file = open("$bundle", "rb", 0)
    if file.read(len(MAGIC_NUMBER)) == MAGIC_NUMBER:
        finder, modules, behind = loads(file.read(int.from_bytes(file.read(4), "little")))
        exec(finder, found := {"__name__": "xacct.ctl.bundle"})
        sys.meta_path.insert(0, found["Bundle"](modules, behind, file))
except Exception:
    pass  # whatever is wrong with it: all is loaded from where it lies
from xacct.ctl.main import run

run()
END
