"""The result of trying one permission."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from trailscan.errors import AccessError, TrailscanError

if TYPE_CHECKING:
    from trailscan.aws.tries import Tried
    from trailscan.doctor.permissions import Need

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


def _check(status: Status, need: Need, action: str, detail: str) -> Check:
    return Check(status, action, " ".join(need.resources), need.needed_by, need.optional, detail)


def fine(need: Need, action: str, detail: str = "") -> Check:
    """The permission works."""
    return _check("ok", need, action, detail)


def broken(need: Need, action: str, detail: str) -> Check:
    """The call seems allowed but fails."""
    return _check("failed", need, action, detail)


def not_tried(need: Need, action: str, why: str) -> Check:
    """The permission was not tried."""
    return _check("not tried", need, action, why)


def tried(need: Need, action: str, outcome: Tried, seen: str = "") -> Check:
    """What the outcome of a call says about its permission."""
    if outcome.succeeded:
        return fine(need, action, seen)
    said = f"{outcome.code}: {outcome.message}"
    return _check("missing" if outcome.denied else "failed", need, action, said)


def outcome_of(need: Need, action: str, error: TrailscanError | None, seen: str = "") -> Check:
    """What an error of a bucket, or its absence, says about a permission."""
    if error is None:
        return fine(need, action, seen)
    denied = isinstance(error, AccessError)
    return _check("missing" if denied else "failed", need, action, error.line)
