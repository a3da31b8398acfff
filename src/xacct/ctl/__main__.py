"""`python -m xacct.ctl`: xacctctl where no script of that name is installed."""

import sys

from xacct.ctl.main import main

sys.exit(main())
