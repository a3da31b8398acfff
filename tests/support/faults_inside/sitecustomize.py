"""What a story of faults changes inside the processes of its world; Python runs this file as each of them begins.

A sleep that works under libfaketime 0.9.10, whose clock_nanosleep refuses what Python asks of it (EINVAL). And where
CONSTANT says so ("module:NAME:whole number"), a constant of ours, before anybody has read it.
"""

import importlib
import os
import select
import time

CONSTANT = "XACCT_TEST_CONSTANT"


def _sleep(seconds):
    select.select([], [], [], seconds)


time.sleep = _sleep
if CONSTANT in os.environ:
    _module, _name, _value = os.environ[CONSTANT].split(":")
    setattr(importlib.import_module(_module), _name, int(_value))
