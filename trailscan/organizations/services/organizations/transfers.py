"""Operations on transfers of responsibility: one organization pays the bills of another."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from trailscan.organizations.effects import with_values
from trailscan.organizations.fields import text_at
from trailscan.organizations.operation import BeforeAndAfter, Case, Cause, Operation
from trailscan.organizations.services.organizations.handshakes import handshake_effect
from trailscan.organizations.services.organizations.roles import ROLES
from trailscan.organizations.state import Transfer

if TYPE_CHECKING:
    from trailscan.events.event import Event
    from trailscan.organizations.context import SentenceContext
    from trailscan.organizations.operation import Effect
    from trailscan.organizations.state import Organization

_LONGEST_NOTICE = timedelta(days=366)


def _effect(status: str | None = None) -> Effect:
    """The effect of a call that gives a transfer another status, or none."""

    def effect(state: Organization, event: Event) -> Organization:
        return with_values(
            state,
            "transfers",
            _transfer_id(event),
            Transfer(),
            name=text_at(event, "request.name", "response.responsibilityTransfer.name"),
            status=status,
            payer=_management_account(event, "target"),
            payee=_management_account(event, "source"),
        )

    return effect


def _transfer_id(event: Event) -> str | None:
    return text_at(event, *ROLES["transfer"].paths)


def _management_account(event: Event, end: str) -> str | None:
    """The account at one end of a transfer."""
    above = ("response.responsibilityTransfer", "details", "details.*")
    return text_at(event, *(f"{one}.{end}.managementAccountId" for one in above))


def _is_paid_by_us(call: SentenceContext) -> bool:
    """Whether the account in whose trail an event is pays the bills."""
    known: Transfer = call.state.transfers.get(_transfer_id(call.event) or "", Transfer())
    payer = _management_account(call.event, "target") or known.payer
    return payer is not None and payer == call.event.recipient_account_id


def _names(call: SentenceContext) -> BeforeAndAfter:
    return call.resource("transfer").name, text_at(call.event, "request.name")


def _requested(event: Event) -> str | None:
    return text_at(event, "request.id")


def _cause_of_acceptance(event: Event) -> Cause:
    handshake = text_at(event, "details.activeHandshakeId", "details.*.activeHandshakeId")
    return Cause(("AcceptHandshake",), handshake)


def _cause_of_end(event: Event) -> Cause:
    transfer = text_at(event, "details.id", "details.*.id")
    return Cause(("TerminateResponsibilityTransfer",), transfer, _LONGEST_NOTICE)


_ENDS = ("payer", "payee")

# fmt: off
OPERATIONS = (
    Operation("InviteOrganizationToTransferResponsibility", "responsibility_transfer", "invited",
        done="offered to take over the bills of the organization of {invited}[ from {start}][ ({handshake})]",
        tried="offer to take over the bills of the organization of {invited}[ from {start}]",
        known_from="model", severity="medium",
        reason="Offers to take over the bills of another organization, which only begins when that one agrees.",
        parties=("inviting",), effect=handshake_effect("open", by_organization=True)),
    Operation("UpdateResponsibilityTransfer", "responsibility_transfer", "transfer",
        done="renamed {transfer}[ to {name}]", tried="rename {transfer}[ to {name}]",
        known_from="model", severity="low",
        reason="Renames an agreement between two management accounts, whose terms stay the same.",
        parties=_ENDS, effect=_effect(), before_and_after=_names),
    Operation("TerminateResponsibilityTransfer", "responsibility_transfer", "transfer",
        done="terminated {transfer}[ as of {end}][ ({transfer_parties})]", tried="terminate {transfer}[ as of {end}]",
        known_from="model", severity="medium",
        reason="Ends an agreement by which one management account answers for another organization's bills.",
        subject=_requested, parties=_ENDS, effect=_effect("ending")),
    Operation("ResponsibilityTransferAccepted", "responsibility_transfer", "transfer",
        done="{transfer} was accepted[: {transfer_parties}][ from {start}]", tried="accept {transfer}",
        known_from="text", severity="high", severity_of_attempt="high",
        reason="Tells that one management account now answers for the bills of another organization.",
        service_event=True, cause=_cause_of_acceptance, parties=_ENDS, effect=_effect("accepted"), cases=(
            Case("bills_taken_over", "the organization pays the bills of another one", _is_paid_by_us, "medium",
                "Tells that the management account now pays the bills of another organization."),
        )),
    Operation("ResponsibilityTransferTerminated", "responsibility_transfer", "transfer",
        done="{transfer} ended[ ({transfer_parties})]", tried="end {transfer}",
        known_from="text", severity="medium", severity_of_attempt="medium",
        reason="Tells that one management account no longer answers for the bills of another organization.",
        service_event=True, cause=_cause_of_end, parties=_ENDS, effect=_effect("terminated")),
)
