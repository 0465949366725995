"""Joining and leaving by a handshake: which organization is ours decides which of both it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from making import MANAGEMENT, MEMBER, call, changes, service_event, user

from trailscan.location import Location
from trailscan.organizations.changes import describe_changes

OURS, OTHER, OTHER_MANAGEMENT = "o-exampleorg1", "o-otherorg99", "999900001111"
MINUTE = timedelta(minutes=1)
GUEST = user(accountId=MEMBER)
IN_OURS = f"AWSLogs/{OURS}/{MEMBER}/CloudTrail/us-east-1/2026/11/02/a.json.gz"


def handshake(organization, action="INVITE", **more):
    """A handshake that an organization began."""
    arn = f"arn:aws:organizations::{OTHER_MANAGEMENT}:handshake/{organization}/invite/h-example01"
    parties = [{"type": "ORGANIZATION", "id": organization}, {"type": "ACCOUNT", "id": MEMBER}]
    return {"handshake": {"arn": arn, "action": action, "parties": parties, **more}}


def accept(organization, **more):
    """The member accepts."""
    response = handshake(organization, **more)
    request = {"handshakeId": "h-example01"}
    return call(
        "AcceptHandshake", MINUTE, GUEST, request, responseElements=response,
        recipientAccountId=MEMBER,
    )  # fmt: skip


CREATED = call(
    "CreateOrganization",
    responseElements={"organization": {"id": OURS, "masterAccountId": MANAGEMENT}},
)
UNIT = call(
    "CreateOrganizationalUnit",
    request={"parentId": "r-exam", "name": "Dev"},
    responseElements={
        "organizationalUnit": {
            "id": "ou-exam-11111111",
            "arn": f"arn:aws:organizations::{MANAGEMENT}:ou/{OURS}/ou-exam-11111111",
        }
    },
)
INVITED = call(
    "InviteAccountToOrganization",
    request={"target": {"type": "ACCOUNT", "id": "123412341234"}},
    responseElements=handshake(OURS, id="h-example99"),
)
CAME = service_event("AccountJoinedOrganization", accountId=MEMBER, joinedMethod="CREATED")
GONE = service_event("AccountDepartedOrganization", accountId=MEMBER, departureMethod="REMOVED")


def last(*events, key="a.json.gz"):
    """The last change: its case, severity and sentence."""
    pairs = [(event, Location("trail", key, place)) for place, event in enumerate(events)]
    change = describe_changes(pairs)[-1]
    return change.case, change.severity, change.description


@pytest.mark.parametrize("ours", [CREATED, UNIT, INVITED, CAME])
def test_a_member_that_accepts_another_organizations_invitation_leaves(ours):
    """Ours is known from its creation, from ARNs of its OUs and handshakes, or by the member."""
    assert last(ours, accept(OTHER)) == (
        "left",
        "critical",
        (
            f"account {MEMBER} accepted an invitation of organization {OTHER} (handshake h-example01) "
            "and thereby left the organization"
        ),
    )


def test_the_organization_in_the_key_of_the_log_file_is_ours():
    """An organization trail names its organization in every key."""
    assert last(accept(OTHER), key=IN_OURS)[0] == "left"
    assert last(accept(OURS), key=IN_OURS)[0] == "joined"


@pytest.mark.parametrize("ours", [CREATED, UNIT, INVITED])
def test_an_account_that_accepts_our_invitation_joins(ours):
    """The organization that invited is the one that is known."""
    assert last(ours, accept(OURS)) == (
        "joined",
        "medium",
        (
            f"account {MEMBER} accepted the invitation of organization {OURS} (handshake h-example01) "
            "and thereby joined the organization"
        ),
    )


def test_an_account_that_was_removed_can_come_back():
    """Who is out joins by accepting; who came back and accepts another invitation leaves."""
    assert last(CREATED, CAME, GONE, accept(OURS))[0] == "joined"
    assert last(CREATED, CAME, GONE, accept(OURS), accept(OTHER))[0] == "left"


def test_where_parties_are_hidden_the_arn_tells():
    """The model marks the ids of parties as sensitive."""
    hidden = [{"type": "ORGANIZATION", "id": "****"}]
    assert last(CREATED, accept(OTHER, parties=hidden))[0] == "left"


def test_what_the_log_does_not_tell_is_not_guessed():
    """Without any trace of ours, an acceptance is grave, and neither a join nor an exit."""
    case, severity, description = last(accept(OTHER))
    assert (case, severity) == ("joined_or_left", "high")
    assert description.endswith("; the log does not tell whether it left an organization")


def test_an_exit_by_invitation_is_as_grave_when_it_fails():
    """What was tried is known from an earlier call about the handshake."""
    failed = call(
        "AcceptHandshake", 2 * MINUTE, GUEST, {"handshakeId": "h-example01"},
        recipientAccountId=MEMBER, errorCode="HandshakeConstraintViolationException",
    )  # fmt: skip
    declined = call(
        "DeclineHandshake", MINUTE, GUEST, {"handshakeId": "h-example01"},
        responseElements=handshake(OTHER),
    )  # fmt: skip
    assert last(CREATED, CAME, declined, failed) == (
        "left",
        "critical",
        (
            f"tried to leave the organization as account {MEMBER} by accepting an invitation of "
            f"organization {OTHER} (handshake h-example01): "
            "failed (HandshakeConstraintViolationException)"
        ),
    )


def test_of_two_organizations_an_account_leaves_its_own():
    """An account that moves between two organizations of one store leaves the first."""
    other = call(
        "CreateOrganization",
        who=user(accountId=OTHER_MANAGEMENT),
        recipientAccountId=OTHER_MANAGEMENT,
        responseElements={"organization": {"id": OTHER, "masterAccountId": OTHER_MANAGEMENT}},
    )
    assert last(CREATED, other, CAME, accept(OTHER))[0] == "left"
    assert last(CREATED, other, accept(OTHER))[0] == "joined"


def test_a_handshake_is_read_once_however_its_members_look():
    """Parties that are no objects, or no list, tell nothing."""
    for parties in (None, "x", [1, None], [{"type": None}], {"type": "ORGANIZATION"}):
        response = {"handshake": {"action": "invite", "parties": parties}}
        (change,) = changes(call("AcceptHandshake", responseElements=response))
        assert change.case == "joined_or_left"
