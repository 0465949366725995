"""Half-open UTC windows, and the ways a user writes an instant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_AGE = re.compile(r"(\d{1,6})([smhdw])")
_ONE_DAY = timedelta(days=1)
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_EXPECTED = "a date (2026-11-22), an ISO instant (2026-11-22T14:05Z) or an age (7d, 36h, 2w)"


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of time `[start, end)` in UTC; None means unbounded.

    Raises:
        ValueError: a bound is naive or not UTC-convertible, or the end is before the start.
    """

    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            bound: datetime | None = getattr(self, name)
            if bound is None:
                continue
            if bound.tzinfo is None:
                raise ValueError(f"the window's {name} has no time zone: {bound.isoformat()}")
            try:
                object.__setattr__(self, name, bound.astimezone(UTC))
            except OverflowError:
                raise ValueError(f"the window's {name} is beyond the calendar: {bound}") from None
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ValueError(f"the window ends before it starts: {self}")

    def __contains__(self, when: datetime) -> bool:
        """Whether an aware instant lies in the window."""
        after = self.start is None or when >= self.start
        return after and (self.end is None or when < self.end)

    def __str__(self) -> str:
        """Both bounds in words: `2026-11-22T00:00:00Z to 2026-11-23T00:00:00Z`."""
        return self._bounds(UTC)

    @classmethod
    def day(cls, day: date) -> Window:
        """The window of one UTC day."""
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return cls(start, shifted(start, timedelta(days=1)))

    @property
    def in_words(self) -> str:
        """Both bounds, or `all times`."""
        return self.told_in(UTC)

    def told_in(self, tz: tzinfo) -> str:
        """Both bounds in a time zone, with its name; or `all times`."""
        if self.start is None and self.end is None:
            return "all times"
        return self._bounds(tz) if tz == UTC else f"{self._bounds(tz)} ({tz})"

    def _bounds(self, tz: tzinfo) -> str:
        start = "the beginning" if self.start is None else format_instant(self.start, tz)
        end = "now" if self.end is None else format_instant(self.end, tz)
        return f"{start} to {end}"

    def touches(self, day: date) -> bool:
        """Whether any instant of a UTC day lies in the window; an empty window touches none."""
        if self.start is not None and self.start == self.end:
            return False
        begins, ends = self.day(day).start, self.day(day).end
        after = self.start is None or ends is None or self.start < ends
        return after and (self.end is None or begins is None or begins < self.end)


_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
Moment = TypeVar("Moment", date, datetime)


def shifted(when: Moment, by: timedelta) -> Moment:
    """An aware instant or a day moved by a span, at most to the calendar's end on that side.

    Names and contents of objects give any time, so no other place adds to one or subtracts.
    """
    try:
        return when + by
    except OverflowError:
        ahead = by > timedelta(0)
        if isinstance(when, datetime):
            return _LAST if ahead else _FIRST
        return date.max if ahead else date.min


def spans_between(days: Collection[date], window: Window) -> Iterator[tuple[date, date]]:
    """The first and last day of each span between some days, as far as a window touches it.

    They are not counted day by day: names of the years 1 and 9999 are 3.6 million days apart.
    """
    if window.start is not None and window.start == window.end:
        return
    start = window.start.date() if window.start else date.min
    end = shifted(window.end, -timedelta(microseconds=1)).date() if window.end else date.max
    for before, after in pairwise(sorted(days)):
        first, last = shifted(before, _ONE_DAY), shifted(after, -_ONE_DAY)
        if max(start, first) <= min(end, last):
            yield max(start, first), min(end, last)


def spans_without(
    spans: Iterable[tuple[date, date]], days: Collection[date]
) -> list[tuple[date, date]]:
    """What is left of spans of days without some of these days."""
    left: list[tuple[date, date]] = []
    for first, last in spans:
        inside = (day for day in days if first <= day <= last)
        ends = [shifted(first, -_ONE_DAY), *sorted(inside), shifted(last, _ONE_DAY)]
        left += spans_between(ends, Window())
    return left


def day_path(day: date) -> str:
    """A day or the day of an instant as CloudTrail's folders name it: `2026/11/22`.

    `strftime` writes years before 1000 with fewer than four digits, which sort elsewhere.
    """
    return f"{day.year:04}/{day.month:02}/{day.day:02}"


def in_zone(when: datetime, tz: tzinfo) -> datetime:
    """The same instant in a zone; as it is where the zone lies beyond the calendar."""
    try:
        return when.astimezone(tz)
    except OverflowError:
        return when


def format_instant(when: datetime, tz: tzinfo = UTC) -> str:
    """An aware instant as `2026-11-22T14:05:00Z`, with microseconds only when there are any.

    Of another zone it has the offset instead of `Z`: the same instant.
    """
    text = in_zone(when, tz).isoformat()
    return text.replace("+00:00", "Z") if tz == UTC else text


def parse_when(text: str, now: datetime, tz: tzinfo = UTC) -> datetime:
    """The aware UTC instant that a user means by `--since` or `--until`.

    Args:
        text: a date, an ISO 8601 instant, or an age counted back from `now`.
        now: the present, aware.
        tz: the zone of dates and of instants written without one.

    Raises:
        ValueError: the text is none of these.
    """
    text = text.strip()
    try:
        if age := _AGE.fullmatch(text):
            return now.astimezone(UTC) - timedelta(**{_UNIT[age[2]]: int(age[1])})
        when = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not {_EXPECTED}") from None
    try:
        return when.replace(tzinfo=when.tzinfo or tz).astimezone(UTC)
    except OverflowError:  # in UTC it lies beyond the calendar
        return _FIRST if when.year == 1 else _LAST


def parse_zone(name: str) -> tzinfo:
    """The time zone that a user means by `--tz`: a name of the IANA database, or UTC.

    Raises:
        ValueError: there is none of that name.
    """
    text = name.strip()
    if text.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):  # not there, no such name, or the name of a folder
        raise ValueError(f"{text!r} is not a time zone such as Europe/Paris or UTC") from None


def parse_day(text: str) -> date:
    """The calendar day that a user means by `--for`.

    Raises:
        ValueError: the text is no ISO date.
    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is not a date such as 2026-11-22") from None
