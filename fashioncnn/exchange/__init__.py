"""Models to and from other programs: what `Model.export` writes, and what `saving` reads of others' files."""

from __future__ import annotations

from fashioncnn.exchange.export import export

__all__ = ["export"]
