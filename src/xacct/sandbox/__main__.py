"""`python -m xacct.sandbox` is `xacct-sandbox`."""

from __future__ import annotations

import sys

from xacct.sandbox.cli import main

if __name__ == "__main__":
    sys.exit(main())
