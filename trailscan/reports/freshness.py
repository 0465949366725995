"""Accounts whose newest log file is too old: a trail that stopped leaves no other sign.

An account without log files is not too old as long as valid digests follow one another up to a time
that is new enough and name none. Accounts that were closed or have left the organization write
none.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from trailscan.reports.accounts import account_lives
from trailscan.reports.changes import read_changes
from trailscan.reports.quiet import Place, merged_windows
from trailscan.store.freshness import Stale
from trailscan.window import Window, shifted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trailscan.store.freshness import MaxAge
    from trailscan.store.reader import StoreReader

_CLOCKS = timedelta(hours=1)  # how far clocks may differ
_GONE = ("closing", "departed")
_DIGEST = ["bucket", "key", *Place._fields, "start", "end", "verdict", "log_files"]


def find_stale(store: StoreReader, limit: MaxAge, now: datetime) -> tuple[Stale, ...]:
    """What is too old, by account id; empty if nothing is.

    Args:
        store: what was loaded, and the digests that were validated.
        limit: how old the newest log file may be.
        now: the present.

    Raises:
        StoreError: the store is damaged.
    """
    newest = _newest(store, now)
    old = {place: when for place, when in newest.items() if now - when > limit.age}
    if not limit.each_account and len(old) < len(newest):
        return ()
    newest |= _with_digests(store, old)
    by_account: dict[str | None, datetime] = {}
    for place, when in newest.items():
        account = place.account_id if limit.each_account else None
        by_account[account] = max(when, by_account.get(account, when))
    stale = {one: when for one, when in by_account.items() if now - when > limit.age}
    if not newest:
        return (Stale(None, None, None, limit.age),)
    gone = _gone(store) if stale and limit.each_account else set()
    return tuple(
        Stale(account, when, now - when, limit.age)
        for account, when in sorted(stale.items(), key=lambda one: one[0] or "")
        if account not in gone and (account or not limit.each_account)
    )


def _newest(store: StoreReader, now: datetime) -> dict[Place, datetime]:
    """When the last log file of each account and region was delivered; names may lie."""
    found: dict[Place, datetime] = {}
    for _, rows in store.scan("log_files", [*Place._fields, "delivered", "status"]):
        done = rows.filter(pc.equal(rows["status"], "done"))
        columns = (done[name].to_pylist() for name in (*Place._fields, "delivered"))
        for account, region, delivered in zip(*columns, strict=True):
            if delivered is not None and (when := delivered.astimezone(UTC)) <= now + _CLOCKS:
                place = Place(account, region)
                found[place] = max(when, found.get(place, when))
    return found


def _with_digests(store: StoreReader, old: Mapping[Place, datetime]) -> dict[Place, datetime]:
    """Up to when digests prove that there was no further log file, for some places."""
    if not old:
        return {}
    first = min(old.values()).date() - timedelta(days=1)
    files = [file for file in store.files("digests") if file.day and file.day >= first]
    last: dict[tuple[str, str], dict[str, object]] = {}
    for table in store.read(files, _DIGEST):
        last |= {(row["bucket"], row["key"]): row for row in table.to_pylist()}
    quiet: defaultdict[Place, list[Window]] = defaultdict(list)
    for row in last.values():
        place = Place(str(row["account_id"]), str(row["region"]))
        start, end = row["start"], row["end"]
        if place not in old or row["verdict"] != "valid":
            continue
        if not isinstance(start, datetime) or not isinstance(end, datetime) or start > end:
            continue
        if not row["log_files"] or start <= old[place]:
            quiet[place].append(Window(start, end))
    return {place: _end_of_quiet(when, quiet[place]) for place, when in old.items()}


def _end_of_quiet(when: datetime, quiet: Iterable[Window]) -> datetime:
    """The end of the quiet time that an instant lies in; the instant if it lies in none."""
    for window in merged_windows(quiet):
        if window.start and window.end and window.start <= when <= shifted(window.end, _CLOCKS):
            return max(when, window.end)
    return when


def _gone(store: StoreReader) -> set[str | None]:
    """The accounts that were closed or have left, as far as the log tells."""
    lives = account_lives(read_changes(store), UTC)
    return {account for account, life in lives.items() if life.state in _GONE}
