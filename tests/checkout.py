"""Keeps tests from writing into the checkout, where what they write would hide what they found."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

ROOT = f"{Path(__file__).parent.parent}{os.sep}"
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def guard_checkout() -> None:
    """Let every attempt of this process to write a file of the checkout, or put one there, fail.

    What other processes and libraries written in C or Rust do is seen by `.ci/run`, which compares
    `git status` before and after.
    """
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook (PEP 578): an exception raised here ends the call that it is about."""
    if event == "open" and arguments[2] & _WRITES:
        path = arguments[0]
    elif event in {"os.rename", "os.link", "os.symlink"}:
        path = arguments[1]
    else:
        return
    if isinstance(path, str | bytes | os.PathLike) and _is_ours(os.fsdecode(path)):
        raise PermissionError(f"a test wrote into the checkout: {os.fsdecode(path)}")


def _is_ours(path: str) -> bool:
    """Whether a file is of the checkout, and is no cache of Python, pytest or another tool."""
    whole = os.path.abspath(path)  # noqa: PTH100  # Path.resolve asks the disk
    if not whole.startswith(ROOT):
        return False
    inside = Path(whole.removeprefix(ROOT)).parts
    return not any(part.startswith((".", "__pycache__", "pytest-cache-files-")) for part in inside)
