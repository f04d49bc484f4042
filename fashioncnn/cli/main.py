"""Parses the command line, runs the command, and turns errors into exit codes.

0: done. 1: failed. 2: wrong usage or bad input. 130: interrupted with Ctrl-C.
"""

from __future__ import annotations

from collections.abc import Sequence

import fashioncnn
from fashioncnn.cli import evaluate, info, predict, train
from fashioncnn.cli.arguments import Parser
from fashioncnn.cli.errors import BAD_INPUT, FAILED, INTERRUPTED, CommandError
from fashioncnn.utils import output


def make_parser() -> Parser:
    parser = Parser(prog="fashioncnn",
                    description="Train small convolutional networks on Fashion-MNIST, and use them.")
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
        The exit code. --help and --version raise SystemExit(0), as argparse does.
    """
    try:
        options = make_parser().parse_args(arguments)
        exit_code: int = options.run(options)
        return exit_code
    except KeyboardInterrupt:
        return _report("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        return FAILED
    except CommandError as error:
        return _report(error, error.exit_code)
    except MemoryError as error:
        return _report(str(error) or "out of memory", FAILED)
    except OSError as error:
        return _report(f"{error.filename}: {error.strerror}" if error.filename else error, FAILED)
    except (fashioncnn.DataError, ImportError, ArithmeticError) as error:
        return _report(error, FAILED)
    except ValueError as error:
        return _report(error, BAD_INPUT)
    finally:
        output.abandon_broken_streams()


def _report(problem: object, exit_code: int) -> int:
    output.complain(f"fashioncnn: {problem}")
    return exit_code
