"""Decides whether a change of service or resource control policies opens or closes something.

A request is allowed when a statement of every level (root, OUs, account) allows it and no statement
of any level denies it (AWS Organizations user guide, `orgs_manage_policies_scps_evaluation`). The
decision compares all requests at once: any principal of a member account but service-linked roles,
any action and resource, each condition key with any value or absent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.numbers import counted
from trailscan.organizations.access.boxes import UNRESTRICTED, Boxes, boxes_of, impossible
from trailscan.organizations.access.budget import Budget, Undecidable
from trailscan.organizations.access.change import AccessChange, Answer, Verdict, Witness
from trailscan.organizations.access.dimensions import (
    ACTION,
    PRINCIPAL,
    RESOURCE,
    UNIVERSES,
    Term,
    dimension_of,
)
from trailscan.organizations.access.evaluate import Request, evaluate
from trailscan.organizations.access.phrases import phrases
from trailscan.organizations.access.requests import Space, requests
from trailscan.organizations.access.search import find, narrowed
from trailscan.organizations.access.sides import read_side, reduced
from trailscan.organizations.access.statements import Kind, parse_policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from trailscan.organizations.access.boxes import Product
    from trailscan.organizations.access.dimensions import Value
    from trailscan.organizations.access.search import Box, Region
    from trailscan.organizations.access.sides import Levels, Side
    from trailscan.organizations.access.statements import Statement

FULL_ACCESS: dict[Kind, str] = {
    "scp": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
    "rcp": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",'
    '"Action":"*","Resource":"*"}]}',
}
"""What FullAWSAccess and RCPFullAWSAccess say."""

WRITTEN_ANEW = "only order, names or spacing differ"
"""How texts differ that have the same statements."""

_MOST_TRIES = 40
_MOST_REGIONS = 6


def decide_update(before: str, after: str, kind: Kind) -> AccessChange:
    """What a new text of a policy changes, if nothing is known about what stands beside it.

    Where both texts allow something, each is judged alone; otherwise FullAWSAccess stands beside
    both. RCPFullAWSAccess always stands beside resource control policies.
    """
    try:
        alone = permits(before, kind) and permits(after, kind)
    except Undecidable as error:
        return AccessChange("unknown", reason=str(error))
    beside = () if alone else (FULL_ACCESS[kind],)
    return decide([[before, *beside]], [[after, *beside]], kind)


def permits(text: str, kind: Kind) -> bool:
    """Whether a text has a statement that allows something.

    Raises:
        Undecidable: it is no policy of this kind.
    """
    return any(one.allow for one in parse_policy(text, kind).statements)


def holds(witness: Witness, before: Levels, after: Levels, kind: Kind) -> bool:
    """Whether the policies of one path decide a request as a witness says, before and after."""
    request = Request(witness.principal, witness.action, witness.resource, witness.context)
    try:
        found = tuple(evaluate(levels, request, kind) for levels in (before, after))
    except ValueError:
        return False
    return found == (witness.before, witness.after)


def decide(before: Levels, after: Levels, kind: Kind) -> AccessChange:
    """What changes if the policies of one path are replaced by others.

    Args:
        before: the texts attached at each level; an SCP level without any allows nothing.
        after: the texts afterwards.
        kind: of all the policies.
    """
    texts = _with_full_access(before, kind), _with_full_access(after, kind)
    spellings: dict[str, str] = {}
    budget = Budget()
    try:
        old, new = (read_side(levels, kind, spellings, budget) for levels in texts)
        if old.meaning == new.meaning:
            return AccessChange("same", note=WRITTEN_ANEW)
        found = _compared(_Asked(reduced(old, new), kind, spellings), texts)
    except Undecidable as error:
        return AccessChange("unknown", reason=str(error))
    return found if found.kind != "same" else AccessChange("same", note=_note(old, new))


def _with_full_access(levels: Levels, kind: Kind) -> list[list[str]]:
    """The levels; RCPFullAWSAccess cannot be detached."""
    beside = [FULL_ACCESS[kind]] if kind == "rcp" else []
    return [[*dict.fromkeys([*texts, *beside])] for texts in levels]


class _Asked:
    """What a comparison depends on; equal ones have the same answer."""

    def __init__(self, sides: tuple[Side, Side], kind: Kind, spellings: dict[str, str]) -> None:
        self.sides = sides
        self.kind: Kind = kind
        names = {
            name
            for side in sides
            for one in side.statements
            for name in (
                *one.actions.values,
                *(each.key for each in one.conditions),
                *map(str.lower, one.variables_named()),
            )
        }
        self.spellings = {name: spellings[name] for name in names if name in spellings}
        self.key = sides, kind, frozenset(self.spellings.items())


_ANSWERS: dict[object, AccessChange] = {}
_MOST_ANSWERS = 4_096


def _compared(asked: _Asked, texts: tuple[Levels, Levels]) -> AccessChange:
    """The answer, made once for all paths that differ alike; its requests hold on this one.

    Raises:
        Undecidable: there is none.
    """
    found = _ANSWERS.get(asked.key)
    if found is None or not all(holds(one, *texts, asked.kind) for one in found.witnesses):
        found = _Comparison(asked, texts).decided()
        if len(_ANSWERS) >= _MOST_ANSWERS:
            _ANSWERS.clear()
        _ANSWERS[asked.key] = found
    return found


def _note(before: Side, after: Side) -> str:
    """How sides of the same meaning differ."""
    counts = [len(side.statements) for side in (before, after)]
    if counts[0] == counts[1]:
        return "written differently"
    return f"{counted(counts[0], 'statement')} became {counts[1]}"


class _Comparison:
    """Two sides, and the space of requests that they tell apart."""

    def __init__(self, asked: _Asked, texts: tuple[Levels, Levels]) -> None:
        self._texts = texts
        self._kind: Kind = asked.kind
        self._budget = Budget()
        self._spellings = asked.spellings
        self._sides = asked.sides
        self._boxes: dict[Statement, tuple[Box, ...]] = {}

    def decided(self) -> AccessChange:
        """The answer, with its requests."""
        before, after = self._sides
        self._prepare()
        opened = self._regions(before, after)
        closed = self._regions(after, before)
        missing = next((one.name for one in self._space.dimensions if not one.exact), None)
        if missing and not (opened and closed):
            raise Undecidable(
                f"values of different types are compared with {self._spelling(missing)}"
            )
        witnesses = [
            self._witness(regions, opens=opens)
            for regions, opens in ((opened, True), (closed, False))
            if regions
        ]
        kinds: dict[tuple[bool, bool], Answer] = {
            (True, True): "both", (True, False): "more", (False, True): "less",
            (False, False): "same",
        }  # fmt: skip
        return AccessChange(
            kinds[bool(opened), bool(closed)],
            tuple(witnesses),
            opened=phrases(self._space, opened, self._spelling),
            closed=phrases(self._space, closed, self._spelling),
        )

    def _prepare(self) -> None:
        """Divides every part of a request into what the statements tell apart."""
        every: dict[Statement, Boxes] = {}
        for side in self._sides:
            for one in side.statements:
                if one not in every:
                    every[one] = boxes_of(one)
        comparands = sorted({one for boxes in every.values() for one in boxes.comparands}, key=repr)
        never = impossible(comparands, self._budget)
        asked_about = (one for boxes in every.values() for each in boxes.products for one in each)
        if any(one.dimension == PRINCIPAL for one in asked_about):
            never.append(UNRESTRICTED)
        terms: dict[str, list[Term]] = {ACTION: [], RESOURCE: [], PRINCIPAL: []}
        for product in (*(one for boxes in every.values() for one in boxes.products), *never):
            for term in product:
                terms.setdefault(term.dimension, []).append(term)
        dimensions = [dimension_of(name, asked, self._budget) for name, asked in terms.items()]
        self._space = Space(dimensions, comparands)
        self._parts = {one.name: at for at, one in enumerate(dimensions)}
        self._boxes = {
            one: tuple(box for each in boxes.products if (box := self._box(each)) is not None)
            for one, boxes in every.items()
        }
        self._never = [box for each in never if (box := self._box(each)) is not None]

    def _box(self, product: Product) -> Box | None:
        """The bits of a product; None if it is empty."""
        found: dict[int, int] = {}
        for term in product:
            part = self._parts[term.dimension]
            dimension = self._space.dimensions[part]
            found[part] = found.get(part, dimension.full) & dimension.mask(term)
            if not found[part]:
                return None
        return tuple(
            (part, bits)
            for part, bits in found.items()
            if bits != self._space.dimensions[part].full
        )

    def _regions(self, before: Side, after: Side) -> list[Region]:
        """Regions of requests that were denied and are allowed, the widest first."""
        denied = [box for one in after.denials for box in self._boxes[one]] + self._never
        allowed = [[box for one in level for box in self._boxes[one]] for level in after.levels]
        found = []
        for region, avoid in self._starts(before, after):
            one = find(region, allowed, [*avoid, *denied], self._budget)
            if one is not None:
                found.append(one)
                if len(found) == _MOST_REGIONS:
                    break
        return sorted(found, key=self._width, reverse=True)

    def _starts(self, before: Side, after: Side) -> Iterator[tuple[Region, list[Box]]]:
        """Where requests were denied: in a box, or outside of all that a level allows."""
        everything: Region = tuple(one.full for one in self._space.dimensions)
        kept = frozenset(after.denials)
        boxes = [box for one in before.denials if one not in kept for box in self._boxes[one]]
        regions = [region for box in boxes if (region := narrowed(everything, box)) is not None]
        yield from ((one, []) for one in sorted(regions, key=self._breadth, reverse=True))
        for level in before.levels:
            if not any(set(other) <= set(level) for other in after.levels):
                yield everything, [box for one in level for box in self._boxes[one]]

    def _width(self, region: Region) -> tuple[float, float]:
        """How wide a region looks to people: the actions of AWS in it, and its other parts."""
        at = self._parts[ACTION]
        known = self._space.dimensions[at].known(region[at]).bit_count()
        rest = self._breadth(region) / (region[at].bit_count() or 1)
        return rest * (known or 1), rest

    def _breadth(self, region: Region) -> float:
        """How much of the space a region is, by its classes."""
        found = 1.0
        for dimension, bits in zip(self._space.dimensions, region, strict=True):
            found *= bits.bit_count() / dimension.full.bit_count()
        return found

    def _witness(self, regions: Sequence[Region], *, opens: bool) -> Witness:
        """A request of the widest region that the evaluator of one request confirms.

        Raises:
            Undecidable: there is none.
        """
        wanted: tuple[Verdict, Verdict] = ("denied", "allowed") if opens else ("allowed", "denied")
        for region in regions:
            for tried, values in enumerate(requests(self._space, region)):
                if tried == _MOST_TRIES:
                    break
                witness = self._request(values, *wanted)
                request = Request(
                    witness.principal, witness.action, witness.resource, witness.context
                )
                if wanted == self._evaluated(request):
                    return witness
        if self._space.comparands:
            raise Undecidable("a policy variable is compared with other values")
        raise Undecidable("the witness did not hold (a defect of trailscan)")

    def _evaluated(self, request: Request) -> tuple[Verdict, ...]:
        """How the evaluator of one request decides, before and after."""
        try:
            return tuple(evaluate(one, request, self._kind) for one in self._texts)
        except ValueError as error:
            raise Undecidable(f"AWS refuses the text: {error}") from None

    def _request(self, values: Mapping[str, Value], before: Verdict, after: Verdict) -> Witness:
        """A witness with the values of some parts."""
        names = {one.name for one in self._space.comparands}
        context = {
            self._spelling(key): self._given(key, value)
            for key, value in values.items()
            if value is not None and key not in names and key not in UNIVERSES
        }
        return Witness(
            str(values[PRINCIPAL]),
            self._spelling(str(values[ACTION])),
            str(values[RESOURCE]),
            context,
            before,
            after,
        )

    def _given(self, key: str, value: str | tuple[str, ...]) -> str | list[str]:
        """A value of a key; a list if the key can have several."""
        part = self._parts.get(key)
        if part is not None and self._space.dimensions[part].several and isinstance(value, str):
            return [value]
        return value if isinstance(value, str) else list(value)

    def _spelling(self, lower: str) -> str:
        """An action or key as a text spells it."""
        return self._spellings.get(lower, lower)
