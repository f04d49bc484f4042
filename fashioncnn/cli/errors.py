"""Errors that end a command with one sentence and an exit code instead of a traceback."""

from __future__ import annotations

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130


class CommandError(Exception):
    """What the user asked for could not be done."""

    exit_code = FAILED


class BadInput(CommandError):
    """What the user gave cannot be used."""

    exit_code = BAD_INPUT
