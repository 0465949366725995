"""Finds what an update of a policy no longer forbids.

A service or resource control policy forbids by its Deny statements, and by what its Allow
statements leave out. An update loosens it if a Deny is removed, names fewer actions, resources or
principals, or gets more conditions; or if an Allow gains something. How IAM evaluates each element:
IAM user guide, `reference_policies_elements`.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from trailscan.errors import DecodeError
from trailscan.organizations.in_force import same_meaning
from trailscan.organizations.policies import decoded, form_without_sid, label, matched

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAMED = {"Action": "actions", "Resource": "resources", "Principal": "principals"}
_LISTS = ("stringequals", "stringlike", "arnequals", "arnlike", "ipaddress")
_SETS = ("foranyvalue:", "forallvalues:")

JsonStatement = dict[str, Any]


def loosened(before: str, after: str) -> tuple[str, ...]:
    """What a policy's new text no longer forbids, in words; empty if that is nothing.

    Texts that cannot be compared, or have no statements, give nothing.
    """
    try:
        (_, was), (_, now) = decoded(before), decoded(after)
    except DecodeError:
        return ()
    if same_meaning(before, after):
        return ()
    pairs, removed, added = matched(was, now)
    kept = {form_without_sid(one) for one in now}
    removed = [one for one in removed if form_without_sid(one) not in kept]
    found = [
        f"denial {label(one.value)} removed" for one in removed if _effect(one.value) == "deny"
    ]
    for old, new in pairs:
        if isinstance(old.value, dict) and isinstance(new.value, dict):
            found += _looser(old.value, new.value)
    found += [f"{label(one.value)} added" for one in added if _effect(one.value) == "allow"]
    return tuple(found)


def _effect(statement: object) -> str:
    return str(statement.get("Effect")).casefold() if isinstance(statement, dict) else ""


def _looser(old: JsonStatement, new: JsonStatement) -> Iterator[str]:
    """What a statement no longer forbids."""
    if _effect(old) == "deny" != _effect(new):
        yield f"denial {label(old)} became {new.get('Effect')}"
    elif _effect(old) == "deny":
        yield from (f"denial {label(old)} {how}" for how in _narrower(old, new))
    elif _effect(old) == _effect(new) == "allow":
        yield from (f"{label(old)} allows more {word}" for word in _wider(old, new))


def _narrower(old: JsonStatement, new: JsonStatement) -> Iterator[str]:
    """How a denial applies to less than before."""
    for name, word in _NAMED.items():
        if _lost(old, new, name) or _lost(new, old, f"Not{name}"):
            yield f"names fewer {word}"
    if _more_conditions(_conditions(old), _conditions(new)):
        yield "holds under more conditions"


def _wider(old: JsonStatement, new: JsonStatement) -> Iterator[str]:
    """What a statement newly applies to."""
    for name, word in _NAMED.items():
        if _lost(new, old, name) or _lost(old, new, f"Not{name}"):
            yield word
    if _more_conditions(_conditions(new), _conditions(old)):
        yield "circumstances"


def _lost(old: JsonStatement, new: JsonStatement, name: str) -> bool:
    """Whether an element has a value that its new form does not cover.

    An element replaced by its opposite, `Action` by `NotAction`, cannot be compared and counts as
    lost.
    """
    if name not in old:
        return False
    if name not in new:
        return True
    patterns = _texts(new[name])
    return any(not any(_covers(p, value) for p in patterns) for value in _texts(old[name]))


def _texts(value: object) -> list[str]:
    """The values of an element in lower case, because case seldom matters."""
    if isinstance(value, dict):
        pairs = ((key, text) for key, inner in value.items() for text in _texts(inner))
        return [f"{key}:{text}".casefold() for key, text in pairs]
    values = value if isinstance(value, list) else [value]
    return [one.casefold() if isinstance(one, str) else json.dumps(one) for one in values]


def _covers(pattern: str, value: str) -> bool:
    """Whether a pattern with `*` and `?` covers a value, which can be a pattern itself."""
    return fnmatchcase(value, pattern.replace("[", "[[]"))


def _conditions(statement: JsonStatement) -> dict[tuple[str, str], list[str]]:
    """The values of each condition by operator and key."""
    found = statement.get("Condition")
    operators = found.items() if isinstance(found, dict) else ()
    return {
        (operator.casefold(), key.casefold()): _texts(values)
        for operator, keys in operators
        if isinstance(keys, dict)
        for key, values in keys.items()
    }


def _more_conditions(
    old: Mapping[tuple[str, str], list[str]], new: Mapping[tuple[str, str], list[str]]
) -> bool:
    """Whether something can meet the old conditions and not the new ones.

    All conditions must be met, each by one of its values, or if it is negated by none of them.
    """
    return any(
        condition not in old or _stricter(condition[0], old[condition], values)
        for condition, values in new.items()
    )


def _stricter(operator: str, old: list[str], new: list[str]) -> bool:
    """Whether a condition with new values is met by less than before."""
    plain = operator.removesuffix("ifexists")
    for prefix in _SETS:
        plain = plain.removeprefix(prefix)
    if "not" in plain:
        return any(value not in old for value in new)
    if plain.startswith(_LISTS):
        return any(value not in new for value in old)
    return sorted(old) != sorted(new)
