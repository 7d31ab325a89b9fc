"""Entry of `python -m e2e.cluster`; all it does is in `cli`."""

import sys

from e2e.cluster.cli import main

if __name__ == "__main__":
    sys.exit(main())
