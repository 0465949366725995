"""What a check found: what is refused, what holds, and on what each claim rests."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_HIDDEN = re.compile(r"[^ -~\u00a1-\u00ac\u00ae-\u024f\u2013-\u201e\u2026]")
_LONGEST = 300
_MOST_REFUSALS = 1000


def shown(text: object) -> str:
    """Text from a package for a terminal: what could steer or deceive one is written out."""
    whole = str(text)
    cut = whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]}…"
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", cut)


class RefusedError(Exception):
    """Something in a package does not hold; it says what, and where."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


@dataclass
class Report:
    """The result of a check.

    Attributes:
        refused: places and reasons: any makes the package refused.
        alone: what rests on nothing but the package itself.
        rests: what holds, by on whom it rests: `AWS`, `signer`, `authority` or `keeper`.
        said: what else a reader must know.
    """

    refused: list[tuple[str, str]] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)
    rests: dict[str, list[str]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def refuse(self, place: str, reason: str) -> None:
        """Add a reason to refuse."""
        if len(self.refused) < _MOST_REFUSALS:
            self.refused.append((place, reason))

    def rest(self, on: str, claim: str) -> None:
        """Say on whom a claim rests."""
        claims = self.rests.setdefault(on, [])
        if claim not in claims:
            claims.append(claim)

    def is_alone(self, claim: str) -> None:
        """Say that a claim rests on the package alone."""
        if claim not in self.alone:
            self.alone.append(claim)

    def say(self, text: str) -> None:
        """Add something that a reader must know."""
        if text not in self.said:
            self.said.append(text)

    def add(self, other: Report) -> None:
        """Add what was found in a package of a series."""
        for place, reason in other.refused:
            self.refuse(place, reason)
        for on, claims in other.rests.items():
            for claim in claims:
                self.rest(on, claim)
        for claim in other.alone:
            self.is_alone(claim)
        for text in other.said:
            self.say(text)

    @property
    def exit_code(self) -> int:
        """0: all holds, given all from outside; 3: refused; 4: something rests on itself."""
        if self.refused:
            return 3
        return 4 if self.alone else 0

    def lines(self) -> list[str]:
        """The result for a reader."""
        words = {
            0: "HOLDS: everything was compared with what was given from outside",
            3: f"REFUSED: {len(self.refused)} reason{'s' * (len(self.refused) != 1)}",
            4: "HOLDS, but some of it rests on the package alone",
        }
        found = [words[self.exit_code]]
        found += [f"  refused: {shown(place)}: {reason}" for place, reason in self.refused]
        found += [f"  rests on the package alone: {claim}" for claim in self.alone]
        heads = {
            "AWS": "rests on AWS's signatures",
            "signer": "rests on the signer's key",
            "authority": "rests on the timestamp authority",
            "keeper": "rests on nobody's signature",
        }
        for on, head in heads.items():
            found += [f"  {head}: {claim}" for claim in self.rests.get(on, [])]
        return [*found, *(f"  note: {text}" for text in self.said)]
