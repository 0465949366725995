"""Accounts outside the organization: said where the log knows every account of it."""

from __future__ import annotations

from datetime import timedelta

from making import MANAGEMENT, MEMBER, call, changes, service_event
from sessions.organization_trail import START, Trail

from trailscan.events.event import decode_event
from trailscan.location import Location
from trailscan.organizations.changes import describe_changes
from trailscan.sessions.chain import Issuances
from trailscan.sessions.issued import read_issued

OTHER = "999988887777"
STRANGER = {"type": "AWSAccount", "accountId": OTHER, "principalId": "AROAX:kim"}
MADE = {"organization": {"id": "o-exampleorg1", "masterAccountId": MANAGEMENT}}
BEFORE = timedelta(hours=-9)
REQUESTED = {"createAccountStatus": {"id": "car-1", "state": "IN_PROGRESS"}}


def created(**more):
    """The creation of the organization."""
    return call("CreateOrganization", BEFORE, responseElements=MADE, **more)


def who(*before, by=STRANGER):
    """Who made a call, after some events."""
    return changes(*before, call("TagResource", who=by))[-1].principal.display


def test_an_account_that_the_organization_never_had_is_outside():
    """The creation of the organization and the results of requests name every account."""
    said = f'account {OTHER} (outside the organization, session named "kim")'
    assert who(created()) == said
    result = {"id": "car-1", "state": "SUCCEEDED", "accountId": MEMBER}
    requested = call("CreateAccount", BEFORE, responseElements=REQUESTED)
    ended = service_event("CreateAccountResult", BEFORE, createAccountStatus=result)
    assert who(created(), requested, ended) == said


def test_an_account_that_may_be_in_the_organization_is_not_called_outside():
    """Nothing is said before the accounts are known, of members, and of those who left."""
    said = f'account {OTHER} (session named "kim")'
    joined = service_event("AccountJoinedOrganization", BEFORE, accountId=OTHER)
    left = service_event("AccountDepartedOrganization", BEFORE, accountId=OTHER)
    requested = call("CreateAccount", BEFORE, responseElements=REQUESTED)
    handshake = {"id": "h-1", "action": "INVITE", "state": "OPEN"}
    invited = call(
        "InviteAccountToOrganization",
        BEFORE,
        request={"target": {"id": OTHER, "type": "ACCOUNT"}},
        responseElements={"handshake": {**handshake, "parties": []}},
    )
    assert who() == said
    for before in ([joined], [joined, left], [requested], [invited]):
        assert who(created(), *before) == said
    again = {"organization": {**MADE["organization"], "id": "o-anotherorg1"}}
    second = call("CreateOrganization", BEFORE, responseElements=again)
    assert who(created(), second) == said


def test_a_chain_that_ends_in_an_account_outside_says_so():
    """The chain ends there; its hop has the kind and name of any other account."""
    trail = Trail(1)
    trail.call(trail.assume(trail.user(OTHER), "admin", MANAGEMENT, START), START)
    copy, _, last = [decode_event(record) for *_, record in trail.records]
    issued = Issuances([one for one in [read_issued(copy, "a#1")] if one])
    events = [created(), last]
    pairs = [(event, Location("b", "k", at)) for at, event in enumerate(events)]
    change = describe_changes(pairs, issued=issued)[-1]
    assert change.principal.display.startswith(f"account {OTHER} (outside the organization")
    assert change.principal.display.endswith(", by role admin")
    assert [(hop.kind, hop.name) for hop in change.chain.hops] == [
        ("aws_account", f"account {OTHER}")
    ]
    member = describe_changes(pairs[1:], issued=issued)[-1]
    assert "outside" not in member.principal.display
