"""Which columns of a report fit a width, and how wide each is.

A column is never narrower than its useful width. Where all of them do not fit, whole columns are
left out: first those of the highest rank, and of the same rank the last. So they are where a wide
terminal would have more lines than one of 80 columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from trailscan.render.fold import length, longest, longest_word
from trailscan.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trailscan.table import Column

Layout = Literal["auto", "table", "record"]
"""How a terminal shows rows: as a table, one block a row, or as a table if that is readable."""

GAP = "  "
_COMFORTABLE, _AMPLE = 36, 90  # widths of the wide column, before and after the others grow
_LEAST_TEXT = 12
_SHARE, _LONG = 3, 44  # a word that is longer than a third of a line, or 44, widens no column

_FLOWING = frozenset({"text", "list", "chain", "json"})
NUMBERS = frozenset({"count", "number"})


@dataclass(frozen=True, slots=True)
class Shown:
    """A column with its values as text, and how wide it may be.

    Attributes:
        least: the narrowest in which it can still be read.
        easy: the narrowest in which nearly every word stands on one line.
        most: what is comfortable.
        need: what more width would not improve.
    """

    column: Column
    cells: list[str]
    title: str
    least: int
    easy: int
    most: int
    need: int

    @property
    def flows(self) -> bool:
        """Whether its values are words that can be on several lines."""
        return self.column.kind in _FLOWING

    @property
    def is_number(self) -> bool:
        """Whether its values belong on the right."""
        return self.column.kind in NUMBERS


def measured(column: Column, cells: list[str], width: int) -> Shown:
    """A column with the widths that its values need on lines of a width."""
    title = visible(column.title)
    texts = set(cells)
    head, need = min(longest_word([title]), width), longest(texts)
    share = max(min(width // _SHARE, _LONG), _LEAST_TEXT)
    if column.kind not in _FLOWING:
        bound = width if column.kind == "instant" else column.most_width or share
        easy = max(head, min(need, bound))
        most = max(easy, min(max(length(title), need), share))
        return Shown(column, cells, title, easy, easy, most, need)
    useful = min(column.least_width or _LEAST_TEXT, need)
    words = longest_word(texts)
    easy = max(head, useful, min(words, column.most_width or share))
    most = need if column.wide else min(need, column.most_width or need)
    least = easy if words == need else min(max(head, useful), easy)
    most = max(easy, most, min(max(length(title), words), share))
    return Shown(column, cells, title, least, easy, most, need)


def choose(columns: Sequence[Shown], width: int, *, drop_any: bool = False) -> list[Shown]:
    """The columns that fit a width; empty if not even those of rank 0 do.

    Args:
        columns: in their order.
        width: of a line.
        drop_any: leave out columns of rank 0 too rather than all of them.
    """
    shown = list(columns)
    while _total([one.easy for one in shown]) > width:
        last = first_to_leave(shown)
        if shown[last].column.rank == 0:
            break
        del shown[last]
    while _total([one.least for one in shown]) > width:
        if not drop_any or len(shown) == 1:
            return shown[: int(drop_any)]
        del shown[first_to_leave(shown)]
    return shown


def first_to_leave(shown: Sequence[Shown]) -> int:
    """The place of the column that is left out next."""
    return max(range(len(shown)), key=lambda place: (shown[place].column.rank, place))


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def widths_of(shown: Sequence[Shown], width: int) -> list[int]:
    """The width of each column: first what each needs least, then what the line still has."""
    widths = [min(one.least, width) for one in shown]
    by_rank = sorted(range(len(shown)), key=lambda place: shown[place].column.rank)
    wide = [place for place in by_rank if shown[place].column.wide]
    goals = [
        *((place, shown[place].easy) for place in by_rank),
        *((place, min(shown[place].most, _COMFORTABLE)) for place in wide),
        *((place, shown[place].most) for place in by_rank if place not in wide),
        *((place, min(shown[place].most, _AMPLE)) for place in wide),
        *((place, shown[place].need) for place in by_rank if place not in wide),
        *((place, shown[place].need) for place in wide),
    ]
    for place, goal in goals:
        widths[place] += min(max(goal - widths[place], 0), max(width - _total(widths), 0))
    return widths
