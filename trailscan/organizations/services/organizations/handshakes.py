"""Operations on handshakes: invitations and other agreements between accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.organizations.effects import with_values
from trailscan.organizations.fields import enum_at, text_at
from trailscan.organizations.operation import Operation
from trailscan.organizations.services.organizations.accounts import calling_account
from trailscan.organizations.severity import CIS_CONTROL
from trailscan.organizations.state import Handshake

if TYPE_CHECKING:
    from trailscan.events.event import Event
    from trailscan.organizations.operation import Effect
    from trailscan.organizations.state import Organization

_ACTION = "response.handshake.action"


def _accepted(event: Event) -> str | None:
    """The account that joins by accepting an invitation; of a transfer, the handshake."""
    action = enum_at(event, _ACTION)
    if action == "transfer responsibility":
        return text_at(event, "request.handshakeId", "response.handshake.id")
    return calling_account(event) if action in {None, "invite"} else None


def handshake_effect(answer: str) -> Effect:
    """The effect of a call that leaves a handshake open, accepted, declined or canceled."""

    def effect(state: Organization, event: Event) -> Organization:
        return with_values(
            state,
            "handshakes",
            text_at(event, "request.handshakeId", "response.handshake.id"),
            Handshake(),
            action=enum_at(event, _ACTION),
            state=answer,
            party=text_at(event, "request.target.id"),
        )

    return effect


# fmt: off
OPERATIONS = (
    Operation("InviteAccountToOrganization", "handshake", "invited",
        done="invited {invited} to the organization[ ({handshake})]", tried="invite {invited} to the organization",
        known_from="page", severity="medium", watched_by="Datadog", mitre=("T1535", "T1666", "T1666.A001"), cis=CIS_CONTROL,
        reason="Asks a foreign account to join, which can be one that an attacker controls.",
        effect=handshake_effect("open")),
    Operation("AcceptHandshake", "handshake", "handshake",
        done="accepted {handshake}[ ({purpose})]", tried="accept {handshake}[ ({purpose})]",
        known_from="model", severity="high", watched_by="AWS CIRT", mitre=("T1666",), cis=CIS_CONTROL,
        reason="Agrees to an invitation: the account can thereby leave for another organization, or hand its organization's bills to someone else.",
        subject=_accepted, effect=handshake_effect("accepted")),
    Operation("DeclineHandshake", "handshake", "handshake",
        done="declined {handshake}[ ({purpose})]", tried="decline {handshake}[ ({purpose})]",
        known_from="model", severity="low", watched_by="CIS", cis=CIS_CONTROL,
        reason="Refuses an invitation, so that everything stays as it was.",
        effect=handshake_effect("declined")),
    Operation("CancelHandshake", "handshake", "handshake",
        done="cancelled {handshake}[ ({purpose})]", tried="cancel {handshake}[ ({purpose})]",
        known_from="model", severity="low", watched_by="Prowler",
        reason="Takes back an invitation that nobody had answered yet.",
        effect=handshake_effect("canceled")),
    Operation("EnableAllFeatures", "organization", "organization",
        done="began to enable all features[ ({handshake})]", tried="enable all features",
        known_from="model", severity="medium", watched_by="streamalert",
        reason="Starts the change from shared bills to full control, in which policies can restrict every member account.",
        effect=handshake_effect("open")),
)
