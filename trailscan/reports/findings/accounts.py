"""Rules about accounts that come, move and go."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from trailscan.organizations.fields import text_at
from trailscan.organizations.services.organizations.accounts import (
    departure_method,
    joining_method,
)
from trailscan.reports.findings.history import Hit, in_words, when
from trailscan.reports.findings.rule import (
    AWS_CIRT,
    DF00TECH,
    ELASTIC,
    SURVIVAL_KIT,
    Rule,
    each,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trailscan.organizations.changes import Change
    from trailscan.reports.findings.history import History

EXPLAINED = timedelta(days=120)
"""How long before a departure the call that caused it can lie: closed accounts stay 90 days."""


def departed_unexplained(history: History) -> Iterator[Hit]:
    """Departures of accounts without the call that made them depart."""
    exits = ("LeaveOrganization", "RemoveAccountFromOrganization", "AcceptHandshake")
    closings = ("CloseAccount", "CloseAccountResult")
    causes = list(history.of(*exits, *closings, "DeleteOrganization"))
    for change in history.of("AccountDepartedOrganization"):
        if not any(_explains(cause, change) for cause in causes):
            how = departure_method(change.event)
            account = f"account {change.target_id or 'unknown'}"
            yield Hit(
                (change,),
                f"{account} departed{f' ({how})' if how else ''}, and no call in the log says why",
                "medium" if how == "cleaned" else None,
            )


def left_by_invitation(history: History) -> Iterator[Hit]:
    """Accounts that left by accepting the invitation of another organization.

    What the acceptance alone does not tell, the departure that followed it does.
    """
    caused = {
        event_id: change
        for change in history.of("AccountDepartedOrganization")
        for event_id in change.related_event_ids
    }
    for change in history.of("AcceptHandshake"):
        departure = caused.get(change.event.event_id)
        if change.case == "left" or (change.case == "joined_or_left" and departure):
            yield Hit((change, departure) if departure else (change,), in_words(change))


def _explains(cause: Change, departure: Change) -> bool:
    """Whether a call can have made an account depart."""
    if cause.action == "AcceptHandshake" and cause.case not in ("left", "joined_or_left"):
        return False
    about = cause.target_id
    if cause.action == "DeleteOrganization":
        about = cause.event.recipient_account_id
    before = when(departure) - when(cause)
    return about == departure.target_id and timedelta(0) <= before <= EXPLAINED


def joined_from_outside(history: History) -> Iterator[Hit]:
    """Invited accounts that came, told by their acceptance or by AWS's own event."""
    left = {one for hit in left_by_invitation(history) for one in map(id, hit.changes)}
    accepted = [
        change
        for change in history.of("AcceptHandshake")
        if change.case in ("joined", "joined_or_left") and id(change) not in left
    ]
    for change in accepted:
        yield Hit((change,), in_words(change))
    came = {change.target_id for change in accepted}
    for change in history.of("AccountJoinedOrganization"):
        how = joining_method(change.event)
        own = change.event.recipient_account_id  # the management account is invited by itself
        if how == "invited" and change.target_id not in {own, *came}:
            yield Hit((change,), f"account {change.target_id} joined by invitation")


def into_root(change: Change) -> bool:
    """Whether an account was moved out of all OUs."""
    return (text_at(change.event, "request.destinationParentId") or "").startswith("r-")


def out_of_reach(change: Change) -> bool:
    """Whether an account was moved to an OU where less is denied."""
    return change.case == "out_of_reach" and not into_root(change)


ACCOUNTS = (
    Rule(
        id="account-left",
        title="An account left the organization",
        severity="critical",
        fires="LeaveOrganization succeeded",
        why=(
            "Guardrails, central logging and central security services no longer hold for it. It "
            "is how a stolen account is taken out of sight."
        ),
        false_positives="A sale or a migration to another organization, announced beforehand.",
        events=("LeaveOrganization",),
        find=each("LeaveOrganization"),
        references=(
            f"{ELASTIC} defense_evasion_organizations_leave_organization",
            "Stratus Red Team aws.defense-evasion.organizations-leave",
            AWS_CIRT,
        ),
    ),
    Rule(
        id="account-left-by-invitation",
        title="An account left by accepting another organization's invitation",
        severity="critical",
        fires=(
            "AcceptHandshake by a member account of an invitation of another organization than "
            "ours, or an acceptance that AccountDepartedOrganization followed"
        ),
        why=(
            "The account is out without LeaveOrganization: another organization governs it now, "
            "and no guardrail or central log of ours covers it."
        ),
        false_positives="A sale or a migration to another organization, announced beforehand.",
        events=("AcceptHandshake",),
        find=left_by_invitation,
        adds=("T1666.A002",),
        references=(AWS_CIRT,),
    ),
    Rule(
        id="account-tried-to-leave",
        title="An account tried to leave the organization",
        severity="critical",
        fires="LeaveOrganization was denied or failed",
        why="A blocked try is as strong a sign as a successful one: somebody wants out of control.",
        false_positives="A developer who tries out what a policy forbids.",
        events=("LeaveOrganization",),
        find=each("LeaveOrganization", outcomes=("denied", "failed")),
        references=(
            f"{ELASTIC} defense_evasion_organizations_leave_organization",
            "Panther AttemptToLeaveOrg",
        ),
    ),
    Rule(
        id="account-removed",
        title="An account was removed from the organization",
        severity="critical",
        fires="RemoveAccountFromOrganization succeeded",
        why="No policy of the organization restricts it any more, and its logs stop coming.",
        false_positives="A planned divestiture or migration.",
        events=("RemoveAccountFromOrganization",),
        find=each("RemoveAccountFromOrganization"),
        references=(
            "Google SecOps aws_account_leaving_or_removed_from_organization",
            SURVIVAL_KIT,
        ),
    ),
    Rule(
        id="account-closed",
        title="An account was closed",
        severity="critical",
        fires="CloseAccount succeeded, or its result was seen without the request",
        why="Everything in it stops, and is deleted for good after 90 days.",
        false_positives="Clean-up of accounts that nobody needs.",
        events=("CloseAccount", "CloseAccountResult"),
        find=each("CloseAccount", "CloseAccountResult"),
        references=(f"{ELASTIC} impact_aws_account_closed",),
    ),
    Rule(
        id="account-departed-unexplained",
        title="An account departed, and no call in the log says why",
        severity="high",
        fires=(
            "AccountDepartedOrganization without a LeaveOrganization, an AcceptHandshake, "
            "RemoveAccountFromOrganization, CloseAccount or DeleteOrganization of it in the 120 "
            "days before; medium if the account had been closed"
        ),
        why="The call that took the account out is in a log that was not read.",
        false_positives="An account closed before the store's history begins, or by its own user.",
        events=("AccountDepartedOrganization",),
        find=departed_unexplained,
        references=(AWS_CIRT, f"{SURVIVAL_KIT} #35"),
    ),
    Rule(
        id="organization-deleted",
        title="The organization was deleted",
        severity="critical",
        fires="DeleteOrganization succeeded",
        why="Every policy, delegation and service integration ends with it.",
        false_positives="A first try that is thrown away.",
        events=("DeleteOrganization",),
        find=each("DeleteOrganization"),
        references=(DF00TECH,),
    ),
    Rule(
        id="account-invited",
        title="A foreign account was invited",
        severity="medium",
        fires="InviteAccountToOrganization succeeded",
        why="An account that an attacker controls gets the organization's shared resources.",
        false_positives="Mergers, and accounts that were made outside.",
        events=("InviteAccountToOrganization",),
        find=each("InviteAccountToOrganization"),
        references=("Datadog InviteAccountToOrganization", "TrailDiscover"),
    ),
    Rule(
        id="account-joined-from-outside",
        title="An invited account joined",
        severity="medium",
        fires=(
            "an invitation was accepted, or AccountJoinedOrganization says so of an account whose "
            "acceptance was not seen; not for the management account itself"
        ),
        why="What was done in it before it came is in no log of the organization.",
        false_positives="Mergers, and accounts that were made outside.",
        events=("AcceptHandshake", "AccountJoinedOrganization"),
        find=joined_from_outside,
        references=(SURVIVAL_KIT, "AWS Security Reference Architecture"),
    ),
    Rule(
        id="account-moved-to-root",
        title="An account was moved out of all OUs",
        severity="medium",
        fires="MoveAccount to the organization root succeeded",
        why="The policies of the OU it was in no longer hold for it; only those of the root do.",
        false_positives="The step before an account is removed or closed.",
        events=("MoveAccount",),
        find=each("MoveAccount", where=into_root),
        references=("MITRE DET0155",),
    ),
    Rule(
        id="account-moved-out-of-reach",
        title="An account was moved out from under a policy",
        severity="high",
        fires=(
            "MoveAccount to an OU succeeded, and a policy whose text was read denied something at "
            "the old place that nothing known denies at the new one"
        ),
        why="For this account the move is the same as detaching the policy.",
        false_positives="An account that changes its purpose, as from sandbox to production.",
        events=("MoveAccount",),
        find=each("MoveAccount", where=out_of_reach),
        references=("MITRE DET0155",),
    ),
)
