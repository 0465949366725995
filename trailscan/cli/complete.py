"""What a shell can complete: values that options know, and accounts and event IDs of a store.

A shell waits for the answer, so a store in S3 is not asked, and no error is shown.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from trailscan.store.paths import TableName

_MOST, _SECONDS = 50, 0.5
_HARMLESS = re.compile(r"[A-Za-z0-9._:/-]+")
"""What a shell takes for a word and nothing else: whoever writes a record chooses its event ID."""


def _beginning(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]


def complete_severity(incomplete: str) -> list[str]:
    """The severities that begin with what was typed."""
    from trailscan.organizations.severity import SEVERITIES

    return _beginning(SEVERITIES, incomplete)


def complete_outcome(incomplete: str) -> list[str]:
    """The outcomes that begin with what was typed."""
    return _beginning(("succeeded", "denied", "failed"), incomplete)


def complete_action(incomplete: str) -> list[str]:
    """The operations and service events that begin with what was typed."""
    from trailscan.organizations.services import SERVICES

    names = (one.name for service in SERVICES if service.reported for one in service.operations)
    return _beginning(sorted(set(names)), incomplete)


def complete_rule(incomplete: str) -> list[str]:
    """The IDs of the rules that begin with what was typed."""
    from trailscan.reports.findings.report import RULES

    return _beginning((rule.id for rule in RULES), incomplete)


def _in_store(table: TableName, column: str) -> Callable[[Any, str], list[str]]:
    """A function that completes with the values of a column of a store on this machine."""

    def complete(ctx: Any, incomplete: str) -> list[str]:
        found: dict[str, None] = {}
        with suppress(Exception):  # a shell has no use for an error
            for value in _values(_place(ctx), table, column):
                if value.startswith(incomplete) and _HARMLESS.fullmatch(value):
                    found[value] = None
                    if len(found) >= _MOST:
                        break
        return sorted(found)

    return complete


def _place(ctx: Any) -> str:
    """The store that a command line names so far."""
    from trailscan.cli.options import DEFAULT_STORE

    given = ctx.params.get("store") or os.environ.get("TRAILSCAN_STORE") or DEFAULT_STORE
    return str(given)


def _values(place: str, table: TableName, column: str) -> Iterator[str]:
    """The values of a column, as many as can be read while somebody waits."""
    from trailscan.aws.session import AwsOptions
    from trailscan.cli.options import open_store
    from trailscan.location import parse_s3_uri

    if parse_s3_uri(place):
        return
    until = time.monotonic() + _SECONDS
    for _, rows in open_store(place, AwsOptions()).scan(table, [column]):
        yield from filter(None, rows[column].unique().to_pylist())
        if time.monotonic() > until:
            return


complete_account = _in_store("log_files", "account_id")
complete_event = _in_store("events", "event_id")
