"""The program that writes a store."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def tool_name() -> str:
    """This program and its version, as a commit names them."""
    try:
        return f"trailscan {version('trailscan')}"
    except PackageNotFoundError:
        return "trailscan (not installed)"
