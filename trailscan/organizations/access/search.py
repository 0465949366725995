"""Looks for a request that meets some boxes and avoids others.

A region is a product of sets, as a box is. An avoided box that covers a region in all parts but one
narrows that part; what then is left is split along one box until nothing is left, or nothing stands
in the way. Every split is exact, so nothing is missed, and the budget bounds their number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trailscan.organizations.access.budget import Budget

Box = tuple[tuple[int, int], ...]
"""The parts that are restricted, and the bits that are left in each."""

Region = tuple[int, ...]
"""The bits of every part."""

_BOXES_A_UNIT = 10


def narrowed(region: Region, box: Box) -> Region | None:
    """What a region and a box have in common; None if that is nothing."""
    found = list(region)
    for part, bits in box:
        found[part] &= bits
        if not found[part]:
            return None
    return tuple(found)


def find(
    region: Region, meet: Sequence[Sequence[Box]], avoid: Sequence[Box], budget: Budget
) -> Region | None:
    """A region of which every request meets a box of each group and avoids all others.

    Args:
        region: where to look.
        meet: groups of boxes.
        avoid: boxes that no request may be in.
        budget: what the work is counted in.

    Raises:
        Undecidable: the budget is spent.
    """
    stack = [(region, meet, avoid)]
    while stack:
        here, groups, others = stack.pop()
        budget.spend(1 + len(others) // _BOXES_A_UNIT)
        avoided = _avoided(here, others, budget)
        if avoided is None:
            continue
        here, rest = avoided
        choices = _choices(here, groups)
        if choices is None:
            continue
        if choices:
            first = min(choices, key=len)
            left = [one for one in choices if one is not first]
            stack.extend(
                (both, left, rest)
                for box in reversed(first)
                if (both := narrowed(here, box)) is not None
            )
        elif rest:
            box = min(rest, key=lambda one: _openings(here, one))
            stack.extend((part, (), rest) for part in reversed(_outside(here, box)))
        else:
            return here
    return None


def _avoided(
    region: Region, boxes: Sequence[Box], budget: Budget
) -> tuple[Region, list[Box]] | None:
    """The region without what one part alone decides, and the boxes that still cut it."""
    here = list(region)
    while True:
        changed = False
        left: list[Box] = []
        for box in boxes:
            opening = _opening(here, box)
            if opening is None:
                continue
            if opening == ():
                return None
            if len(opening) == 1:
                part, bits = opening[0]
                here[part] &= ~bits
                changed = True
            else:
                left.append(box)
        boxes = left
        if not changed:
            return tuple(here), left
        budget.spend(1 + len(left) // _BOXES_A_UNIT)


def _opening(region: Sequence[int], box: Box) -> Box | None:
    """The parts in which a region is not all inside a box; None if it is all outside."""
    found = []
    for part, bits in box:
        here = region[part]
        if not here & bits:
            return None
        if here & ~bits:
            found.append((part, bits))
    return tuple(found)


def _openings(region: Region, box: Box) -> int:
    return len(_opening(region, box) or ())


def _outside(region: Region, box: Box) -> list[Region]:
    """The pieces of a region that are outside of a box; no two have anything in common."""
    pieces: list[Region] = []
    inside = list(region)
    for part, bits in box:
        if rest := inside[part] & ~bits:
            piece = inside.copy()
            piece[part] = rest
            pieces.append(tuple(piece))
        inside[part] &= bits
    return pieces


def _choices(region: Region, groups: Sequence[Sequence[Box]]) -> list[list[Box]] | None:
    """The boxes of each group that a region could meet; None if a group has none.

    A group of which one box covers the region is met and left out.
    """
    found = []
    for group in groups:
        openings = [(box, _opening(region, box)) for box in group]
        if any(opening == () for _, opening in openings):
            continue
        possible = [box for box, opening in openings if opening is not None]
        if not possible:
            return None
        found.append(possible)
    return found
