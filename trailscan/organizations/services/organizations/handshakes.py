"""Operations on handshakes: invitations and other agreements between accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.organizations.effects import with_values
from trailscan.organizations.fields import enum_at, text_at
from trailscan.organizations.operation import Case, Operation
from trailscan.organizations.services.organizations.membership import (
    accepted,
    accepting_account,
    answer_to_invitation,
    handshake_action,
    handshake_id,
    handshake_organization,
    of_caller,
)
from trailscan.organizations.severity import CIS_CONTROL
from trailscan.organizations.state import Handshake

if TYPE_CHECKING:
    from collections.abc import Callable

    from trailscan.events.event import Event
    from trailscan.organizations.context import SentenceContext
    from trailscan.organizations.operation import Effect
    from trailscan.organizations.state import Organization

_ACTION = "response.handshake.action"
_OURS = frozenset(
    {"enable all features", "approve all features", "add organizations service linked role"}
)
"""Handshakes that are between an organization and its own accounts."""


def _subject(event: Event) -> str | None:
    """The account that joins or leaves by accepting an invitation; of a transfer, the handshake."""
    action = enum_at(event, _ACTION)
    if action == "transfer responsibility":
        return handshake_id(event)
    return accepting_account(event) if action in {None, "invite"} else None


def handshake_effect(answer: str, *, by_organization: bool = False) -> Effect:
    """The effect of a call that leaves a handshake open, accepted, declined or canceled.

    Args:
        answer: the state of the handshake after it.
        by_organization: whether only the organization that began the handshake makes the call.
    """

    def effect(state: Organization, event: Event) -> Organization:
        ours = by_organization or enum_at(event, _ACTION) in _OURS
        if ours:
            state = of_caller(state, event, "response.handshake.arn")
        if answer == "accepted":
            state = accepted(state, event)
        return with_values(
            state,
            "handshakes",
            handshake_id(event),
            Handshake(),
            action=enum_at(event, _ACTION),
            state=answer,
            party=text_at(event, "request.target.id"),
            organization_id=handshake_organization(event, state),
        )

    return effect


def _answers(answer: str) -> Callable[[SentenceContext], bool]:
    return lambda call: answer_to_invitation(call.event, call.state) == answer


def _is_for(action: str) -> Callable[[SentenceContext], bool]:
    return lambda call: handshake_action(call.event, call.state) == action


def _takes_over(call: SentenceContext) -> bool:
    """Whether the transfer that is accepted was offered by an organization of ours."""
    inviting = handshake_organization(call.event, call.state)
    return _is_for("transfer responsibility")(call) and inviting in call.state.organizations


_PARTIES = ("handshake", "inviting", "party", "acceptor")
_ENDED = ("inviting", "party")

# fmt: off
_ACCEPTED = (
    Case("left", "the account is a member, and another organization invited it", _answers("left"),
        "critical",
        "Takes the account out of the organization without LeaveOrganization, so that no policy and no central log covers it any more.",
        done="{acceptor} accepted an invitation[ of {inviting}][ ({handshake})] and thereby left the organization",
        tried="leave the organization as {acceptor} by accepting an invitation[ of {inviting}][ ({handshake})]",
        target="acceptor", severity_of_attempt="critical"),
    Case("joined", "an account accepts the invitation of the organization", _answers("joined"),
        "medium", "Adds an account that was set up outside, with whatever and whoever is in it.",
        done="{acceptor} accepted the invitation[ of {inviting}][ ({handshake})] and thereby joined the organization",
        tried="join the organization as {acceptor} by accepting {handshake}", target="acceptor"),
    Case("joined_or_left", "an account accepts an invitation, and the log does not tell whether it was a member", _answers("unclear"),
        "high", "Takes an account into an organization, which is an exit if it was a member of another.",
        done="{acceptor} accepted an invitation[ of {inviting}][ ({handshake})]; the log does not tell whether it left an organization",
        tried="accept an invitation[ of {inviting}][ ({handshake})] as {acceptor}", target="acceptor"),
    Case("features_approved", "a member approves the change to all features", _is_for("enable all features"),
        "low", "Agrees that policies of the organization may restrict the account, which takes effect when all have agreed.",
        done="{acceptor} approved the change to all features[ ({handshake})]",
        tried="approve the change to all features[ ({handshake})] as {acceptor}"),
    Case("features_enabled", "the management account completes the change to all features", _is_for("approve all features"),
        "medium", "Makes all features of the organization work, so that policies can restrict every member account.",
        done="completed the change to all features[ ({handshake})]",
        tried="complete the change to all features[ ({handshake})]"),
    Case("role_accepted", "the service-linked role of Organizations is accepted", _is_for("add organizations service linked role"),
        "low", "Lets AWS Organizations create the role that it needs in the account.",
        done="{acceptor} agreed to the service-linked role of AWS Organizations[ ({handshake})]",
        tried="agree to the service-linked role of AWS Organizations[ ({handshake})] as {acceptor}"),
    Case("bills_taken_over", "a transfer is accepted that one of our organizations offered", _takes_over,
        "medium", "Makes our management account answer for the bills of another organization.",
        done="accepted that the management account of {inviting} takes over the bills of the organization of {acceptor}[ ({handshake})]",
        tried="accept a billing transfer[ to the management account of {inviting}][ ({handshake})]"),
    Case("bills_handed_over", "a billing transfer that another organization offered is accepted", _is_for("transfer responsibility"),
        "high", "Lets another organization's management account pay the bills, see what is used and set the prices that are shown.",
        done="accepted that the management account[ of {inviting}] takes over the bills of this organization[ ({handshake})]",
        tried="accept a billing transfer[ to the management account of {inviting}][ ({handshake})]"),
)

OPERATIONS = (
    Operation("InviteAccountToOrganization", "handshake", "invited",
        done="invited {invited} to the organization[ ({handshake})]", tried="invite {invited} to the organization",
        known_from="page", severity="medium", watched_by="Datadog", mitre=("T1666", "T1666.A001"), cis=CIS_CONTROL,
        reason="Asks a foreign account to join, which can be one that an attacker controls.",
        parties=("inviting",), effect=handshake_effect("open", by_organization=True)),
    Operation("AcceptHandshake", "handshake", "handshake",
        done="accepted {handshake}[ ({purpose})]", tried="accept {handshake}[ ({purpose})]",
        known_from="model", severity="high", watched_by="AWS CIRT", mitre=("T1666",), cis=CIS_CONTROL,
        reason="Agrees to an invitation: the account can thereby leave for another organization, or hand its organization's bills to someone else.",
        subject=_subject, parties=_PARTIES, effect=handshake_effect("accepted"), cases=_ACCEPTED),
    Operation("DeclineHandshake", "handshake", "handshake",
        done="declined {handshake}[ ({purpose})]", tried="decline {handshake}[ ({purpose})]",
        known_from="model", severity="low", watched_by="CIS", cis=CIS_CONTROL,
        reason="Refuses an invitation, so that everything stays as it was.",
        parties=_ENDED, effect=handshake_effect("declined")),
    Operation("CancelHandshake", "handshake", "handshake",
        done="canceled {handshake}[ ({purpose})]", tried="cancel {handshake}[ ({purpose})]",
        known_from="model", severity="low", watched_by="Prowler",
        reason="Takes back an invitation that nobody had answered yet.",
        parties=_ENDED, effect=handshake_effect("canceled", by_organization=True)),
    Operation("EnableAllFeatures", "organization", "organization",
        done="began to enable all features[ ({handshake})]", tried="enable all features",
        known_from="model", severity="medium", watched_by="streamalert",
        reason="Starts the change from shared bills to full control, in which policies can restrict every member account.",
        effect=handshake_effect("open", by_organization=True)),
)
