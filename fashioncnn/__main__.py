"""The command line: ``fashioncnn``, or ``python -m fashioncnn``."""

from __future__ import annotations

import os
import sys

from fashioncnn.cli.errors import BAD_INPUT, INTERRUPTED


def main() -> int:
    """Loads everything, which takes longer than many a command, and runs the command."""
    try:
        import signal

        usual = signal.getsignal(signal.SIGINT)
        if usual is signal.default_int_handler:  # an import could lose a KeyboardInterrupt, or make another error of it
            signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
        from fashioncnn.cli.main import main as run

        signal.signal(signal.SIGINT, usual)
        return run()
    except KeyboardInterrupt:
        return INTERRUPTED
    except (ImportError, ValueError) as error:
        print(f"fashioncnn: {error}", file=sys.stderr)
        return BAD_INPUT


if __name__ == "__main__":
    sys.exit(main())
