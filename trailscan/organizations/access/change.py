"""What a change of policies means, as a value."""

from __future__ import annotations

from typing import Literal

import msgspec

Answer = Literal["same", "less", "more", "both", "unknown"]
Verdict = Literal["allowed", "denied"]


_PERMITS = "no longer denied", "newly denied"
_ENFORCES = "enforces less", "enforces more"


class Witness(msgspec.Struct, frozen=True):
    """A request that is decided otherwise after a change.

    Attributes:
        principal: the ARN of who asks; it is the condition key aws:PrincipalArn too.
        action: what for.
        resource: on what: an ARN, or `*` for an action that has no resource.
        context: condition keys and their values; every other key is absent.
        before: what the policies said.
        after: what they say.
    """

    principal: str
    action: str
    resource: str
    context: dict[str, str | list[str]]
    before: Verdict
    after: Verdict


class AccessChange(msgspec.Struct, frozen=True):
    """What accounts may do after a change, compared with before.

    Attributes:
        kind: `more`: something was denied and is allowed; `less`: the reverse; `both`; `same`; or
            `unknown`.
        witnesses: a request for each direction, `more` before `less`.
        reason: why it is unknown; empty otherwise.
        opened: what is no longer denied, in words, the widest first.
        closed: what is newly denied, in words.
        note: how texts of the same meaning differ.
        enforces: whether the policies permit nothing, and `more` means that they enforce less.
    """

    kind: Answer
    witnesses: tuple[Witness, ...] = ()
    reason: str = ""
    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    note: str = ""
    enforces: bool = False


def words(change: AccessChange) -> str:
    """What a change means, in one line; values are as the policies have them, not escaped."""
    if change.kind == "unknown":
        return f"it is not known what this permits: {change.reason}"
    if change.kind == "same":
        return f"same meaning ({change.note})" if change.note else "same meaning"
    opened, closed = "; ".join(change.opened), "; ".join(change.closed)
    less, more = _ENFORCES if change.enforces else _PERMITS
    parts = (f"{less}: {opened}" if opened else "", f"{more}: {closed}" if closed else "")
    return "; ".join(part for part in parts if part)
