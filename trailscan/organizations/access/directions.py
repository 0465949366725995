"""Whether a new text of a declarative or management policy enforces more or less than the old."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from trailscan.organizations.access.policy_json import read_policy
from trailscan.organizations.access.setting_rules import Direction, Operators, Rule, Unclear, Value
from trailscan.organizations.access.setting_table import POLICY_TYPES, PolicyType

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

Path = tuple[str, ...]

_OPERATORS = "@@operators_allowed_for_child_policies"
_VALUE_OPERATORS = {"@@assign": "assigned", "@@append": "appended", "@@remove": "removed"}
_MOST_SETTINGS = 10_000


@dataclass(frozen=True)
class SettingChange:
    """One setting that changed; `old` or `new` is None where the text does not have it.

    `direction` is `more` if the new text enforces less, `less` if it enforces more.
    """

    path: str
    old: str | None
    new: str | None
    direction: Direction

    def __str__(self) -> str:
        return f"{self.path}: {self.old or 'not set'} -> {self.new or 'not set'}"


@dataclass(frozen=True)
class Settings:
    """What the change of a text means: `more` if the new one enforces less, `less` if more.

    `reason` says what is not known, and is None if everything is.
    """

    kind: Literal["same", "less", "more", "both", "unknown"]
    changes: tuple[SettingChange, ...] = ()
    reason: str | None = None


@dataclass
class _Tree:
    """The settings of a text by their paths, and the paths of its containers."""

    values: dict[Path, Value] = field(default_factory=dict)
    containers: set[Path] = field(default_factory=set)

    def inside(self, part: Path) -> dict[Path, Value]:
        """The settings in a part, by their paths from there."""
        length = len(part)
        return {
            path[length:]: value for path, value in self.values.items() if path[:length] == part
        }


def compare_settings(policy_type: str, before_text: str, after_text: str) -> Settings:
    """Compare two texts of a declarative or management policy, setting by setting.

    Args:
        policy_type: The type as AWS Organizations names it, such as `TAG_POLICY`.
        before_text: The old text.
        after_text: The new text.
    """
    known = POLICY_TYPES.get(policy_type)
    if known is None:
        return Settings("unknown", reason=f"no direction is known for the type {policy_type}")
    try:
        before, after = (_tree_of(text, known) for text in (before_text, after_text))
        if known.default_of is not None:
            _fill_defaults(known.default_of, before, after)
            _fill_defaults(known.default_of, after, before)
    except ValueError as error:
        return Settings("unknown", reason=str(error))
    parts = _changed_parts(before, after, known)
    values = _changed_values(before, after, known, set(parts))
    return _summary((*filter(None, parts.values()), *values))


def _summary(changes: tuple[SettingChange, ...]) -> Settings:
    """The kind of some changes: a setting of unknown direction hides no loosening."""
    found = {change.direction for change in changes}
    unknown = [change.path for change in changes if change.direction == "unknown"]
    reason = f"the direction of {unknown[0]} is not known" if unknown else None
    if "more" in found:
        return Settings("both" if "less" in found else "more", changes, reason)
    if unknown:
        return Settings("unknown", changes, reason)
    return Settings("less" if "less" in found else "same", changes)


def _changed_parts(
    before: _Tree, after: _Tree, known: PolicyType
) -> dict[Path, SettingChange | None]:
    """The outermost parts that one text has and whose presence has a rule, with their changes.

    A part of unclear meaning is no change if one text has nothing of what is around it: then the
    other settings there decide.
    """
    found: dict[Path, SettingChange | None] = {}
    for path in sorted(before.containers ^ after.containers):
        rule = _rule_for(path, known.containers)
        if rule is None or _is_within(path, found):
            continue
        old, new = (
            Value(("present",)) if path in tree.containers else None for tree in (before, after)
        )
        alone = path[:1] not in before.containers & after.containers
        found[path] = None if alone and isinstance(rule, Unclear) else _change(path, old, new, rule)
    return found


def _changed_values(
    before: _Tree, after: _Tree, known: PolicyType, parts: set[Path]
) -> Iterator[SettingChange]:
    """The settings that differ, without those in parts that only one text has."""
    for path in sorted({*before.values, *after.values}):
        old, new = before.values.get(path), after.values.get(path)
        if old != new and not _is_within(path, parts):
            control = path[-1:] == (_OPERATORS,)
            rule = Operators() if control else _rule_for(path, known.settings)
            yield _change(path, old, new, rule)


def _is_within(path: Path, parts: Container[Path]) -> bool:
    """Whether a path is in one of some parts, or one itself."""
    return any(path[:length] in parts for length in range(1, len(path) + 1))


def _change(path: Path, old: Value | None, new: Value | None, rule: Rule | None) -> SettingChange:
    """One change, with the direction that its rule gives it."""
    return SettingChange(
        ".".join(path),
        None if old is None else str(old),
        None if new is None else str(new),
        (rule or Unclear()).direction(old, new),
    )


def _fill_defaults(part: Path, one: _Tree, other: _Tree) -> None:
    """Give members that only the other text has the settings of `default`, which hold for them."""
    length = len(part)
    defaults = one.inside((*part, "default"))
    members = [
        path
        for path in other.containers - one.containers
        if len(path) == length + 1 and path[:length] == part
    ]
    if len(defaults) * len(members) > _MOST_SETTINGS:
        raise ValueError(f"the policy has more than {_MOST_SETTINGS:,} settings")
    for member in members:
        one.values |= {member + path: value for path, value in defaults.items()}


def _rule_for(path: Path, rules: dict[str, Rule]) -> Rule | None:
    """The rule of a path; None if the table has none."""
    return next((rule for pattern, rule in rules.items() if _matches(path, _parts(pattern))), None)


@lru_cache
def _parts(pattern: str) -> Path:
    """The names of a pattern."""
    return tuple(pattern.split("."))


def _matches(path: Path, parts: Path) -> bool:
    """Whether names match: `*` any one, `**`, of which a pattern has at most one, any number."""
    if "**" in parts:
        at = parts.index("**")
        behind = len(parts) - at - 1
        if len(path) < at + behind:
            return False
        path, parts = path[:at] + path[len(path) - behind :], parts[:at] + parts[at + 1 :]
    return len(path) == len(parts) and all(
        part in {"*", name} for name, part in zip(path, parts, strict=True)
    )


def _tree_of(text: str, known: PolicyType) -> _Tree:
    """Read the settings of a text.

    Raises:
        ValueError: It is no policy of the type, or has too many settings.
    """
    policy = read_policy(text)
    found: Any = policy
    if known.root is not None:
        others = sorted(set(policy) - {known.root})
        if others:
            raise ValueError(f"the direction of {others[0]} is not known")
        found = policy.get(known.root, {})
    tree = _Tree()
    _walk((), found, tree)
    return tree


def _walk(path: Path, found: Any, tree: _Tree) -> None:
    """Collect the settings below a path."""
    if len(tree.values) + len(tree.containers) > _MOST_SETTINGS:
        raise ValueError(f"the policy has more than {_MOST_SETTINGS:,} settings")
    if not isinstance(found, dict):
        tree.values[path] = Value(assigned=_texts(found))
        return
    tree.containers.add(path)
    operators = {
        _VALUE_OPERATORS[name]: _texts(value)
        for name, value in found.items()
        if name in _VALUE_OPERATORS
    }
    if operators:
        tree.values[path] = Value(**operators)
    for name, value in found.items():
        if name == _OPERATORS:
            tree.values[(*path, name)] = Value(assigned=_texts(value))
        elif name not in _VALUE_OPERATORS:
            _walk((*path, name), value, tree)


def _texts(found: Any) -> tuple[str, ...]:
    """One value or a list of values as texts."""
    listed: Iterable[Any] = found if isinstance(found, list) else [found]
    return tuple(each if isinstance(each, str) else str(each).lower() for each in listed)
