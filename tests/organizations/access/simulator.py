"""Decides one request under policies, from the IAM user guide alone.

Written by somebody who had not read the package, and shares nothing with it: neither the decision
nor the evaluator that confirms its witnesses. What it reads are JSON values, not texts.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
import re
from datetime import UTC, datetime


class UnresolvedError(Exception):
    """A variable has no value, so that its statement is invalid."""


NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
ORDER = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
WITHOUT_VARIABLES = ("Bool", "BinaryEquals", "IpAddress", "Numeric", "Date")
FORMATS = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d")


def listed(value):
    """A value as a list."""
    return value if isinstance(value, list) else [value]


def tokens_of(text, context, variables):
    """The characters of a value, each with whether it is a wildcard."""
    tokens, at = [], 0
    while at < len(text):
        end = text.find("}", at)
        if variables and text.startswith("${", at) and end > 0:
            tokens += [(char, False) for char in resolved(text[at + 2 : end], context)]
            at = end + 1
        else:
            tokens.append((text[at], text[at] in "*?"))
            at += 1
    return tokens


def resolved(name, context):
    """What stands for a variable."""
    if name in {"*", "?", "$"}:
        return name
    with_default = re.fullmatch(r"([^,]*),\s*'([^']*)'\s*", name)
    name, default = with_default.groups() if with_default else (name, None)
    value = context.get(name.strip().lower(), default)
    if value is None or isinstance(value, list):
        raise UnresolvedError(name)
    return value


def matches(tokens, text, *, fold=False):
    """Whether tokens stand for a text."""
    signs = {"*": ".*", "?": "."}
    expression = "".join(signs[char] if wild else re.escape(char) for char, wild in tokens)
    return re.fullmatch(expression, text, re.DOTALL | (re.IGNORECASE if fold else 0)) is not None


def literal(tokens):
    """The text of tokens, whose wildcards are plain characters."""
    return "".join(char for char, _ in tokens)


def arn_matches(tokens, text):
    """Whether an ARN matches, part by part; a lone wildcard matches everything."""
    if tokens == [("*", True)]:
        return True
    parts = [[]]
    for token in tokens:
        if token == (":", False) and len(parts) < 6:
            parts.append([])
        else:
            parts[-1].append(token)
    found = text.split(":", 5)
    return len(parts) == 6 == len(found) and all(map(matches, parts, found))


def number(text):
    """The number that a text is."""
    try:
        return float(text)
    except ValueError:
        return None


def instant(text):
    """The seconds since 1970 that a text is."""
    if re.fullmatch(r"\d{5,}", text):
        return float(text)
    for form in FORMATS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).timestamp()
        except ValueError:
            pass
    return None


def in_order(read, name, value, wanted):
    """Whether two values that can be read are in an order."""
    one, other = read(value), read(wanted)
    return one is not None and other is not None and ORDER[name](one, other)


def same_bytes(value, wanted):
    """Whether two texts in base64 are the same bytes."""
    try:
        return base64.b64decode(value, validate=True) == base64.b64decode(wanted, validate=True)
    except binascii.Error:
        return False


def in_network(value, wanted):
    """Whether an address is in a block."""
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


def compares(name, value, wanted, context, variables):
    """Whether a value of the request is what an operator, that is not negated, wants."""
    wanted = str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
    for family, read in (("Numeric", number), ("Date", instant)):
        if name.startswith(family):
            return in_order(read, name.removeprefix(family), value, wanted)
    plain = {
        "Bool": lambda: value.lower() == wanted.lower(),
        "BinaryEquals": lambda: same_bytes(value, wanted),
        "IpAddress": lambda: in_network(value, wanted),
    }
    if name in plain:
        return plain[name]()
    tokens = tokens_of(wanted, context, variables)
    return {
        "StringEquals": lambda: literal(tokens) == value,
        "StringEqualsIgnoreCase": lambda: literal(tokens).lower() == value.lower(),
        "StringLike": lambda: matches(tokens, value),
        "ArnEquals": lambda: arn_matches(tokens, value),
        "ArnLike": lambda: arn_matches(tokens, value),
    }[name]()


def holds(name, key, wanted, context, variables):
    """Whether a condition holds."""
    quantifier, _, name = name.rpartition(":")
    if_exists, name = name.endswith("IfExists"), name.removesuffix("IfExists")
    value = context.get(key.lower())
    if name == "Null":
        return any((str(one).lower() == "true") == (value is None) for one in wanted)
    if if_exists and value is None:
        return True
    negated, name = name in NEGATED, NEGATED.get(name, name)
    if not name.startswith(WITHOUT_VARIABLES):
        try:
            for one in wanted:
                tokens_of(str(one), context, variables)
        except UnresolvedError:
            if if_exists:
                return True
            raise

    def hits(text):
        return any(compares(name, text, one, context, variables) for one in wanted)

    if not quantifier:
        return negated if value is None else any(map(hits, listed(value))) != negated
    each = [hits(text) != negated for text in listed(value or []) if text]
    return all(each) if quantifier == "ForAllValues" else any(each)


def names_resource(patterns, resource, context, variables):
    """Whether one of some patterns names a resource."""
    tokens = [tokens_of(one, context, variables) for one in listed(patterns)]
    return any(matches(one, resource) for one in tokens)


def names_principal(wanted, principal):
    """Whether a Principal element names somebody: by ARN, by account, or everybody."""
    names = [wanted] if isinstance(wanted, str) else [x for v in wanted.values() for x in listed(v)]
    account = principal.split(":")[4]
    return bool({"*", principal, account, f"arn:aws:iam::{account}:root"}.intersection(names))


def applies(statement, request, variables):
    """Whether a statement is about a request."""
    context = {key.lower(): value for key, value in request["context"].items()}
    context["aws:principalarn"] = request["principal"]

    def acts(patterns):
        return any(
            matches(tokens_of(one, {}, variables=False), request["action"], fold=True)
            for one in listed(patterns)
        )

    def named(patterns):
        return names_resource(patterns, request["resource"], context, variables)

    return (
        names_principal(statement.get("Principal", "*"), request["principal"])
        and ("Action" not in statement or acts(statement["Action"]))
        and ("NotAction" not in statement or not acts(statement["NotAction"]))
        and ("Resource" not in statement or named(statement["Resource"]))
        and ("NotResource" not in statement or not named(statement["NotResource"]))
        and all(
            holds(name, key, listed(wanted), context, variables)
            for name, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def effects(policies, request):
    """The effects of all statements of one level that are about a request."""
    for policy in policies:
        variables = policy.get("Version") == "2012-10-17"
        for statement in listed(policy["Statement"]):
            try:
                if applies(statement, request, variables):
                    yield statement["Effect"]
            except UnresolvedError:
                pass


def allowed(levels, request):
    """Whether a request is allowed: at every level, and denied at none; or nothing binds it."""
    principal = request["principal"]
    if re.match(r"arn:[^:]*:(iam|sts)::\d*:(role/aws-service-role/|assumed-role/AWSServiceRoleFor)",
                principal):  # fmt: skip
        return True
    return all(set(effects(level, request)) == {"Allow"} for level in levels)
