"""Parses the command line, runs the command, and turns errors into exit codes.

0: done. 1: failed. 2: wrong usage or bad input. 130: interrupted with Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import fashioncnn
from fashioncnn.cli import evaluate, info, predict, train
from fashioncnn.cli.errors import BAD_INPUT, FAILED, INTERRUPTED, CommandError


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fashioncnn", description="Train small convolutional networks on Fashion-MNIST, and use them."
    )
    parser.add_argument("--version", action="version", version=f"fashioncnn {fashioncnn.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (train, evaluate, predict, info):
        command.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: Without the program's name; None takes the process's.

    Returns:
        The exit code. Wrong usage raises SystemExit(2), as argparse does.
    """
    options = make_parser().parse_args(arguments)
    try:
        exit_code: int = options.run(options)
        sys.stdout.flush()
        return exit_code
    except KeyboardInterrupt:
        return _report("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except CommandError as error:
        return _report(error, error.exit_code)
    except (fashioncnn.DataError, OSError, ImportError, MemoryError, ArithmeticError) as error:
        return _report(error, FAILED)
    except ValueError as error:
        return _report(error, BAD_INPUT)


def _report(problem: object, exit_code: int) -> int:
    print(f"fashioncnn: {problem}", file=sys.stderr)
    return exit_code
