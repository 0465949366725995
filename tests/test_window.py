"""Half-open UTC windows, and the ways a user writes an instant."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailscan.window import Window, format_instant, parse_day, parse_when

NOW = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
CET = timezone(timedelta(hours=1))
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis adds the zone


def test_a_window_holds_its_start_but_not_its_end() -> None:
    """A window is half-open: its start is in it, its end is not."""
    window = Window(NOW, NOW + timedelta(hours=1))
    just_before = timedelta(microseconds=1)
    assert [
        NOW - just_before in window,
        NOW in window,
        NOW + timedelta(hours=1) - just_before in window,
        NOW + timedelta(hours=1) in window,
    ] == [False, True, True, False]


def test_an_unbounded_window_holds_everything_on_its_open_side() -> None:
    """None as a bound means that there is none."""
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert [
        (first in window, last in window)
        for window in (Window(), Window(start=NOW), Window(end=NOW))
    ] == [(True, True), (False, True), (True, False)]


def test_bounds_of_any_zone_are_kept_as_utc() -> None:
    """Bounds come out in UTC, and windows of the same instants are equal."""
    window = Window(datetime(2026, 11, 22, 15, 5, tzinfo=CET), None)
    assert (window, window.start and window.start.tzinfo) == (Window(NOW, None), UTC)


@pytest.mark.parametrize("name", ["start", "end"])
def test_a_naive_bound_is_refused(name: str) -> None:
    """A bound without a time zone is the caller's mistake, and the message names it."""
    naive = datetime(2026, 11, 22, 14, 5)  # noqa: DTZ001  # the point
    with pytest.raises(
        ValueError, match=rf"^the window's {name} has no time zone: 2026-11-22T14:05:00$"
    ):
        Window(**{name: naive})


def test_a_window_that_ends_before_it_starts_is_refused() -> None:
    """An end before the start is the caller's mistake, and the message shows both."""
    with pytest.raises(
        ValueError,
        match=r"^the window ends before it starts: 2026-11-22T14:05:00Z to 2026-11-22T14:04:00Z$",
    ):
        Window(NOW, NOW - timedelta(minutes=1))


def test_a_bound_that_utc_cannot_hold_is_refused() -> None:
    """An instant outside of what a UTC datetime can hold is a ValueError, as documented."""
    with pytest.raises(ValueError, match="start"):
        Window(datetime(1, 1, 1, tzinfo=CET))


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (Window(), "the beginning to now"),
        (Window(NOW), "2026-11-22T14:05:00Z to now"),
        (
            Window(None, NOW + timedelta(microseconds=1)),
            "the beginning to 2026-11-22T14:05:00.000001Z",
        ),
        (Window.day(date(2026, 11, 22)), "2026-11-22T00:00:00Z to 2026-11-23T00:00:00Z"),
    ],
)
def test_a_window_reads_as_words(window: Window, words: str) -> None:
    """A window shows both bounds, and words where there is none."""
    assert str(window) == words


def test_a_day_is_the_window_of_its_utc_midnights() -> None:
    """The window of a day reaches from midnight to midnight, UTC."""
    assert Window.day(date(2024, 2, 29)) == Window(
        datetime(2024, 2, 29, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("window", "days"),
    [
        (Window(NOW.replace(hour=23), NOW.replace(day=23, hour=1)), [22, 23]),
        (Window.day(date(2026, 11, 22)), [22]),
        (Window(NOW, NOW), []),
        (Window(NOW.replace(hour=0, minute=0), NOW.replace(hour=0, minute=0)), []),
        (Window(NOW), [22, 23, 24]),
        (Window(None, NOW), [20, 21, 22]),
        (Window(), [20, 21, 22, 23, 24]),
    ],
)
def test_a_window_touches_the_days_it_has_instants_of(window: Window, days: list[int]) -> None:
    """23:00 to 01:00 touches two days, a whole day one, an empty window none."""
    assert [day for day in range(20, 25) if window.touches(date(2026, 11, day))] == days


@given(start=INSTANTS, length=st.timedeltas(timedelta(0), timedelta(days=3)), instant=INSTANTS)
def test_a_window_touches_the_day_of_whatever_it_holds(
    start: datetime, length: timedelta, instant: datetime
) -> None:
    """Law: an instant in the window lies on a day that the window touches."""
    window = Window(start, start + length)
    inside = start + (instant - start) % length if length else instant
    assert window.touches(inside.date()) or inside not in window
    assert window.touches(start.date()) is bool(length)


def test_the_last_day_of_the_calendar_is_a_day_too() -> None:
    """Any day that a key may name can be asked about."""
    assert Window(NOW).touches(date.max)


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (NOW, "2026-11-22T14:05:00Z"),
        (NOW.replace(microsecond=1200), "2026-11-22T14:05:00.001200Z"),
        (datetime(2026, 11, 22, 0, 30, tzinfo=CET), "2026-11-21T23:30:00Z"),
    ],
)
def test_an_instant_is_shown_in_utc(when: datetime, text: str) -> None:
    """An instant is shown with a Z, with microseconds only when there are any."""
    assert format_instant(when) == text


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        (" 2026-11-20\n", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T07:30", datetime(2026, 11, 20, 7, 30, tzinfo=UTC)),
        ("2026-11-20 07:30:15", datetime(2026, 11, 20, 7, 30, 15, tzinfo=UTC)),
        ("2026-11-20T07:30Z", datetime(2026, 11, 20, 7, 30, tzinfo=UTC)),
        ("2026-11-20T00:30+01:00", datetime(2026, 11, 19, 23, 30, tzinfo=UTC)),
        ("90s", NOW - timedelta(seconds=90)),
        ("5min", NOW - timedelta(minutes=5)),
        ("36h", NOW - timedelta(hours=36)),
        ("7d", NOW - timedelta(days=7)),
        ("2w", NOW - timedelta(weeks=2)),
        ("0d", NOW),
        ("1mo", datetime(2026, 10, 22, 14, 5, tzinfo=UTC)),
        ("9mo", datetime(2026, 2, 22, 14, 5, tzinfo=UTC)),
        ("11mo", datetime(2025, 12, 22, 14, 5, tzinfo=UTC)),
        ("1y", datetime(2025, 11, 22, 14, 5, tzinfo=UTC)),
        ("2026-10", datetime(2026, 10, 1, tzinfo=UTC)),
        ("today", datetime(2026, 11, 22, tzinfo=UTC)),
        ("yesterday", datetime(2026, 11, 21, tzinfo=UTC)),
        ("last-week", datetime(2026, 11, 9, tzinfo=UTC)),
    ],
)
def test_an_instant_may_be_a_day_an_iso_instant_or_an_age(text: str, when: datetime) -> None:
    """Each way of writing an instant gives an aware UTC datetime; now is a Sunday."""
    assert parse_when(text, NOW) == when
    assert parse_when(text, NOW).tzinfo is UTC


def test_a_time_zone_is_meant_only_where_none_is_written() -> None:
    """The zone asked for holds for dates and naive instants, not for instants with a zone."""
    assert [
        parse_when(text, NOW, CET) for text in ("2026-11-20", "2026-11-20T07:30", "2026-11-20T07Z")
    ] == [
        datetime(2026, 11, 19, 23, tzinfo=UTC),
        datetime(2026, 11, 20, 6, 30, tzinfo=UTC),
        datetime(2026, 11, 20, 7, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "7",
        "7q",
        "2026-00",
        "0000-01",
        "9999y",
        "-7d",
        "7 d",
        "2026-13-01",
        "2026-02-30",
        "1764",
        "999999w",
        "7d2h",
    ],
)
def test_anything_else_is_no_instant(text: str) -> None:
    """What is none of the three is refused with examples of what is expected."""
    with pytest.raises(ValueError, match=r" is not a date ") as raised:
        parse_when(text, NOW)
    assert str(raised.value) == (
        f"{text!r} is not a date (2026-11-22), a month (2026-11), today, yesterday, last-week, "
        "an ISO instant (2026-11-22T14:05Z) or an age (60min, 36h, 7d, 2w, 3mo, 1y)"
    )


def test_days_and_months_begin_where_the_user_is() -> None:
    """In another zone a month, today and an age of months go by its calendar."""
    late = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)  # already April there
    assert [parse_when(text, late, CET) for text in ("today", "2026-04", "1mo")] == [
        datetime(2026, 3, 31, 23, tzinfo=UTC),
        datetime(2026, 3, 31, 23, tzinfo=UTC),
        datetime(2026, 2, 28, 23, 30, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("+1h", datetime(2026, 1, 31, 1, tzinfo=UTC)),
        ("+90min", datetime(2026, 1, 31, 1, 30, tzinfo=UTC)),
        ("+1mo", datetime(2026, 2, 28, tzinfo=UTC)),
        ("1h", NOW - timedelta(hours=1)),
    ],
)
def test_an_end_may_count_from_the_start(text: str, end: datetime) -> None:
    """With a plus the end of a window counts from its start, without one back from now."""
    assert parse_when(text, NOW, start=datetime(2026, 1, 31, tzinfo=UTC)) == end


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1m", "'1m' can be minutes or months: 1min or 1mo?"),
        ("60m", "'60m' can be minutes or months: 60min or 60mo?"),
        ("+1h", "'+1h' counts from the start of a time range: give --since too"),
    ],
)
def test_a_span_that_leaves_open_what_it_means_is_refused(text: str, said: str) -> None:
    """The message asks for what is missing."""
    with pytest.raises(ValueError, match=r"m|h") as raised:
        parse_when(text, NOW)
    assert str(raised.value) == said


@given(number=st.integers(0, 500), unit=st.sampled_from(("mo", "y")), start=INSTANTS)
def test_months_forward_keep_the_day_or_take_the_last(number, unit, start) -> None:
    """Law: so many months later it is the same day and time, or the last day of that month."""
    later = parse_when(f"+{number}{unit}", NOW, start=start)
    months = (later.year - start.year) * 12 + later.month - start.month
    assert months == number * (12 if unit == "y" else 1)
    assert later.time() == start.time()
    assert later.day == start.day or (
        later.day < start.day and (later + timedelta(days=1)).day == 1
    )


@given(
    text=st.text()
    | st.from_regex(r"[0-9TZ:+-]{1,20}")
    | st.from_regex(r"\+?[0-9]{1,6}(min|mo|[smhdwy])", fullmatch=True)
    | st.from_regex(r"[0-9]{4}-[0-9]{2}", fullmatch=True)
)
def test_any_text_is_an_instant_or_a_value_error(text: str) -> None:
    """Law: whatever a user types is an aware UTC instant or a ValueError."""
    try:
        when = parse_when(text, NOW)
    except ValueError as error:
        refused = str(error)
    else:
        refused = ""
        assert when.tzinfo is UTC
    ways = ("is not a date", "can be minutes or months", "counts from the start of")
    assert refused == "" or refused.startswith(tuple(f"{text.strip()!r} {way}" for way in ways))


def test_a_day_is_an_iso_date() -> None:
    """A day is read whatever white space stands around it."""
    assert parse_day(" 2026-11-22 ") == date(2026, 11, 22)


@pytest.mark.parametrize("text", ["", "22.11.2026", "2026-11-31", "2026-11-22T14:05Z", "7d"])
def test_anything_else_is_no_day(text: str) -> None:
    """What is no ISO date is refused with an example."""
    with pytest.raises(ValueError, match=r"such as 2026-11-22$") as raised:
        parse_day(text)
    assert str(raised.value) == f"{text!r} is not a date such as 2026-11-22"
