"""Half-open UTC windows, and the ways a user writes an instant."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_SPAN = re.compile(r"(\+?)(\d{1,6})(min|mo|[smhdwy])", re.ASCII)
_MONTH = re.compile(r"\d{4}-\d{2}", re.ASCII)
_DAYS = {"today": 0, "yesterday": 1, "last-week": 7}
_ONE_DAY = timedelta(days=1)
_UNIT = {
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_MONTHS = {"mo": 1, "y": 12}
_EXPECTED = (
    "a date (2026-11-22), a month (2026-11), today, yesterday, last-week, "
    "an ISO instant (2026-11-22T14:05Z) or an age (60min, 36h, 7d, 2w, 3mo, 1y)"
)
When: TypeAlias = str | datetime | date | None
"""An instant: a text as on the command line (a date, an ISO instant, an age such as `7d`), an
aware datetime, or a date, which begins at midnight in the zone asked for (UTC unless told)."""

WHEN = "a date, a month, today, yesterday, last-week, an ISO instant, or an age such as 7d or 3mo"
"""What a bound can be, as the help says it."""


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

    def common(self, other: Window) -> Window | None:
        """What two windows have in common; None if nothing."""
        start = max((at for at in (self.start, other.start) if at), default=None)
        end = min((at for at in (self.end, other.end) if at), default=None)
        if start is not None and end is not None and start >= end:
            return None
        return Window(start, end)

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
        return when if when.tzinfo is tz else when.astimezone(tz)
    except OverflowError:
        return when


def format_instant(when: datetime, tz: tzinfo = UTC) -> str:
    """An aware instant as `2026-11-22T14:05:00Z`, with microseconds only when there are any.

    Of another zone it has the offset instead of `Z`: the same instant.
    """
    text = in_zone(when, tz).isoformat()
    return text.replace("+00:00", "Z") if tz == UTC else text


def parse_when(
    text: str, now: datetime, tz: tzinfo = UTC, start: datetime | None = None
) -> datetime:
    """The aware UTC instant that a user means by `--since` or `--until`.

    Args:
        text: a date, a month, a day in words (each means its beginning), an ISO 8601 instant, or an
            age counted back from `now`; with a `+`, a span counted from `start`.
        now: the present, aware.
        tz: the zone of days, months and instants written without one.
        start: of the window whose end is read.

    Raises:
        ValueError: the text is none of these.
    """
    text = text.strip()
    try:
        if span := _SPAN.fullmatch(text):
            return _by_span(span, now.astimezone(UTC), tz, start)
        if text in _DAYS or _MONTH.fullmatch(text):
            return _beginning(text, now.astimezone(tz)).astimezone(UTC)
        when = datetime.fromisoformat(text)
    except _SpanError:
        raise
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not {_EXPECTED}") from None
    try:
        return when.replace(tzinfo=when.tzinfo or tz).astimezone(UTC)
    except OverflowError:  # in UTC it lies beyond the calendar
        return _FIRST if when.year == 1 else _LAST


def instant_of(
    when: When, now: datetime, tz: tzinfo = UTC, start: datetime | None = None
) -> datetime | None:
    """The instant that a program means; None for None.

    Args:
        when: a text as for `parse_when`, an aware datetime or timestamp of pandas, or a date.
        now: the present, aware.
        tz: the zone of dates and of texts without one.
        start: of the window whose end is read.

    Raises:
        ValueError: a text is no instant, or a datetime has no time zone.
        TypeError: it is something else.
    """
    if isinstance(when, str):
        return parse_when(when, now, tz, start)
    if isinstance(when, datetime):
        if when.tzinfo is None:
            raise ValueError(
                f"{when.isoformat()} has no time zone: give it one, as `.replace(tzinfo=UTC)` does"
            )
        return when
    if isinstance(when, date):
        return datetime(when.year, when.month, when.day, tzinfo=tz)
    if when is not None:
        raise TypeError(f"{when!r} is no instant: give {WHEN}, a date, or an aware datetime")
    return None


class _SpanError(ValueError):
    """A span whose unit or sign leaves open what it means."""


def _by_span(span: re.Match[str], now: datetime, tz: tzinfo, start: datetime | None) -> datetime:
    """The instant a span before now, or after the start of a window."""
    sign, digits, unit = span.groups()
    number = int(digits)
    if unit == "m":
        raise _SpanError(f"{span[0]!r} can be minutes or months: {digits}min or {digits}mo?")
    if not sign:
        return _moved(now, tz, -number, unit)
    if start is None:
        raise _SpanError(f"{span[0]!r} counts from the start of a time range: give --since too")
    return _moved(start, tz, number, unit)


def _moved(when: datetime, tz: tzinfo, number: int, unit: str) -> datetime:
    """An instant moved by a span; of months, to the same day of the month, or its last one."""
    if unit not in _MONTHS:
        return when + number * _UNIT[unit]
    local = when.astimezone(tz)
    year, month = divmod(local.year * 12 + local.month - 1 + number * _MONTHS[unit], 12)
    last = monthrange(year, month + 1)[1] if MINYEAR <= year <= MAXYEAR else 1
    moved = local.replace(year=year, month=month + 1, day=min(local.day, last))
    return moved.astimezone(UTC)


def _beginning(text: str, now: datetime) -> datetime:
    """The first moment of a month, or of a day in words, in the zone of now."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if text == "last-week":
        return midnight - timedelta(days=midnight.weekday() + 7)
    if text in _DAYS:
        return midnight - _DAYS[text] * _ONE_DAY
    year, month = map(int, text.split("-"))
    return midnight.replace(year=year, month=month, day=1)


def parse_age(text: str) -> timedelta:
    """The span that a user means: minutes, hours, days or weeks.

    Raises:
        ValueError: the text is no such span, or has no length.
    """
    found = _SPAN.fullmatch(text.strip())
    if found is None or found[1] or found[3] not in _UNIT or not int(found[2]):
        raise ValueError(f"{text!r} is not an age such as 90min, 26h, 2d or 1w")
    return int(found[2]) * _UNIT[found[3]]


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


_SIZES = ((86_400, "D"), (3600, "H"), (60, "M"), (1, "S"))


def format_duration(span: timedelta) -> str:
    """A span in ISO 8601, to the second: `P3DT4H12M`."""
    parts = _in_units(span)
    days, time = parts[:1], parts[1:]
    said = ["".join(f"{number}{unit}" for number, unit in some if number) for some in (days, time)]
    return f"P{said[0]}" + (f"T{said[1]}" if said[1] else "") if any(said) else "PT0S"


def duration_in_words(span: timedelta) -> str:
    """A span in its two largest units: `3 d 4 h`."""
    said = [f"{number} {unit.casefold()}" for number, unit in _in_units(span) if number]
    return " ".join(said[:2]).replace("m", "min") or "0 s"


def _in_units(span: timedelta) -> list[tuple[int, str]]:
    """How many days, hours, minutes and seconds a span has."""
    left, found = int(span.total_seconds()), []
    for seconds, unit in _SIZES:
        number, left = divmod(left, seconds)
        found.append((number, unit))
    return found
