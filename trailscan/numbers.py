"""Numbers in words: counts that agree with their nouns, and sizes."""

from __future__ import annotations


def counted(count: int, noun: str, plural: str = "") -> str:
    """A count with its noun: `1 log file`, `1,234 log files`; `plural` where it takes no s."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def size_text(count: int) -> str:
    """A number of bytes in decimal units: `950 bytes`, `1.5 MB`."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return counted(count, "byte")
