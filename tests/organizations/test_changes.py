"""Changes in words: what happened, to what, and how it ended."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailscan.events.event import decode_event
from trailscan.location import Location
from trailscan.organizations.changes import describe_changes
from trailscan.organizations.operations import OPERATIONS

WHERE = Location("trail", "a.json.gz", 0)
ERROR = "AccessDeniedException"


def make(name: str, number: int = 1, **fields: Any):
    """An Organizations event."""
    record = {
        "eventVersion": "1.11",
        "eventTime": datetime(2026, 11, 22, 12, number, tzinfo=UTC).isoformat(),
        "eventID": f"event-{number}",
        "eventSource": "organizations.amazonaws.com",
        "eventName": name,
        "recipientAccountId": "111122223333",
        "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": "alice"},
        **fields,
    }
    return decode_event(record)


def describe(*events: Any, **options: Any):
    """The changes of some events."""
    return describe_changes([(event, WHERE) for event in events], **options)


REQUEST = {
    "accountId": "222233334444",
    "organizationalUnitId": "ou-ex-1",
    "policyId": "p-ex1",
    "targetId": "ou-ex-2",
    "rootId": "r-ex",
    "policyType": "SERVICE_CONTROL_POLICY",
    "servicePrincipal": "config.amazonaws.com",
    "handshakeId": "h-ex1",
    "sourceParentId": "r-ex",
    "destinationParentId": "ou-ex-2",
    "resourceId": "ou-ex-1",
    "tags": [{"key": "team", "value": "red"}],
    "tagKeys": ["team"],
}

DONE = {
    "AcceptHandshake": "accepted handshake h-ex1",
    "AttachPolicy": "attached policy p-ex1 to OU ou-ex-2",
    "CancelHandshake": "cancelled handshake h-ex1",
    "CloseAccount": "closed account 222233334444",
    "DeclineHandshake": "declined handshake h-ex1",
    "DeleteOrganization": "deleted the organization",
    "DeleteOrganizationalUnit": "deleted OU ou-ex-1",
    "DeletePolicy": "deleted policy p-ex1",
    "DeleteResourcePolicy": "deleted the organization's resource policy",
    "DeregisterDelegatedAdministrator": (
        "deregistered account 222233334444 as delegated administrator for config.amazonaws.com"
    ),
    "DetachPolicy": "detached policy p-ex1 from OU ou-ex-2",
    "DisableAWSServiceAccess": "disabled trusted access for config.amazonaws.com",
    "DisablePolicyType": "disabled SCP policies in organization root r-ex",
    "EnableAWSServiceAccess": "enabled trusted access for config.amazonaws.com",
    "EnablePolicyType": "enabled SCP policies in organization root r-ex",
    "LeaveOrganization": "account 111122223333 left the organization",
    "MoveAccount": "moved account 222233334444 from organization root r-ex to OU ou-ex-2",
    "RegisterDelegatedAdministrator": (
        "registered account 222233334444 as delegated administrator for config.amazonaws.com"
    ),
    "RemoveAccountFromOrganization": "removed account 222233334444 from the organization",
    "TagResource": "tagged OU ou-ex-1 with team=red",
    "UntagResource": "removed the tags team from OU ou-ex-1",
}


@pytest.mark.parametrize("name", sorted(DONE))
def test_each_operation_is_told_in_words(name):
    """A call that succeeded is one sentence in the past tense, without its actor."""
    (change,) = describe(make(name, requestParameters=REQUEST))
    assert (change.description, change.outcome) == (DONE[name], "succeeded")


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - {"CreateAccountResult"}))
def test_a_denied_call_was_tried_and_did_not_happen(name):
    """A denied call has no request parameters and is never told as done."""
    (change,) = describe(make(name, errorCode=ERROR, requestParameters=None))
    assert change.description.startswith("tried to ")
    assert (change.outcome, change.known) == ("denied", True)
    assert change.description.endswith(": denied")


def test_an_account_created_is_one_change_of_request_and_result():
    """The result gives the request its account; the names CloudTrail hides are not taken."""
    request = make(
        "CreateAccount",
        1,
        requestParameters={"accountName": "****", "email": "****"},
        responseElements={"createAccountStatus": {"id": "car-1", "state": "IN_PROGRESS"}},
    )
    result = make(
        "CreateAccountResult",
        2,
        userIdentity={"accountId": "111122223333", "invokedBy": "AWS Internal"},
        serviceEventDetails={
            "createAccountStatus": {
                "id": "car-1",
                "state": "SUCCEEDED",
                "accountId": "555566667777",
                "accountName": "****",
            }
        },
    )
    (change,) = describe(result, request)
    assert change.description == "created account 555566667777"
    assert (change.target_id, change.target_name) == ("555566667777", None)
    assert (change.event.event_id, change.related_event_ids) == ("event-1", ("event-2",))
    assert change.principal.name == "alice"
    (alone,) = describe(request)
    assert alone.description == "asked for a new account (car-1); its result was not seen"
    (alone,) = describe(result)
    assert alone.description == "account 555566667777 was created; the request was not seen"
    assert alone.principal.display == "AWS Organizations"


def test_a_failed_creation_says_why():
    """The outcome of a pair is that of its result."""
    status = {"id": "car-1", "state": "FAILED", "failureReason": "EMAIL_ALREADY_EXISTS"}
    (change,) = describe(
        make("CreateAccount", 1, responseElements={"createAccountStatus": {"id": "car-1"}}),
        make("CreateAccountResult", 2, serviceEventDetails={"createAccountStatus": status}),
    )
    assert change.outcome == "failed"
    assert change.description == "tried to create an account: failed (email already exists)"


def test_names_are_those_known_before():
    """An OU is called by its name from creation to renaming, and by the new one after."""
    created = {"organizationalUnit": {"id": "ou-ex-1", "name": "Dev"}}
    ou = {"organizationalUnitId": "ou-ex-1"}
    changes = describe(
        make("DeleteOrganizationalUnit", 1, requestParameters=ou, errorCode="OUNotEmpty"),
        make(
            "CreateOrganizationalUnit",
            2,
            requestParameters={"parentId": "r-ex", "name": "Dev"},
            responseElements=created,
        ),
        make("UpdateOrganizationalUnit", 3, requestParameters={**ou, "name": "Test"}),
        make("DeleteOrganizationalUnit", 4, requestParameters=ou),
    )
    assert [change.description for change in changes] == [
        "tried to delete OU ou-ex-1: failed (OUNotEmpty)",
        "created OU Dev (ou-ex-1) in organization root r-ex",
        "renamed OU Dev (ou-ex-1) to Test",
        "deleted OU Test (ou-ex-1)",
    ]


def test_the_target_of_a_denied_call_is_taken_from_its_message():
    """Where the message names a resource, the change has a target; a star is unknown."""
    message = (
        "User: x is not authorized to perform: organizations:DeletePolicy on resource: "
        "arn:aws:organizations::111122223333:policy/o-ex/service_control_policy/p-ex9 because no"
    )
    (change,) = describe(make("DeletePolicy", errorCode=ERROR, errorMessage=message))
    assert (change.target_id, change.description) == (
        "p-ex9",
        "tried to delete policy p-ex9: denied",
    )
    star = message.replace("arn:aws:organizations::111122223333:policy/o-ex/", "* ")
    (change,) = describe(make("DeletePolicy", errorCode=ERROR, errorMessage=star))
    assert change.target_id is None


def test_an_unknown_operation_is_told_in_general_words():
    """What the catalogue does not have is shown all the same, and marked."""
    (change,) = describe(make("SplitOrganization", requestParameters={"x": "ou-ex-1"}))
    assert (change.description, change.known) == ("called SplitOrganization on ou-ex-1", False)


def test_copies_in_several_accounts_are_one_change():
    """Events of one sharedEventID with other recipients are one change seen twice."""
    first = make("AcceptHandshake", 1, sharedEventID="s", requestParameters=REQUEST)
    copy = make("AcceptHandshake", 2, sharedEventID="s", recipientAccountId="222233334444")
    (change,) = describe(first, copy)
    assert change.related_event_ids == ("event-2",)


def test_events_that_share_an_id_hide_nothing():
    """Two records of one id are two changes, whatever one of them pretends to be."""
    changes = describe(
        make("CreateAccount", 1, responseElements={"createAccountStatus": {"id": "car-1"}}),
        make(
            "CreateAccountResult",
            2,
            eventID="same",
            serviceEventDetails={"createAccountStatus": {"id": "car-1", "accountId": "1" * 12}},
        ),
        make("DeletePolicy", 3, eventID="same", requestParameters=REQUEST),
    )
    assert [change.action for change in changes] == ["CreateAccount", "DeletePolicy"]


def test_reads_are_shown_only_when_asked_for():
    """Calls that change nothing, and events of other services, are no changes."""
    events = [make("ListAccounts"), make("CloseAccount", eventSource="account.amazonaws.com")]
    assert describe(*events) == []
    assert [change.description for change in describe(*events, reads=True)] == [
        "called ListAccounts"
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
MEMBERS = ["accountId", "target", "tags", "name", "policy", "createAccountStatus", "policyId"]
SHAPE = st.dictionaries(st.sampled_from(MEMBERS), JSON) | st.text(max_size=5) | st.none()


@given(st.sampled_from(sorted(OPERATIONS)), SHAPE, SHAPE, SHAPE, st.none() | st.text(max_size=9))
def test_no_shape_of_event_is_an_error(name, request, response, details, error):
    """Whatever an event holds where, it is told in words."""
    event = make(
        name,
        requestParameters=request,
        responseElements=response,
        serviceEventDetails=details,
        errorCode=error,
    )
    (change,) = describe(event)
    assert change.description
