"""Compares two texts of a policy by their meaning, and puts the difference in words.

The elements of a statement are those of the SCP and RCP syntax (AWS Organizations user guide,
`orgs_manage_policies_scps_syntax`); a text without statements, such as a tag or a backup policy, is
compared member by member.

A text can have any form: a denied call may have sent anything.
"""

from __future__ import annotations

from collections import defaultdict, deque
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from trailscan.errors import DecodeError
from trailscan.events.event import JsonObject, decode_object
from trailscan.organizations.excerpts import SHOWN_CHARACTERS, excerpt, limited, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

MAX_UNNAMED = 200
"""The most statements without `Sid` on one side that are still matched by similarity."""

_SHOWN_VALUES = 3
_PATH_CHARACTERS = 300
_ACTIONS = ("Action", "NotAction")
_DECISION = frozenset({"Effect", *_ACTIONS})
_SIMILARITIES: tuple[Callable[[str], bool], ...] = (
    lambda name: name in _DECISION,
    lambda name: name not in _ACTIONS,
    lambda name: name not in _DECISION,
)
"""The elements that two statements without `Sid` must share to be a pair, the closest first."""

_NOUNS = {
    "Action": "actions",
    "NotAction": "excepted actions",
    "Resource": "resources",
    "NotResource": "excepted resources",
    "Principal": "principals",
    "NotPrincipal": "excepted principals",
    "Condition": "conditions",
}
"""Elements that hold values and the nouns for them, in the order in which they are described."""


class StatementChange(NamedTuple):
    """A statement that both texts have, with other content.

    Attributes:
        label: its `Sid`; without one, a summary of what it was before.
        members: what changed, in words: `effect Deny -> Allow`, `actions + iam:*, - s3:PutObject`.
    """

    label: str
    members: tuple[str, ...]

    def __str__(self) -> str:
        """Label and members: `Guard: effect Deny -> Allow; conditions changed`."""
        return f"{self.label}: {'; '.join(self.members)}"


class PolicyDifference(NamedTuple):
    """The difference between two texts of a policy.

    Attributes:
        added: labels of the statements that only the new text has, in its order.
        removed: labels of the statements that only the old text has, in its order.
        changed: statements of both with other content, in the old text's order.
        other: everything besides statements, as `tags.CostCenter.tag_value changed`.
        comparable: False if a text is not a JSON object, or too long or deep for any event; `other`
            then only says that the texts differ.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[StatementChange, ...]
    other: tuple[str, ...]
    comparable: bool

    @property
    def same(self) -> bool:
        """Whether the texts mean the same, however they are formatted."""
        return not (self.added or self.removed or self.changed or self.other)

    @property
    def in_words(self) -> str:
        """One line of at most `MAX_WORDS` characters, all of them visible."""
        if self.same:
            return "only its formatting"
        if not self.comparable:
            return "text changed (not comparable)"
        return limited(
            [
                *(f"added statement {label}" for label in self.added),
                *(f"removed statement {label}" for label in self.removed),
                *(f"changed statement {change}" for change in self.changed),
                *self.other,
            ]
        )


class Statement(NamedTuple):
    """A statement, its position in the text, and its canonical form, which equal ones share."""

    position: int
    value: object
    form: bytes


_Pairs = list[tuple[Statement, Statement]]


def compare_policies(before: str, after: str) -> PolicyDifference:
    """What an update added to a policy's text and removed from it.

    White space, the order of members, statements and values, repeated values, the case of actions,
    and whether a single value is in a list make no difference.

    Returns:
        The difference, whatever the texts hold. Texts that `decode_object` rejects are not
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
    """A text and its statements, cached because the next update is compared with it too."""
    policy = decode_object(text)
    return policy, _statements(policy)


def _statements(policy: Mapping[str, object]) -> list[Statement]:
    """The values under `Statement`: a list, or a single one of whatever type."""
    found = policy.get("Statement", [])
    values = found if isinstance(found, list) else [found]
    return [
        Statement(position, value, _form(_lower_actions(value)))
        for position, value in enumerate(values)
    ]


def _others(
    old: Mapping[str, object], new: Mapping[str, object]
) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """Two policies without their statements; if neither has any, as they are."""
    if old.get("Statement", []) == new.get("Statement", []) == []:
        return old, new
    return _without(old, "Statement"), _without(new, "Statement")


def _form(value: object) -> bytes:
    """The canonical JSON text of a value, which equal values share."""
    return msgspec.json.encode(_simplified(value), order="sorted")


def _simplified(value: object) -> object:
    """A value with its lists of scalars sorted, without repetitions or a list around a single one.

    The recursion is at most as deep as `decode_object` accepts.
    """
    if isinstance(value, dict):
        return {name: _simplified(inner) for name, inner in value.items()}
    if not isinstance(value, list):
        return value
    if any(isinstance(item, dict | list) for item in value):
        return [_simplified(item) for item in value]
    unique = {msgspec.json.encode(item): item for item in value}
    return value[0] if len(unique) == 1 else [unique[text] for text in sorted(unique)]


def form_without_sid(statement: Statement) -> bytes:
    """The canonical form of a statement, whatever it is called."""
    value = _lower_actions(statement.value)
    return _form(_without(value, "Sid") if isinstance(value, dict) else value)


def _lower_actions(statement: object) -> object:
    """A statement with its actions in lower case, because IAM ignores their case."""
    if not isinstance(statement, dict):
        return statement
    lower = {name: _lower(statement[name]) for name in _ACTIONS if name in statement}
    return {**statement, **lower}


def _lower(value: object) -> object:
    """Text or a list of texts in lower case, but for texts beyond ASCII, which no action has."""
    if isinstance(value, list):
        return [item if isinstance(item, list) else _lower(item) for item in value]
    return value.lower() if isinstance(value, str) and value.isascii() else value


def matched(
    old: list[Statement], new: list[Statement]
) -> tuple[_Pairs, list[Statement], list[Statement]]:
    """Pairs that differ, in the old order; what only the old has; what only the new has."""
    _, old, new = _paired(old, new, lambda one: one.form)
    found, old, new = _paired(old, new, lambda one: _sid(one.value))
    for counts in _SIMILARITIES if _are_few(old, new) else ():
        pairs, old, new = _paired(old, new, partial(_similar_form, counts))
        found += pairs
    return sorted(found, key=lambda pair: pair[0].position), old, new


def _paired(
    old: list[Statement], new: list[Statement], key: Callable[[Statement], object]
) -> tuple[_Pairs, list[Statement], list[Statement]]:
    """Statements that share a key other than None, in order, and the rest of both sides."""
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
    taken = {other.position for _, other in pairs}
    return pairs, left, [one for one in new if one.position not in taken]


def _are_few(*sides: list[Statement]) -> bool:
    """Whether both sides have few enough statements without `Sid` to match them by similarity."""
    return all(sum(_sid(one.value) is None for one in side) <= MAX_UNNAMED for side in sides)


def _similar_form(counts: Callable[[str], bool], one: Statement) -> bytes | None:
    """The form of some elements of a statement without `Sid`; None for any other value."""
    value = _lower_actions(one.value)
    if not isinstance(value, dict) or _sid(value) is not None:
        return None
    return _form({name: inner for name, inner in value.items() if counts(name)})


def _sid(statement: object) -> str | None:
    """The `Sid` of a statement; None if it has none."""
    found = statement.get("Sid") if isinstance(statement, dict) else None
    return found if isinstance(found, str) and found else None


def label(statement: object) -> str:
    """`DenyLeave (Deny organizations:LeaveOrganization)`, or the part in brackets alone."""
    sid = _sid(statement)
    return _summary(statement) if sid is None else f"{excerpt(sid)} ({_summary(statement)})"


def _summary(statement: object) -> str:
    """The effect and first actions of a statement, or the start of its JSON if it has neither."""
    if not isinstance(statement, dict) or not _DECISION & statement.keys():
        return excerpt(text_of(statement))
    words = {"Effect": "", "Action": "", "NotAction": "all but "}
    parts = [f"{word}{_first(statement[key])}" for key, word in words.items() if key in statement]
    return " ".join(parts if "Effect" in statement else ["no effect", *parts])


def _first(value: object) -> str:
    """The first few values of an element, and how many more there are."""
    values = value if isinstance(value, list) else [value]
    shown = ", ".join(excerpt(text_of(item)) for item in values[:_SHOWN_VALUES])
    more = len(values) - _SHOWN_VALUES
    return f"{shown or 'nothing'}{f' … and {more:,} more' if more > 0 else ''}"


def _changed(old: object, new: object) -> StatementChange:
    """The difference between two statements, both of them objects like all that are paired."""
    before, after = (one if isinstance(one, dict) else {} for one in (old, new))
    words = [
        _values(word, before.get(name), after.get(name))
        for name, word in _NOUNS.items()
        if _element(before, name) != _element(after, name)
    ]
    old_rest, new_rest = (_without(one, "Effect", *_NOUNS) for one in (before, after))
    sid = _sid(old)
    return StatementChange(
        label=_summary(old) if sid is None else excerpt(sid),
        members=(*_effect(before, after), *words, *_differences(old_rest, new_rest)),
    )


def _effect(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[str]:
    """The effects of two statements, if they differ."""
    if _element(before, "Effect") != _element(after, "Effect"):
        old, new = (
            excerpt(text_of(one["Effect"])) if "Effect" in one else "none"
            for one in (before, after)
        )
        yield f"effect {old} -> {new}"


def _element(statement: Mapping[str, object], name: str) -> bytes | None:
    """The canonical form of an element of a statement; None if the statement has none."""
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
        yield f"{sign} {' '.join(map(excerpt, leaf))}"
    if len(leaves) > _SHOWN_VALUES:
        yield f"{sign} {len(leaves) - _SHOWN_VALUES:,} more"


def _leaves(word: str, value: object) -> dict[tuple[object, ...], tuple[str, ...]]:
    """The values of an element with the names above each, by a key that equal ones share."""
    found = _walk(value, 2) if value is not None else ()
    if word.endswith("actions"):
        return {(*leaf[:-1], _lower(leaf[-1])): leaf for leaf in found}
    return {leaf: leaf for leaf in found}


def _walk(value: object, levels: int) -> Iterator[tuple[str, ...]]:
    """Each value under some levels of names: a condition has two, a principal one."""
    if isinstance(value, dict) and levels:
        for name, inner in value.items():
            yield from ((name, *leaf) for leaf in _walk(inner, levels - 1))
    else:
        for item in value if isinstance(value, list) else [value]:
            yield (text_of(item),)


def _differences(
    old: Mapping[str, object], new: Mapping[str, object], above: str = ""
) -> Iterator[str]:
    """The members that only one of two objects has, or that differ, with their values.

    `@@assign` gives a value to the member above it (user guide, "Policy syntax and inheritance").
    """
    for name in sorted(old.keys() | new.keys()):
        path = above if name == "@@assign" and above else _path(above, name)
        if name not in old or name not in new:
            yield f"{path} {'removed' if name in old else 'added'}"
            continue
        before, after = old[name], new[name]
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _differences(before, after, path)
        elif _form(before) != _form(after):
            yield _changed_value(path, before, after)


def _changed_value(path: str, before: object, after: object) -> str:
    """A member with its old and its new value: `mode: block_bidirectional -> off`."""
    values = (value if isinstance(value, list) else [value] for value in (before, after))
    if any(isinstance(one, dict | list) for value in values for one in value):
        return f"{path} changed"
    if isinstance(before, list) or isinstance(after, list):
        lists = _values(f"{path}:", before, after)
        return f"{path} changed" if lists.endswith(": changed") else lists
    old, new = excerpt(text_of(before)), excerpt(text_of(after))
    return f"{path} changed" if old == new else f"{path}: {old} -> {new}"


def _path(above: str, name: str) -> str:
    """A path and one more name, quoted if it has a dot, and cut if it is too long."""
    step = repr(name[:SHOWN_CHARACTERS]) if "." in name else excerpt(name)
    path = f"{above}.{step}" if above else step
    return path if len(path) <= _PATH_CHARACTERS else f"{path[:_PATH_CHARACTERS]}…"


def _without(value: Mapping[str, object], *names: str) -> dict[str, object]:
    return {name: inner for name, inner in value.items() if name not in names}
