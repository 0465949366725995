"""Which way a changed setting of a declarative or management policy goes.

A rule compares the old and the new value of one setting. `more` means that the new text enforces
less, so that accounts may do more; `less` that it enforces more; `same` that neither enforces more;
`unknown` that it is not known which.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from trailscan.organizations.access.patterns import MANY, ONE, expression

if TYPE_CHECKING:
    from collections.abc import Iterator

Direction = Literal["same", "less", "more", "unknown"]
Stricter = Literal["more values", "fewer values"]

_MOST_STEPS = 25_000_000
_EVERYTHING = {"ALL", "ALL_SUPPORTED", "@@all", "*"}


@dataclass(frozen=True)
class Value:
    """What a text says about a setting, by inheritance operator (user guide, `policy-operators`).

    `assigned` replaces what is inherited, `appended` and `removed` change it. A value without an
    operator, as in effective policies, is assigned.
    """

    assigned: tuple[str, ...] | None = None
    appended: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def listed(self) -> frozenset[str]:
        """The values that the text itself puts into effect."""
        return frozenset({*(self.assigned or ()), *self.appended} - {*self.removed})

    def __str__(self) -> str:
        parts = [] if self.assigned is None else [", ".join(self.assigned) or "[]"]
        parts += [f"@@append {', '.join(self.appended)}"] if self.appended else []
        parts += [f"@@remove {', '.join(self.removed)}"] if self.removed else []
        return " ".join(parts) or "[]"


class Rule(Protocol):
    """How a setting is compared; None stands for a setting that the text does not have."""

    def direction(self, old: Value | None, new: Value | None) -> Direction:
        """Which way the change goes."""


@dataclass(frozen=True)
class Scale:
    """A setting with one value of a scale, the weakest first.

    A setting that is absent is left to the account: more than the weakest value, which forces the
    weak state, and less than the others; unless AWS gives it a default.
    """

    values: tuple[str, ...]
    default: str | None = None

    def direction(self, old: Value | None, new: Value | None) -> Direction:
        """Compare the places on the scale."""
        before, after = self._place(old), self._place(new)
        if before is None or after is None:
            return "unknown"
        return _compare(before, after)

    def _place(self, value: Value | None) -> float | None:
        """The place of a value on the scale; None if it is not one of it."""
        if value is None:
            return 0.5 if self.default is None else self.values.index(self.default)
        (only,) = value.listed if len(value.listed) == 1 else (None,)
        return self.values.index(only) if only in self.values else None


@dataclass(frozen=True)
class Number:
    """A number, where more or less of it is stricter; absent means without a limit."""

    stricter: Stricter

    def direction(self, old: Value | None, new: Value | None) -> Direction:
        """Compare the numbers."""
        before, after = _number(old), _number(new)
        if before is None or after is None:
            return "unknown"
        sign = 1 if self.stricter == "more values" else -1
        return _compare(sign * before, sign * after)


@dataclass(frozen=True)
class Values:
    """A list, where more or fewer values are stricter.

    `absent` and `empty` say what a missing and an empty list stand for, `nothing` is a value that
    stands for none, and `wildcards` says which of `*` and `?` stand for other characters.
    """

    stricter: Stricter
    absent: Literal["nothing", "everything"] = "nothing"
    empty: Literal["nothing", "everything"] = "nothing"
    nothing: str = ""
    wildcards: str = ""

    def direction(self, old: Value | None, new: Value | None) -> Direction:
        """Compare which values are gained and lost; what is inherited counts for both the same."""
        if old and new and (old.assigned is None) != (new.assigned is None):
            return "unknown"
        before, after = self._read(old), self._read(new)
        removed_before, removed_after = (frozenset(v.removed if v else ()) for v in (old, new))
        gained = self._gains(before, after) or _not_covered(removed_before, removed_after)
        lost = self._gains(after, before) or _not_covered(removed_after, removed_before)
        if gained and lost:
            return "unknown"
        if not gained and not lost:
            return "same"
        return "less" if gained == (self.stricter == "more values") else "more"

    def _gains(self, before: frozenset[str], after: frozenset[str]) -> bool:
        """Whether some value was in no way among those before."""
        if not _not_covered(after, before):
            return False
        return not self.wildcards or any(_unmatched(after - before, before, self.wildcards))

    def _read(self, value: Value | None) -> frozenset[str]:
        """The values that are in effect."""
        if value is None:
            return frozenset({"ALL"} if self.absent == "everything" else ())
        if value.assigned == () and not value.appended and self.empty == "everything":
            return frozenset({"ALL"})
        return value.listed - {self.nothing}


@dataclass(frozen=True)
class Required:
    """A setting that enforces something by being there; other values are not comparable."""

    def direction(self, old: Value | None, new: Value | None) -> Direction:
        """Compare whether it is there."""
        if old and new:
            return "unknown"
        return "less" if new else "more"


@dataclass(frozen=True)
class Neutral:
    """A setting that enforces nothing: a message, a tag, a time."""

    def direction(self, old: Value | None, new: Value | None) -> Direction:  # noqa: ARG002 -- as every rule
        """No direction, whatever the values."""
        return "same"


@dataclass(frozen=True)
class Unclear:
    """A part of which nobody knows whether having it is stricter."""

    def direction(self, old: Value | None, new: Value | None) -> Direction:  # noqa: ARG002 -- as every rule
        """No direction is known, whatever the values."""
        return "unknown"


class Operators:
    """`@@operators_allowed_for_child_policies`: fewer operators bind child policies more."""

    def direction(self, old: Value | None, new: Value | None) -> Direction:
        """Compare what child policies may do; absent means everything, `@@none` nothing."""
        before, after = (
            frozenset({"@@all"}) if value is None else value.listed - {"@@none"}
            for value in (old, new)
        )
        gained, lost = _not_covered(after, before), _not_covered(before, after)
        if gained and lost:
            return "unknown"
        return "more" if gained else "less" if lost else "same"


def _compare(before: float, after: float) -> Direction:
    """Which way strictness went."""
    return "same" if before == after else "less" if after > before else "more"


def _number(value: Value | None) -> float | None:
    """The number that a value is: infinite if absent, None if it is none."""
    if value is None:
        return float("inf")
    (only,) = value.listed if len(value.listed) == 1 else ("",)
    return float(only) if only.isascii() and only.isdigit() and len(only) < 20 else None  # noqa: PLR2004 -- longer than any number of a policy


def _not_covered(values: frozenset[str], by: frozenset[str]) -> bool:
    """Whether some value is in no way among others, of which some stand for many."""
    if _EVERYTHING & by:
        return False
    return any(
        value not in by and f"{value.partition(':')[0]}:ALL_SUPPORTED" not in by for value in values
    )


def _unmatched(values: frozenset[str], by: frozenset[str], wildcards: str) -> Iterator[str]:
    """The values that no pattern matches; all of them if that is too much work to find out.

    What a pattern matches with its wildcards as characters, it matches whatever they stand for; but
    a `?` stands for no `*`.
    """
    patterns = [one for one in by if any(sign in one for sign in wildcards)]
    if sum(map(len, values)) * sum(map(len, patterns)) > _MOST_STEPS:
        yield from values
        return
    tokens = {sign: token for sign, token in (("*", MANY), ("?", ONE)) if sign in wildcards}
    read = [
        (one, re.compile(expression(tokens.get(sign, ord(sign)) for sign in one), re.DOTALL))
        for one in patterns
    ]
    for value in values:
        if not any(
            matches.fullmatch(value) and not ("*" in value and "?" in wildcards and "?" in one)
            for one, matches in read
        ):
            yield value
