"""The result of trying one permission."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from trailscan.aws.tries import Tried
from trailscan.errors import AccessError

if TYPE_CHECKING:
    from trailscan.doctor.permissions import Need
    from trailscan.errors import TrailscanError

Status = Literal["ok", "missing", "failed", "not tried"]


class Check(NamedTuple):
    """One permission and the result of trying it.

    Attributes:
        status: `missing` is a permission to allow; `failed` is anything else that went wrong.
        action: of IAM.
        resource: the ARNs to allow it on.
        needed_by: what does not work without it.
        optional: everything else works without it.
        detail: what was observed, or why it was not tried.
    """

    status: Status
    action: str
    resource: str
    needed_by: str
    optional: bool
    detail: str

    @classmethod
    def of(cls, need: Need, status: Status, action: str, detail: str = "") -> Check:
        """A permission that works, is broken although it seems allowed, or was not tried."""
        resource = " ".join(need.resources)
        return cls(status, action, resource, need.needed_by, need.optional, detail)


def tried(need: Need, action: str, outcome: Tried | TrailscanError | None, seen: str = "") -> Check:
    """What a call, or the error of a bucket or its absence, says about a permission."""
    if outcome is None or (isinstance(outcome, Tried) and outcome.succeeded):
        return Check.of(need, "ok", action, seen)
    if isinstance(outcome, Tried):
        denied, said = outcome.denied, f"{outcome.code}: {outcome.message}"
    else:
        denied, said = isinstance(outcome, AccessError), outcome.line
    return Check.of(need, "missing" if denied else "failed", action, said)
