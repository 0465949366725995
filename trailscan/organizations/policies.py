"""What an update of a policy changed: its two texts compared by what they mean, told in words.

The elements of a statement are those of the SCP and RCP syntax (AWS Organizations user guide,
`orgs_manage_policies_scps_syntax`); a text without statements, such as a tag or a backup policy, is
compared member by member.

Nothing here trusts the shape of a text: a refused call may have sent anything.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from trailscan.errors import DecodeError
from trailscan.events.event import JsonObject, decode_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

MAX_UNNAMED = 200
"""Most statements without `Sid` on a side that are still matched by their likeness."""

MAX_WORDS = 400
"""Longest account of a difference, in characters."""

_SHOWN_CHARACTERS = 100  # of one text: an ARN of a role fits
_SHOWN_VALUES = 3
_ROOM_FOR_REST = 30  # "… and 123,456 more changes"
_PATH_CHARACTERS = 300
_MARKS = re.compile(r"[\s,;()'\"\\…]")  # what the words around a text are made of
_ACTIONS = ("Action", "NotAction")
_DECISION = frozenset({"Effect", *_ACTIONS})
_LIKENESSES: tuple[Callable[[str], bool], ...] = (
    lambda name: name in _DECISION,
    lambda name: name not in _ACTIONS,
    lambda name: name not in _DECISION,
)
"""Which elements two statements without `Sid` share to be taken for one, the closest first."""

_WORDS = {
    "Action": "actions",
    "NotAction": "excepted actions",
    "Resource": "resources",
    "NotResource": "excepted resources",
    "Principal": "principals",
    "NotPrincipal": "excepted principals",
    "Condition": "conditions",
}
"""Elements that hold values, as they are called in words, in the order they are told."""


class StatementChange(NamedTuple):
    """A statement that both texts have, with other content.

    Attributes:
        label: its `Sid`; without one, the short account of what it was before.
        members: what changed, in words: `effect Deny -> Allow`, `actions + iam:*, - s3:PutObject`.
    """

    label: str
    members: tuple[str, ...]

    def __str__(self) -> str:
        """Label and members: `Guard: effect Deny -> Allow; conditions changed`."""
        return f"{self.label}: {'; '.join(self.members)}"


class PolicyDifference(NamedTuple):
    """What sets two texts of a policy apart.

    Attributes:
        added: labels of the statements that only the new text has, in its order.
        removed: labels of the statements that only the old text has, in its order.
        changed: statements of both with other content, in the old text's order.
        other: everything besides statements, as `tags.CostCenter.tag_value changed`.
        comparable: False when a text is no JSON object, or one too long or too deep for any event;
            `other` then says no more than that the texts differ.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[StatementChange, ...]
    other: tuple[str, ...]
    comparable: bool

    @property
    def same(self) -> bool:
        """Whether the texts mean the same: they differ in how they are written, or not at all."""
        return not (self.added or self.removed or self.changed or self.other)

    @property
    def in_words(self) -> str:
        """One line of at most `MAX_WORDS` characters, all of them visible."""
        if self.same:
            return "nothing but its formatting"
        if not self.comparable:
            return "text changed (not comparable)"
        return _limited(
            [
                *(f"added statement {label}" for label in self.added),
                *(f"removed statement {label}" for label in self.removed),
                *(f"changed statement {change}" for change in self.changed),
                *self.other,
            ]
        )


class Statement(NamedTuple):
    """A statement, its place in the text, and its content in the one form of all equal ones."""

    place: int
    value: object
    form: bytes


_Pairs = list[tuple[Statement, Statement]]


def compare_policies(before: str, after: str) -> PolicyDifference:
    """What a policy's text says after an update that it did not say before, and the reverse.

    White space, the order of members, statements and values, values said twice, the case of
    actions, and whether a single value stands in a list make no difference.

    Returns:
        The difference, whatever the texts hold. Texts that `decode_object` refuses are not
        comparable.
    """
    try:
        (old, was), (new, now) = decoded(before), decoded(after)
    except DecodeError:
        other = () if before == after else ("text changed",)
        return PolicyDifference((), (), (), other, comparable=False)
    pairs, removed, added = matched(was, now)
    return PolicyDifference(
        added=tuple(label(one.value) for one in added),
        removed=tuple(label(one.value) for one in removed),
        changed=tuple(_changed(one.value, other.value) for one, other in pairs),
        other=tuple(_differences(*_others(old, new))),
        comparable=True,
    )


@lru_cache(maxsize=128)
def decoded(text: str) -> tuple[JsonObject, list[Statement]]:
    """A text and its statements: what one update wrote the next one replaces."""
    policy = decode_object(text)
    return policy, _statements(policy)


def _statements(policy: Mapping[str, object]) -> list[Statement]:
    """What stands under `Statement`: a list, or a single one of whatever type."""
    found = policy.get("Statement", [])
    values = found if isinstance(found, list) else [found]
    return [
        Statement(place, value, _form(_lower_actions(value))) for place, value in enumerate(values)
    ]


def _others(
    old: Mapping[str, object], new: Mapping[str, object]
) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """Two policies without their statements; an empty list stays where there is none to compare."""
    if old.get("Statement", []) == new.get("Statement", []) == []:
        return old, new
    return _without(old, "Statement"), _without(new, "Statement")


def _form(value: object) -> bytes:
    """The JSON text that equal values share."""
    return msgspec.json.encode(_simplified(value), order="sorted")


def _simplified(value: object) -> object:
    """A value with its lists of single values sorted, none twice, and without a list around one.

    As deep as `decode_object` lets a text be, and no deeper.
    """
    if isinstance(value, dict):
        return {name: _simplified(inner) for name, inner in value.items()}
    if not isinstance(value, list):
        return value
    if any(isinstance(item, dict | list) for item in value):
        return [_simplified(item) for item in value]
    unique = {msgspec.json.encode(item): item for item in value}
    return value[0] if len(unique) == 1 else [unique[text] for text in sorted(unique)]


def _lower_actions(statement: object) -> object:
    """A statement with its actions in lower case: IAM does not tell their cases apart."""
    if not isinstance(statement, dict):
        return statement
    lower = {name: _lower(statement[name]) for name in _ACTIONS if name in statement}
    return {**statement, **lower}


def _lower(value: object) -> object:
    """Text, or a list of it, in lower case; other letters than ASCII's stay: no action has them."""
    if isinstance(value, list):
        return [item if isinstance(item, list) else _lower(item) for item in value]
    return value.lower() if isinstance(value, str) and value.isascii() else value


def matched(
    old: list[Statement], new: list[Statement]
) -> tuple[_Pairs, list[Statement], list[Statement]]:
    """Pairs of other content in the old order, what only the old has, what only the new has."""
    _, old, new = _paired(old, new, lambda one: one.form)
    found, old, new = _paired(old, new, lambda one: _sid(one.value))
    for counts in _LIKENESSES if _are_few(old, new) else ():
        pairs, old, new = _paired(old, new, partial(_likeness, counts))
        found += pairs
    return sorted(found, key=lambda pair: pair[0].place), old, new


def _paired(
    old: list[Statement], new: list[Statement], key: Callable[[Statement], object]
) -> tuple[_Pairs, list[Statement], list[Statement]]:
    """Statements that share a key, in order, and the rest of both sides; None matches nothing."""
    waiting: defaultdict[object, deque[Statement]] = defaultdict(deque)
    for one in new:
        waiting[key(one)].append(one)
    waiting.pop(None, None)
    pairs, left = [], []
    for one in old:
        queue = waiting.get(key(one))
        if queue:
            pairs.append((one, queue.popleft()))
        else:
            left.append(one)
    taken = {other.place for _, other in pairs}
    return pairs, left, [one for one in new if one.place not in taken]


def _are_few(*sides: list[Statement]) -> bool:
    """Whether no side has too many statements without `Sid` to be matched by likeness."""
    return all(sum(_sid(one.value) is None for one in side) <= MAX_UNNAMED for side in sides)


def _likeness(counts: Callable[[str], bool], one: Statement) -> bytes | None:
    """The form of some elements of a statement without `Sid`; None for any other value."""
    value = _lower_actions(one.value)
    if not isinstance(value, dict) or _sid(value) is not None:
        return None
    return _form({name: inner for name, inner in value.items() if counts(name)})


def _sid(statement: object) -> str | None:
    """The `Sid` of a statement, if it has one that names it."""
    found = statement.get("Sid") if isinstance(statement, dict) else None
    return found if isinstance(found, str) and found else None


def label(statement: object) -> str:
    """`DenyLeave (Deny organizations:LeaveOrganization)`, or the part in brackets alone."""
    sid = _sid(statement)
    return _account(statement) if sid is None else f"{_shown(sid)} ({_account(statement)})"


def _account(statement: object) -> str:
    """Effect and first actions of a statement, or the start of its JSON if it has neither."""
    if not isinstance(statement, dict) or not _DECISION & statement.keys():
        return _shown(_text(statement))
    words = {"Effect": "", "Action": "", "NotAction": "all but "}
    told = [f"{word}{_first(statement[name])}" for name, word in words.items() if name in statement]
    return " ".join(told if "Effect" in statement else ["no effect", *told])


def _first(value: object) -> str:
    """The first few values of an element, and how many more there are."""
    values = value if isinstance(value, list) else [value]
    told = ", ".join(_shown(_text(item)) for item in values[:_SHOWN_VALUES])
    more = len(values) - _SHOWN_VALUES
    return f"{told or 'nothing'}{f' … and {more:,} more' if more > 0 else ''}"


def _changed(old: object, new: object) -> StatementChange:
    """What sets two statements apart, both of them objects, as all that are matched."""
    before, after = (one if isinstance(one, dict) else {} for one in (old, new))
    words = [
        _values(word, before.get(name), after.get(name))
        for name, word in _WORDS.items()
        if _element(before, name) != _element(after, name)
    ]
    old_rest, new_rest = (_without(one, "Effect", *_WORDS) for one in (before, after))
    sid = _sid(old)
    return StatementChange(
        label=_account(old) if sid is None else _shown(sid),
        members=(*_effect(before, after), *words, *_differences(old_rest, new_rest)),
    )


def _effect(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[str]:
    """The effects of two statements, if they are not the same."""
    if _element(before, "Effect") != _element(after, "Effect"):
        old, new = (
            _shown(_text(one["Effect"])) if "Effect" in one else "none" for one in (before, after)
        )
        yield f"effect {old} -> {new}"


def _element(statement: Mapping[str, object], name: str) -> bytes | None:
    """The form of an element of a statement, None if it has none."""
    if name not in statement:
        return None
    return _form(_lower(statement[name]) if name in _ACTIONS else statement[name])


def _values(word: str, old: object, new: object) -> str:
    """The values an element gained and lost: `actions + iam:*, - s3:PutObject`."""
    before, after = _leaves(word, old), _leaves(word, new)
    gained = [leaf for key, leaf in after.items() if key not in before]
    lost = [leaf for key, leaf in before.items() if key not in after]
    return f"{word} {', '.join([*_signed('+', gained), *_signed('-', lost)]) or 'changed'}"


def _signed(sign: str, leaves: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """The first few values with a sign before each, and how many more there are."""
    for leaf in leaves[:_SHOWN_VALUES]:
        yield f"{sign} {' '.join(map(_shown, leaf))}"
    if len(leaves) > _SHOWN_VALUES:
        yield f"{sign} {len(leaves) - _SHOWN_VALUES:,} more"


def _leaves(word: str, value: object) -> dict[tuple[object, ...], tuple[str, ...]]:
    """The values of an element with the names above each, by what equal ones share."""
    found = _walk(value, 2) if value is not None else ()
    if word.endswith("actions"):
        return {(*leaf[:-1], _lower(leaf[-1])): leaf for leaf in found}
    return {leaf: leaf for leaf in found}


def _walk(value: object, levels: int) -> Iterator[tuple[str, ...]]:
    """Each value under some levels of names, as a condition has two and a principal one."""
    if isinstance(value, dict) and levels:
        for name, inner in value.items():
            yield from ((name, *leaf) for leaf in _walk(inner, levels - 1))
    else:
        for item in value if isinstance(value, list) else [value]:
            yield (_text(item),)


def _differences(
    old: Mapping[str, object], new: Mapping[str, object], above: str = ""
) -> Iterator[str]:
    """The paths of members that only one of two objects has, or that differ: `Version changed`."""
    for name in sorted(old.keys() | new.keys()):
        path = _path(above, name)
        if name not in old or name not in new:
            yield f"{path} {'removed' if name in old else 'added'}"
            continue
        before, after = old[name], new[name]
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _differences(before, after, path)
        elif _form(before) != _form(after):
            yield f"{path} changed"


def _path(above: str, name: str) -> str:
    """A path and one more name; quoted if it holds a dot, and cut where no reader follows."""
    step = repr(name[:_SHOWN_CHARACTERS]) if "." in name else _shown(name)
    path = f"{above}.{step}" if above else step
    return path if len(path) <= _PATH_CHARACTERS else f"{path[:_PATH_CHARACTERS]}…"


def _without(value: Mapping[str, object], *names: str) -> dict[str, object]:
    return {name: inner for name, inner in value.items() if name not in names}


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _shown(text: str) -> str:
    r"""The start of a text, quoted if it could be taken for the words around it: `'a; b\x1b'`."""
    start = text[:_SHOWN_CHARACTERS]
    plain = start and start.isprintable() and not _MARKS.search(start)
    return f"{start if plain else repr(start)}{'…' if len(text) > len(start) else ''}"


def _limited(parts: list[str]) -> str:
    """As many changes as fit into `MAX_WORDS` characters, and how many more there are."""
    room = MAX_WORDS - _ROOM_FOR_REST
    told = parts[0] if len(parts[0]) <= room else f"{parts[0][:room]}…"
    for shown, part in enumerate(parts[1:], 1):
        longer = f"{told}; {part}"
        if len(longer) > room:
            more = len(parts) - shown
            return f"{told} … and {more:,} more change{'s' if more > 1 else ''}"
        told = longer
    return told
