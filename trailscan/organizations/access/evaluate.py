"""Whether one request is allowed under policies: the check of every witness.

Written straight from AWS's user guides, for auditors to read beside them; shares no code with the
decision that finds the witnesses. The pages, by the end of their address:
`reference_policies_evaluation-logic`, `reference_policies_elements_condition_operators`,
`reference_policies_condition-single-vs-multi-valued-context-keys`, `reference_policies_variables`,
`reference_policies_elements_resource`, `orgs_manage_policies_scps_evaluation` and `…_rcps_syntax`.
Policies written by strangers are read here: every step takes time in proportion to the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from trailscan.organizations.access.comparisons import (
    OPERATORS,
    Context,
    Pattern,
    UnresolvedError,
    matches_pattern,
    read_pattern,
)
from trailscan.organizations.access.policy_json import read_policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Kind = Literal["scp", "rcp"]
Texts = tuple[str, ...]

_SHORT = 2_000
_MOST_READ = 4_096
_VERSIONS = ("2008-10-17", "2012-10-17")
_QUANTIFIERS = {"": "", "foranyvalue:": "ForAnyValue", "forallvalues:": "ForAllValues"}
_COMPARING = {name.lower() for name in OPERATORS}
_OPERATORS = {name.lower(): name for name in (*OPERATORS, "Null")}
_SERVICE_LINKED = {
    "iam": "role/aws-service-role/",
    "sts": "assumed-role/AWSServiceRoleFor",
}
"""How the names of service-linked roles and of their sessions begin, by the service of the ARN."""
_POLICY_ELEMENTS = {"Version", "Id", "Statement"}
_STATEMENT_ELEMENTS = {
    *("Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition")
}


class _Asked(NamedTuple):
    """A request as it is compared: with every context key that is present, in lower case."""

    principal: str
    action: str
    resource: str
    context: tuple[tuple[str, Texts], ...]


@dataclass(frozen=True)
class Request:
    """A request: who asks to do what to which resource, and the context keys that are present.

    A context key has one value, or a list of values where AWS calls it multivalued. A key that is
    not in `context` is absent, except `aws:PrincipalArn`, which is the principal.
    """

    principal: str
    action: str
    resource: str
    context: Mapping[str, str | Sequence[str]]


class _Condition(msgspec.Struct, frozen=True, gc=False):
    """One operator, one key and the values of the policy."""

    quantifier: str
    operator: str
    if_exists: bool
    key: str
    values: Texts


class _Statement(msgspec.Struct, frozen=True, gc=False):
    """A statement as its policy has it; `negated` names the elements written as Not…."""

    allows: bool
    variables: bool
    principals: Texts | None
    actions: tuple[Pattern, ...]
    resources: Texts
    negated: frozenset[str]
    conditions: tuple[_Condition, ...]


def evaluate(
    levels: Sequence[Sequence[str]], request: Request, kind: Kind
) -> Literal["allowed", "denied"]:
    """Decide one request: allowed if every level has an Allow for it and no level a Deny.

    Neither SCPs nor RCPs restrict service-linked roles.

    Args:
        levels: The policy texts attached to the root, to each OU on the path and to the account.
        request: The request.
        kind: Whether the texts are SCPs or RCPs.

    Raises:
        ValueError: A text is not a valid policy.
    """
    context = tuple(sorted(_context_of(request).items()))
    asked = _Asked(request.principal, request.action, request.resource, context)
    effects = [
        frozenset[bool]().union(*(_effects(text, kind, asked) for text in level))
        for level in levels
    ]
    if _is_service_linked(request.principal):
        return "allowed"
    return "allowed" if all(effect == {True} for effect in effects) else "denied"


@lru_cache(maxsize=512)
def _effects(text: str, kind: Kind, asked: _Asked) -> frozenset[bool]:
    """Whether a policy allows a request (True), denies it (False), both or neither."""
    context = dict(asked.context)
    return frozenset(
        each.allows for each in _statements(text, kind) if _applies(each, asked, context)
    )


def _is_service_linked(principal: str) -> bool:
    """Whether an ARN is that of a service-linked role or of a session of one."""
    parts = principal.split(":", 5)
    if len(parts) < 6:  # noqa: PLR2004 -- the parts of an ARN
        return False
    beginning = _SERVICE_LINKED.get(parts[2])
    return beginning is not None and parts[5].startswith(beginning)


def _context_of(request: Request) -> Context:
    """Every context key in lower case with its values; a key without values is absent."""
    values = {
        key.lower(): (value,) if isinstance(value, str) else tuple(value)
        for key, value in request.context.items()
    }
    if request.principal.startswith("arn:"):
        values["aws:principalarn"] = (request.principal,)
    return {key: value for key, value in values.items() if value}


def _applies(statement: _Statement, asked: _Asked, context: Context) -> bool:
    """Whether every element of a statement matches.

    A policy variable that cannot be resolved makes the statement invalid: it does not apply
    (`reference_policies_variables`: "any attempt to match it fails and causes the statement to be
    invalid").
    """
    try:
        return (
            _principal_matches(statement.principals, asked.principal)
            and _action_matches(statement, asked.action)
            and _resource_matches(statement, asked.resource, context)
            and all(_holds(each, context, statement.variables) for each in statement.conditions)
        )
    except UnresolvedError:
        return False


def _principal_matches(principals: Texts | None, principal: str) -> bool:
    """Whether a Principal element names a principal: anybody, its account, or itself."""
    if principals is None:
        return True
    parts = principal.split(":")
    account = parts[4] if len(parts) > 4 else ""  # noqa: PLR2004 -- the fifth part of an ARN
    names = {"*", principal}
    if account:
        names |= {account, f"{':'.join(parts[:2])}:iam::{account}:root"}
    return not names.isdisjoint(principals)


def _action_matches(statement: _Statement, action: str) -> bool:
    """Whether Action matches, or NotAction does not; the case of letters does not count."""
    lower = action.lower()
    found = any(matches_pattern(pattern, lower) for pattern in statement.actions)
    return found != ("Action" in statement.negated)


def _resource_matches(statement: _Statement, resource: str, context: Context) -> bool:
    """Whether Resource matches, or NotResource does not; the case of letters counts."""
    patterns = [
        read_pattern(text, context, variables=statement.variables) for text in statement.resources
    ]
    found = any(matches_pattern(pattern, resource) for pattern in patterns)
    return found != ("Resource" in statement.negated)


def _holds(condition: _Condition, context: Context, variables: bool) -> bool:  # noqa: FBT001 -- a fact of the policy, passed through
    """Whether a condition holds for the values that its key has in the request.

    For set operators the empty text is no value: it is a null data set
    (`reference_policies_condition-single-vs-multi-valued-context-keys`).
    """
    present = context.get(condition.key, ())
    if condition.operator == "Null":
        return ("false" if present else "true") in {value.lower() for value in condition.values}
    if not present and condition.if_exists:
        return True
    operator = OPERATORS[condition.operator]
    try:
        wanted = [operator.read(text, context, variables) for text in condition.values]
    except UnresolvedError:
        if condition.if_exists:
            return True
        raise
    given = [value for value in present if value or not condition.quantifier]
    matching = [any(operator.matches(each, value) for each in wanted) for value in given]
    if condition.quantifier == "ForAllValues":
        return all(found != operator.negated for found in matching)
    if condition.quantifier == "ForAnyValue":
        return any(found != operator.negated for found in matching)
    return any(matching) != operator.negated


@lru_cache(maxsize=128)
def _statements(text: str, kind: Kind) -> tuple[_Statement, ...]:
    """Read a policy, or raise a ValueError that says what is wrong with it."""
    policy = read_policy(text)
    _require(set(policy) <= _POLICY_ELEMENTS, "not a policy document")
    version = policy.get("Version", "2008-10-17")
    _require(version in _VERSIONS, "Version is neither 2008-10-17 nor 2012-10-17")
    statements = policy.get("Statement")
    listed = statements if isinstance(statements, list) else [statements]
    _require(bool(listed), "Statement is empty")
    return tuple(_recurring(each, kind, version == "2012-10-17") for each in listed)


def _require(condition: bool, otherwise: str) -> None:  # noqa: FBT001 -- reads as an assertion
    """Raise a ValueError unless a condition holds."""
    if not condition:
        raise ValueError(otherwise)


_read: dict[tuple[str, Kind, bool], _Statement] = {}


def _recurring(found: Any, kind: Kind, variables: bool) -> _Statement:  # noqa: FBT001 -- a fact of the policy, passed through
    """Read one statement; short ones recur in the versions of a policy and are read once."""
    key = repr(found), kind, variables
    if key in _read:
        return _read[key]
    statement = _statement(found, kind, variables)
    if len(key[0]) <= _SHORT:
        if len(_read) >= _MOST_READ:
            _read.clear()
        _read[key] = statement
    return statement


def _statement(found: Any, kind: Kind, variables: bool) -> _Statement:  # noqa: FBT001 -- a fact of the policy, passed through
    """Read one statement."""
    _require(isinstance(found, dict) and set(found) <= _STATEMENT_ELEMENTS, "not a statement")
    _require(found.get("Effect") in ("Allow", "Deny"), "Effect is neither Allow nor Deny")
    _require(("Principal" in found) == (kind == "rcp"), "only an RCP has, and needs, a Principal")
    return _Statement(
        allows=found["Effect"] == "Allow",
        variables=variables,
        principals=_principals(found["Principal"]) if kind == "rcp" else None,
        actions=tuple(
            read_pattern(text.lower(), {}, variables=False) for text in _element(found, "Action")
        ),
        resources=_element(found, "Resource"),
        negated=frozenset(name for name in ("Action", "Resource") if f"Not{name}" in found),
        conditions=tuple(_conditions(found.get("Condition", {}))),
    )


def _principals(found: Any) -> Texts:
    """Read the names in a Principal element, whatever kind of principal they are."""
    if isinstance(found, dict):
        _require(
            set(found) <= {"AWS", "Service", "Federated", "CanonicalUser"}, "unknown principal"
        )
        return tuple(name for names in found.values() for name in _texts(names))
    return _texts(found)


def _element(statement: dict[str, Any], name: str) -> Texts:
    """Read an element that is written either as itself or as its Not… form."""
    forms = {name, f"Not{name}"} & set(statement)
    _require(len(forms) == 1, f"a statement needs either {name} or Not{name}")
    return _texts(statement[forms.pop()])


def _texts(found: Any) -> Texts:
    """Read one value or a list of values; numbers and booleans stand for their JSON text."""
    listed = found if isinstance(found, list) else [found]
    spelled = [str(each).lower() if isinstance(each, bool) else each for each in listed]
    _require(all(isinstance(each, str) for each in spelled), "a value is not a text")
    return tuple(spelled)


def _conditions(found: Any) -> Iterable[_Condition]:
    """Read every operator, key and list of values of a Condition element.

    The case of operators does not count: AWS's own examples have `ForAnyValue:Stringlike`.
    """
    _require(isinstance(found, dict), "Condition is not an object")
    for written, keys in found.items():
        prefix, colon, rest = written.lower().rpartition(":")
        plain = rest.removesuffix("ifexists")
        operator = _OPERATORS.get(plain, "")
        quantifier = _QUANTIFIERS.get(prefix + colon)
        known = written.lower() == "null" or (plain in _COMPARING and quantifier is not None)
        _require(known, f"unknown operator {written}")
        _require(isinstance(keys, dict), f"{written} is not an object")
        for key, values in keys.items():
            yield _Condition(quantifier or "", operator, plain != rest, key.lower(), _texts(values))
