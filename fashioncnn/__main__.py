"""The command line: ``fashioncnn``, or ``python -m fashioncnn``."""

from __future__ import annotations

import sys

from fashioncnn.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
