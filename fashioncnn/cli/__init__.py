"""The commands ``fashioncnn train``, ``evaluate``, ``predict`` and ``info``.

Each command is a module with ``add_parser`` (its arguments) and ``run`` (its work; returns the exit code).
"""
