"""`python -m wharfinger` is `wharfinger`."""

import sys

from wharfinger.cli import main

sys.exit(main())
