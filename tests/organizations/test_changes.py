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
    "servicePrincipal": "config.amazonaws.com",
    "handshakeId": "h-ex1",
    "sourceParentId": "r-ex",
    "destinationParentId": "ou-ex-2",
    "resourceId": "ou-ex-1",
    "tags": [{"key": "team", "value": "red"}],
    "tagKeys": ["team"],
    "parentId": "r-ex",
    "name": "Guard",
    "type": "BACKUP_POLICY",
    "target": {"type": "EMAIL", "id": "sam@example.com"},
    "id": "rt-ex1",
    "content": "{}",
    "childId": "222233334444",
    "childType": "ORGANIZATIONAL_UNIT",
    "createAccountRequestId": "car-ex2",
}
RESPONSE = {
    "handshake": {"id": "h-ex1", "action": "invite"},
    "organization": {"id": "o-ex"},
    "organizationalUnit": {"id": "ou-ex-9", "name": "Guard"},
    "policy": {"policySummary": {"id": "p-ex9", "name": "Guard"}},
    "resourcePolicy": {"resourcePolicySummary": {"id": "rp-ex1"}},
    "createAccountStatus": {"id": "car-ex1"},
}
DETAILS = {
    "accountId": "222233334444",
    "createAccountStatus": {"id": "car-ex1", "state": "SUCCEEDED", "accountId": "222233334444"},
    "closeAccountStatus": {"state": "SUCCEEDED", "accountId": "222233334444"},
    "policyType": "TAG_POLICY",
    "state": "VALID",
    "joinedMethod": "INVITED",
    "departedMethod": "Left",
    "id": "rt-ex1",
}

DONE = {
    "AcceptHandshake": "accepted handshake h-ex1 (invitation)",
    "AttachPolicy": "attached policy p-ex1 to OU ou-ex-2",
    "CancelHandshake": "cancelled handshake h-ex1 (invitation)",
    "AccountDepartedOrganization": "account 222233334444 departed from the organization (left)",
    "AccountJoinedOrganization": "account 222233334444 joined the organization (invited)",
    "CloseAccount": "asked to close account 222233334444; its result was not seen",
    "CloseAccountResult": "account 222233334444 was closed; the request was not seen",
    "CreateAccount": "asked for a new account named Guard (car-ex1); its result was not seen",
    "CreateAccountResult": "account 222233334444 was created; the request was not seen",
    "CreateGovCloudAccount": (
        "asked for a new account named Guard with one in GovCloud (car-ex1); "
        "its result was not seen"
    ),
    "CreateOrganization": "created organization o-ex",
    "CreateOrganizationalUnit": "created OU Guard (ou-ex-9) in organization root r-ex",
    "CreatePolicy": "created backup policy Guard (p-ex9)",
    "EffectivePolicyValidation": "the effective tag policy of account 222233334444 became valid",
    "EnableAllFeatures": "began to enable all features (handshake h-ex1)",
    "InviteAccountToOrganization": "invited sam@example.com to the organization (handshake h-ex1)",
    "InviteOrganizationToTransferResponsibility": (
        "invited sam@example.com to a transfer of responsibility (handshake h-ex1)"
    ),
    "PutResourcePolicy": (
        "wrote the organization's resource policy rp-ex1 (CloudTrail hides its text)"
    ),
    "ResponsibilityTransferAccepted": "responsibility transfer rt-ex1 was accepted",
    "ResponsibilityTransferTerminated": "responsibility transfer rt-ex1 ended",
    "TerminateResponsibilityTransfer": "terminated responsibility transfer rt-ex1",
    "UpdateOrganizationalUnit": "renamed OU ou-ex-1 to Guard",
    "UpdatePolicy": "updated policy p-ex1: new text (the one before is not known); name Guard",
    "UpdateResponsibilityTransfer": "renamed responsibility transfer rt-ex1 to Guard",
    "DeclineHandshake": "declined handshake h-ex1 (invitation)",
    "DeleteOrganization": "deleted the organization",
    "DeleteOrganizationalUnit": "deleted OU ou-ex-1",
    "DeletePolicy": "deleted policy p-ex1",
    "DeleteResourcePolicy": "deleted the organization's resource policy",
    "DeregisterDelegatedAdministrator": (
        "deregistered account 222233334444 as delegated administrator for config.amazonaws.com"
    ),
    "DetachPolicy": "detached policy p-ex1 from OU ou-ex-2",
    "DisableAWSServiceAccess": "disabled trusted access for config.amazonaws.com",
    "DisablePolicyType": "disabled backup policies in organization root r-ex",
    "EnableAWSServiceAccess": "enabled trusted access for config.amazonaws.com",
    "EnablePolicyType": "enabled backup policies in organization root r-ex",
    "LeaveOrganization": "account 111122223333 left the organization",
    "MoveAccount": "moved account 222233334444 from organization root r-ex to OU ou-ex-2",
    "RegisterDelegatedAdministrator": (
        "registered account 222233334444 as delegated administrator for config.amazonaws.com"
    ),
    "RemoveAccountFromOrganization": "removed account 222233334444 from the organization",
    "TagResource": "tagged OU ou-ex-1 with team=red",
    "UntagResource": "removed the tags team from OU ou-ex-1",
    "DescribeAccount": "looked up account 222233334444",
    "DescribeCreateAccountStatus": "looked up how account request car-ex2 goes",
    "DescribeEffectivePolicy": "looked up the effective backup policy of OU ou-ex-2",
    "DescribeHandshake": "looked up handshake h-ex1",
    "DescribeOrganization": "looked up the organization",
    "DescribeOrganizationalUnit": "looked up OU ou-ex-1",
    "DescribePolicy": "looked up policy p-ex1",
    "DescribeResourcePolicy": "looked up the organization's resource policy",
    "DescribeResponsibilityTransfer": "looked up responsibility transfer rt-ex1",
    "ListAWSServiceAccessForOrganization": "listed the services with trusted access",
    "ListAccounts": "listed the accounts of the organization",
    "ListAccountsForParent": "listed the accounts in organization root r-ex",
    "ListAccountsWithInvalidEffectivePolicy": (
        "listed the accounts with an invalid effective backup policy"
    ),
    "ListChildren": "listed the OUs in organization root r-ex",
    "ListCreateAccountStatus": "listed the accounts asked for",
    "ListDelegatedAdministrators": "listed the delegated administrators for config.amazonaws.com",
    "ListDelegatedServicesForAccount": "listed what account 222233334444 administers",
    "ListEffectivePolicyValidationErrors": (
        "listed the errors in the effective backup policy of account 222233334444"
    ),
    "ListHandshakesForAccount": "listed the handshakes of account 111122223333",
    "ListHandshakesForOrganization": "listed the handshakes of the organization",
    "ListInboundResponsibilityTransfers": "listed the responsibility transfers to the organization",
    "ListOrganizationalUnitsForParent": "listed the OUs in organization root r-ex",
    "ListOutboundResponsibilityTransfers": (
        "listed the responsibility transfers from the organization"
    ),
    "ListParents": "looked up where account 222233334444 is",
    "ListPolicies": "listed the backup policies",
    "ListPoliciesForTarget": "listed the backup policies attached to OU ou-ex-2",
    "ListRoots": "looked up the organization root",
    "ListTagsForResource": "listed the tags of OU ou-ex-1",
    "ListTargetsForPolicy": "listed what policy p-ex1 is attached to",
}


def test_every_operation_has_its_sentence_below():
    """No sentence of the catalogue is shown to people that was never read here."""
    assert set(DONE) == set(OPERATIONS)


@pytest.mark.parametrize("name", sorted(DONE))
def test_each_operation_is_told_in_words(name):
    """A call that succeeded is one sentence in the past tense, without its actor."""
    fields = (
        {"serviceEventDetails": DETAILS}
        if OPERATIONS[name].service_event
        else {"requestParameters": REQUEST, "responseElements": None}
        if OPERATIONS[name].category == "read"
        else {"requestParameters": REQUEST, "responseElements": RESPONSE}
    )
    (change,) = describe(make(name, **fields), reads=True)
    assert (change.description, change.outcome) == (DONE[name], "succeeded")
    assert change.known


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - {"CreateAccountResult"}))
def test_a_denied_call_was_tried_and_did_not_happen(name):
    """A denied call has no request parameters and is never told as done."""
    (change,) = describe(make(name, errorCode=ERROR, requestParameters=None), reads=True)
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


def test_a_result_of_the_same_second_belongs_to_its_request():
    """Event times are whole seconds: which of two ids sorts first decides nothing."""
    status = {"accountId": "222233334444", "state": "SUCCEEDED"}
    (change,) = describe(
        make("CloseAccount", eventID="z", requestParameters={"accountId": "222233334444"}),
        make("CloseAccountResult", eventID="a", serviceEventDetails={"closeAccountStatus": status}),
    )
    assert change.description == "closed account 222233334444"
    assert (change.event.event_id, change.related_event_ids) == ("z", ("a",))


def test_a_result_goes_to_the_nearest_request_before_it():
    """Of several requests about one account only the last before the result has it."""
    ask = {"requestParameters": {"accountId": "222233334444"}}
    status = {"accountId": "222233334444", "state": "FAILED"}
    first, second, third = describe(
        make("CloseAccount", 1, **ask),
        make("CloseAccount", 2, **ask),
        make("CloseAccountResult", 3, serviceEventDetails={"closeAccountStatus": status}),
        make("CloseAccount", 4, **ask),
    )
    waiting = "asked to close account 222233334444; its result was not seen"
    assert [first.description, third.description] == [waiting, waiting]
    assert second.description == "tried to close account 222233334444: failed"


def test_a_denied_request_has_no_result():
    """What was refused was not done, whatever a later result says of another request."""
    status = {"id": "car-1", "state": "SUCCEEDED", "accountId": "222233334444"}
    denied, alone = describe(
        make(
            "CreateAccount",
            1,
            errorCode=ERROR,
            responseElements={"createAccountStatus": {"id": "car-1"}},
        ),
        make("CreateAccountResult", 2, serviceEventDetails={"createAccountStatus": status}),
    )
    assert denied.description == "tried to create an account: denied"
    assert alone.description == "account 222233334444 was created; the request was not seen"


def test_a_name_in_clear_is_shown():
    """In 2017 CloudTrail did not hide account names yet."""
    status = {"id": "car-1", "state": "SUCCEEDED", "accountId": "222233334444"}
    (change,) = describe(
        make(
            "CreateAccount",
            1,
            requestParameters={"accountName": "Payments"},
            responseElements={"createAccountStatus": {"id": "car-1"}},
        ),
        make("CreateAccountResult", 2, serviceEventDetails={"createAccountStatus": status}),
    )
    assert change.description == 'created account 222233334444 "Payments"'
    assert change.target_name == "Payments"


def test_a_govcloud_pair_shows_both_accounts():
    """The result of CreateGovCloudAccount is a CreateAccountResult with a second id."""
    status = {"id": "car-1", "state": "SUCCEEDED", "accountId": "2" * 12}
    (change,) = describe(
        make("CreateGovCloudAccount", 1, responseElements={"createAccountStatus": {"id": "car-1"}}),
        make(
            "CreateAccountResult",
            2,
            serviceEventDetails={"createAccountStatus": {**status, "govCloudAccountId": "3" * 12}},
        ),
    )
    assert change.description == (
        "created account 222222222222 with one in GovCloud (333333333333)"
    )


def test_a_policy_that_is_renamed_shows_both_names():
    """The console repeats a name it did not change: only another one than before is a renaming."""
    policy = {"policyId": "p-1", "content": "{}"}
    created = {"policy": {"policySummary": {"id": "p-1", "name": "Old"}}}
    changes = describe(
        make(
            "CreatePolicy",
            1,
            requestParameters={"name": "Old", "type": "SERVICE_CONTROL_POLICY"},
            responseElements=created,
        ),
        make("UpdatePolicy", 2, requestParameters={**policy, "name": "Old"}),
        make("UpdatePolicy", 3, requestParameters={"policyId": "p-1", "name": "New"}),
        make("UpdatePolicy", 4, requestParameters=policy, responseElements={"omitted": True}),
    )
    assert [change.description for change in changes] == [
        "created SCP Old (p-1)",
        "updated SCP Old (p-1): new text (the one before is not known)",
        "updated SCP Old (p-1): renamed to New",
        "updated SCP New (p-1): no change",
    ]


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


@pytest.mark.parametrize(
    ("name", "resource", "description"),
    [
        ("AttachPolicy", "ou/o-ex/ou-ex-2", "tried to attach an unknown policy to OU ou-ex-2"),
        ("AttachPolicy", "policy/o-ex/tag_policy/p-ex9", "tried to attach policy p-ex9"),
        ("MoveAccount", "account/o-ex/222233334444", "tried to move account 222233334444"),
        (
            "MoveAccount",
            "ou/o-ex/ou-ex-2",
            "tried to move an unknown account (refused on OU ou-ex-2)",
        ),
        ("MoveAccount", "account/o-ex/*", "tried to move an unknown account"),
        (
            "PutResourcePolicy",
            "resourcepolicy/o-ex/rp-ex1",
            "tried to write the organization's resource policy (refused on resource policy rp-ex1)",
        ),
        (
            "CreateOrganizationalUnit",
            "root/o-ex/r-ex",
            "tried to create an OU in organization root r-ex",
        ),
    ],
)
def test_a_refused_resource_is_told_as_what_it_is(name, resource, description):
    """An OU named by a refusal is never told as the policy or the account of the call."""
    arn = f"arn:aws:organizations::111122223333:{resource}"
    message = f"User: x is not authorized to perform: y on resource: {arn} because no"
    (change,) = describe(make(name, errorCode=ERROR, errorMessage=message))
    assert change.description == f"{description}: denied"
    assert change.target_id == (None if "*" in resource else resource.rpartition("/")[2])


def test_leaving_is_about_the_account_that_called():
    """A refusal names no account: the one whose trail it stands in would have left."""
    (change,) = describe(make("LeaveOrganization", errorCode="AccessDenied"))
    assert change.description == "tried to leave the organization with account 111122223333: denied"
    assert (change.target_id, change.target_type) == ("111122223333", "account")


def test_disabling_a_policy_type_succeeds_although_its_answer_says_enabled():
    """The answer shows the root as it was before."""
    root = {"id": "r-ex", "policyTypes": [{"type": "SERVICE_CONTROL_POLICY", "status": "ENABLED"}]}
    (change,) = describe(
        make(
            "DisablePolicyType",
            requestParameters={"rootId": "r-ex", "policyType": "SERVICE_CONTROL_POLICY"},
            responseElements={"root": root},
        )
    )
    assert change.description == "disabled SCP policies in organization root r-ex"
    assert change.outcome == "succeeded"


@pytest.mark.parametrize(
    ("error_code", "outcome"),
    [
        ("AccessDenied", "denied"),
        ("AccessDeniedException", "denied"),
        ("Client.UnauthorizedOperation", "denied"),
        ("ConstraintViolationException", "failed"),
        ("PolicyTypeNotEnabledException", "failed"),
    ],
)
def test_refusals_are_told_from_failures(error_code, outcome):
    """A refusal is of who asks, a failure of what is asked for."""
    (change,) = describe(make("DeleteOrganization", errorCode=error_code))
    assert change.outcome == outcome


@pytest.mark.parametrize("member", ["departureMethod", "departedMethod"])
@pytest.mark.parametrize("nested", [False, True])
def test_how_an_account_departed_is_found_under_either_name(member, nested):
    """AWS's texts give the member two names and no example of where it stands."""
    found = {"accountId": "222233334444", member: "CLEANED"}
    details = {"accountDeparted": found} if nested else found
    (change,) = describe(make("AccountDepartedOrganization", serviceEventDetails=details))
    assert change.description == "account 222233334444 departed from the organization (cleaned)"


def test_a_name_is_never_read_as_a_template():
    """Names may hold whatever templates are made of."""
    (change,) = describe(
        make(
            "UpdateOrganizationalUnit",
            requestParameters={"organizationalUnitId": "ou-ex-1", "name": "[{ou}] {0}"},
        )
    )
    assert change.description == "renamed OU ou-ex-1 to [{ou}] {0}"


def test_an_unknown_operation_is_told_in_general_words():
    """What the catalogue does not have is shown all the same, and marked."""
    (change,) = describe(make("SplitOrganization", requestParameters={"x": "ou-ex-1"}))
    assert (change.description, change.known) == ("called SplitOrganization on ou-ex-1", False)
    (change,) = describe(make("DescribeNovelty"), reads=True)
    assert (change.description, change.known) == ("called DescribeNovelty", False)
    (change,) = describe(make(None))
    assert change.description == "called an unnamed operation"


def test_copies_in_several_accounts_are_one_change():
    """Events of one sharedEventID with other recipients are one change seen twice."""
    first = make("AcceptHandshake", 1, sharedEventID="s", requestParameters=REQUEST)
    copy = make("AcceptHandshake", 2, sharedEventID="s", recipientAccountId="222233334444")
    (change,) = describe(first, copy)
    assert change.related_event_ids == ("event-2",)


def test_of_copies_the_callers_own_is_told():
    """The copies in other accounts may hide who called and with what."""
    foreign = make("AcceptHandshake", 1, sharedEventID="s", recipientAccountId="222233334444")
    own = make("AcceptHandshake", 2, sharedEventID="s", requestParameters={"handshakeId": "h-ex1"})
    (change,) = describe(foreign, own)
    assert (change.event, change.related_event_ids) == (own, ("event-1",))


def test_a_copied_request_keeps_its_result():
    """A result goes to the copy that is told, not to one that is left out."""
    asked = {"responseElements": {"createAccountStatus": {"id": "car-1"}}, "sharedEventID": "s"}
    status = {"id": "car-1", "state": "SUCCEEDED", "accountId": "222233334444"}
    (change,) = describe(
        make("CreateAccount", 1, **asked),
        make("CreateAccount", 2, recipientAccountId="555566667777", **asked),
        make("CreateAccountResult", 3, serviceEventDetails={"createAccountStatus": status}),
    )
    assert change.description == "created account 222233334444"
    assert change.related_event_ids == ("event-3", "event-2")


def test_one_event_from_two_places_has_an_order():
    """A record with an index and one without can be told apart and sorted."""
    event = make("DeletePolicy", requestParameters=REQUEST)
    pairs = [(event, WHERE), (event, WHERE._replace(record_index=None))]
    assert len(describe_changes(pairs)) == 2


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
        "listed the accounts of the organization"
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
MEMBERS = [
    *("accountId", "target", "tags", "tagKeys", "name", "policy", "policyId", "policyType", "type"),
    *("createAccountStatus", "closeAccountStatus", "organizationalUnit", "handshake", "id"),
]
SHAPE = st.dictionaries(st.sampled_from(MEMBERS), JSON) | st.text(max_size=5) | st.none()


@given(
    st.sampled_from([*sorted(OPERATIONS), "ListAccounts", "Novelty"]),
    *(SHAPE, SHAPE, SHAPE),
    st.none() | st.text(max_size=9),
    st.text(max_size=9) | st.builds("x on resource: arn:aws:organizations::1:{}".format, st.text()),
)
def test_no_shape_of_event_is_an_error(name, request, response, details, error, message):
    """Whatever an event holds where, it is told in words."""
    event = make(
        name,
        requestParameters=request,
        responseElements=response,
        serviceEventDetails=details,
        errorCode=error,
        errorMessage=message,
    )
    (change,) = describe(event, reads=True)
    assert change.description
