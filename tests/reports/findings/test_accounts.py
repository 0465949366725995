"""Rules about accounts: each fires on its example and stays quiet on its neighbour."""

from __future__ import annotations

import pytest
from firing import CREATED, MINUTE, fired, on, rules_of
from making import MANAGEMENT, MEMBER, call, denied, service_event, user

from trailscan.reports.findings.accounts import ACCOUNTS

INVITE = {"handshake": {"id": "h-examplehs1", "action": "INVITE"}}
OTHER_AGREEMENT = {"handshake": {"id": "h-examplehs1", "action": "ENABLE_ALL_FEATURES"}}
FOREIGN = {
    "handshake": {
        "id": "h-examplehs2",
        "action": "INVITE",
        "parties": [{"type": "ORGANIZATION", "id": "o-otherorg99"}],
    }
}
GUEST = user(accountId=MEMBER)
JOINED = service_event("AccountJoinedOrganization", accountId=MEMBER, joinedMethod="CREATED")


def moved(parent):
    """An account moved."""
    ends = {"sourceParentId": "ou-exam-11111111", "destinationParentId": parent}
    return on("MoveAccount", accountId=MEMBER, **ends)


ATTACHED = on("AttachPolicy", policyId="p-guard001", targetId="ou-exam-11111111")


def tried(times, step=MINUTE):
    """Denied calls, one after another."""
    return [denied("ListAccounts", place * step) for place in range(times)]


CASES = {
    "account-left": ([on("LeaveOrganization")], [denied("LeaveOrganization")]),
    "account-left-by-invitation": (
        [JOINED, call("AcceptHandshake", MINUTE, GUEST, responseElements=FOREIGN)],
        [call("AcceptHandshake", MINUTE, GUEST, responseElements=FOREIGN)],
    ),
    "account-tried-to-leave": ([denied("LeaveOrganization")], [on("LeaveOrganization")]),
    "account-removed": (
        [on("RemoveAccountFromOrganization", accountId=MEMBER)],
        [denied("RemoveAccountFromOrganization")],
    ),
    "account-closed": ([on("CloseAccount", accountId=MEMBER)], [denied("CloseAccount")]),
    "account-departed-unexplained": (
        [service_event("AccountDepartedOrganization", accountId=MEMBER, departureMethod="LEFT")],
        [
            call("RemoveAccountFromOrganization", request={"accountId": MEMBER}),
            service_event("AccountDepartedOrganization", MINUTE, accountId=MEMBER),
        ],
    ),
    "organization-deleted": ([on("DeleteOrganization")], [denied("DeleteOrganization")]),
    "account-invited": (
        [on("InviteAccountToOrganization", target={"id": MEMBER, "type": "ACCOUNT"})],
        [denied("InviteAccountToOrganization")],
    ),
    "account-joined-from-outside": (
        [call("AcceptHandshake", who=GUEST, responseElements=INVITE)],
        [
            call("AcceptHandshake", who=GUEST, responseElements=OTHER_AGREEMENT),
            service_event("AccountJoinedOrganization", accountId=MEMBER, joinedMethod="CREATED"),
            service_event(
                "AccountJoinedOrganization", accountId=MANAGEMENT, joinedMethod="INVITED"
            ),
        ],
    ),
    "account-moved-to-root": ([moved("r-exam")], [moved("ou-exam-22222222")]),
    "account-moved-out-of-reach": (
        [CREATED, ATTACHED, moved("ou-exam-22222222")],
        [CREATED, moved("ou-exam-22222222")],
    ),
}


def test_every_rule_has_a_case():
    """No rule is without an example and a neighbour."""
    assert [rule.id for rule in ACCOUNTS] == list(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_rule_fires_on_its_example_and_not_on_its_neighbour(name):
    """The rule is what tells both apart."""
    example, neighbour = CASES[name]
    assert name in rules_of(*example)
    assert name not in rules_of(*neighbour)


def test_two_records_of_one_id_are_two_events():
    """Who can write two records with one id hides neither."""
    twice = [
        call("LeaveOrganization", eventID="same"),
        call("LeaveOrganization", MINUTE, eventID="same"),
    ]
    assert fired(*twice) == [("account-left", 1), ("account-left", 1)]
