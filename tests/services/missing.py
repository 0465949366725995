"""What a test does when a service that it needs cannot be had: skip aloud, and in CI fail."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MARK = "needs "


class MissingServiceError(Exception):
    """A service cannot be had on this machine; the message says why in one line."""


def give_up(service: str, error: MissingServiceError) -> NoReturn:
    """End a test for want of a service: a skip, but a failure where `CI` is set."""
    if in_ci(os.environ):
        pytest.fail(f"{_MARK}{service}, and CI skips nothing: {error}", pytrace=False)
    pytest.skip(f"{_MARK}{service}: {error}")


def in_ci(environment: Mapping[str, str]) -> bool:
    """Whether the variable `CI` says that nothing may be skipped."""
    return environment.get("CI", "").lower() not in ("", "0", "false", "no")


def not_run(skip_reasons: Iterable[str]) -> list[str]:
    """One line for each service that tests were skipped for, with their number and why."""
    found = (reason.removeprefix("Skipped: ") for reason in skip_reasons)
    counted = Counter(reason for reason in found if reason.startswith(_MARK))
    return [
        f"NOT RUN: {count} {'test' if count == 1 else 'tests'}: {reason}"
        for reason, count in sorted(counted.items())
    ]
