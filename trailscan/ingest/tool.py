"""What this program is called where it leaves its name."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def tool_name() -> str:
    """The program and its version, as the ledger names them."""
    try:
        return f"trailscan {version('trailscan')}"
    except PackageNotFoundError:
        return "trailscan (not installed)"
