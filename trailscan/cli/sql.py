"""`trailscan sql QUERY`: the store as tables."""

from __future__ import annotations


def sql() -> None:
    """Query the store with SQL."""
