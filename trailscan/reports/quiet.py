"""Days of which digests prove that CloudTrail delivered no log file.

A day without log files proves nothing by itself: CloudTrail writes none when there is nothing to
write. Its digests come every hour all the same, and those that name no log file are the proof.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from trailscan.window import Window, shifted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date

    from trailscan.store.reader import StoreReader

_ONE_DAY = timedelta(days=1)


class Place(NamedTuple):
    """An account and region that log files come from; None for what their names do not say."""

    account_id: str | None
    region: str | None


def merged_windows(windows: Iterable[Window]) -> list[Window]:
    """Windows in order of time, merged where they touch."""
    found: list[Window] = []
    for window in sorted(windows, key=lambda one: (one.start is not None, one.start)):
        last = found[-1] if found else None
        if last is None or (last.end and window.start and window.start > last.end):
            found.append(window)
        else:
            ends = [one for one in (last.end, window.end) if one is not None]
            found[-1] = Window(last.start, max(ends, default=None))
    return found


def days_of_digests(store: StoreReader, spans: Iterable[tuple[date, date]]) -> set[date]:
    """The days inside of spans about which the store's digests can say anything."""
    spans = set(spans)
    if not spans:
        return set()
    filed = {one.day for one in store.files("digests") if one.day is not None}
    near = {shifted(day, -n * _ONE_DAY) for day in filed for n in (0, 1)}
    return {day for day in near if any(first <= day <= last for first, last in spans)}


def quiet_days(store: StoreReader, days: Collection[date]) -> set[tuple[Place, date]]:
    """The accounts, regions and days for which valid digests of every hour name no log file."""
    if not days:
        return set()
    around = {shifted(day, n * _ONE_DAY) for day in days for n in (0, 1)}
    files = store.files("digests", around)
    names = ["bucket", "key", "account_id", "region", "start", "end", "verdict", "log_files"]
    last: dict[tuple[str, str], dict[str, object]] = {}
    for table in store.read(files, names):
        last |= {(row["bucket"], row["key"]): row for row in table.to_pylist()}
    proved: defaultdict[Place, list[Window]] = defaultdict(list)
    busy: Counter[tuple[Place, date]] = Counter()
    for row in last.values():
        place = Place(str(row["account_id"]), str(row["region"]))
        start, end = row["start"], row["end"]
        if row["verdict"] != "valid" or not isinstance(start, datetime):
            continue
        if not isinstance(end, datetime) or start > end:
            continue
        proved[place].append(Window(start, end))
        if row["log_files"]:
            busy[place, start.astimezone(UTC).date()] += 1
            busy[place, end.astimezone(UTC).date()] += 1
    return {
        (place, day)
        for place, windows in proved.items()
        for day in days
        if not busy[place, day] and _is_inside(Window.day(day), merged_windows(windows))
    }


def is_quiet(store: StoreReader, window: Window) -> bool:
    """Whether valid digests prove for each day of a window that nothing was delivered somewhere."""
    if window.start is None or window.end is None or window.end <= window.start:
        return False
    first, last = window.start.date(), shifted(window.end, -timedelta(microseconds=1)).date()
    days = days_of_digests(store, [(first, last)])
    return len({day for _, day in quiet_days(store, days)}) > (last - first).days


def _is_inside(window: Window, windows: Iterable[Window]) -> bool:
    """Whether one of some windows holds the whole of another."""
    return any(
        one.start and one.end and window.start and window.end
        and one.start <= window.start and window.end <= one.end
        for one in windows
    )  # fmt: skip
