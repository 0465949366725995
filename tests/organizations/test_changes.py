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
from trailscan.organizations.services import ORGANIZATIONS

OPERATIONS = {operation.name: operation for operation in ORGANIZATIONS.operations}
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
    "AcceptHandshake": (
        "account 111122223333 accepted an invitation (handshake h-ex1); "
        "the log does not tell whether it left an organization"
    ),
    "AttachPolicy": "attached policy p-ex1 to OU ou-ex-2",
    "CancelHandshake": "canceled handshake h-ex1 (invitation)",
    "AccountDepartedOrganization": "account 222233334444 departed from the organization (left)",
    "AccountJoinedOrganization": "account 222233334444 joined the organization (invited)",
    "CloseAccount": "requested to close account 222233334444; no result in the log",
    "CloseAccountResult": "account 222233334444 was closed; no request in the log",
    "CreateAccount": "requested a new account named Guard (car-ex1); no result in the log",
    "CreateAccountResult": "account 222233334444 was created; no request in the log",
    "CreateGovCloudAccount": (
        "requested a new account named Guard and a GovCloud account (car-ex1); no result in the log"
    ),
    "CreateOrganization": "created organization o-ex",
    "CreateOrganizationalUnit": "created OU Guard (ou-ex-9) in organization root r-ex",
    "CreatePolicy": "created backup policy Guard (p-ex9)",
    "EffectivePolicyValidation": "the effective tag policy of account 222233334444 became valid",
    "EnableAllFeatures": "began to enable all features (handshake h-ex1)",
    "InviteAccountToOrganization": "invited sam@example.com to the organization (handshake h-ex1)",
    "InviteOrganizationToTransferResponsibility": (
        "offered to take over the bills of the organization of sam@example.com (handshake h-ex1)"
    ),
    "PutResourcePolicy": (
        "wrote the organization's delegation policy rp-ex1 (CloudTrail hides its text)"
    ),
    "ResponsibilityTransferAccepted": "responsibility transfer rt-ex1 was accepted",
    "ResponsibilityTransferTerminated": "responsibility transfer rt-ex1 ended",
    "TerminateResponsibilityTransfer": "terminated responsibility transfer rt-ex1",
    "UpdateOrganizationalUnit": "renamed OU ou-ex-1 to Guard",
    "UpdatePolicy": "updated policy p-ex1: new text (previous text not in the log); name Guard",
    "UpdateResponsibilityTransfer": "renamed responsibility transfer rt-ex1 to Guard",
    "DeclineHandshake": "declined handshake h-ex1 (invitation)",
    "DeleteOrganization": "deleted the organization o-ex",
    "DeleteOrganizationalUnit": "deleted OU ou-ex-1",
    "DeletePolicy": "deleted policy p-ex1",
    "DeleteResourcePolicy": "deleted the organization's delegation policy rp-ex1",
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
    "UntagResource": "removed the tag team from OU ou-ex-1",
    "DescribeAccount": "looked up account 222233334444",
    "DescribeCreateAccountStatus": "looked up the status of account request car-ex2",
    "DescribeEffectivePolicy": "looked up the effective backup policy of OU ou-ex-2",
    "DescribeHandshake": "looked up handshake h-ex1",
    "DescribeOrganization": "looked up the organization",
    "DescribeOrganizationalUnit": "looked up OU ou-ex-1",
    "DescribePolicy": "looked up policy p-ex1",
    "DescribeResourcePolicy": "looked up the organization's delegation policy",
    "DescribeResponsibilityTransfer": "looked up responsibility transfer rt-ex1",
    "ListAWSServiceAccessForOrganization": "listed the services with trusted access",
    "ListAccounts": "listed the accounts of the organization",
    "ListAccountsForParent": "listed the accounts in organization root r-ex",
    "ListAccountsWithInvalidEffectivePolicy": (
        "listed the accounts with an invalid effective backup policy"
    ),
    "ListChildren": "listed the OUs in organization root r-ex",
    "ListCreateAccountStatus": "listed the requests for accounts",
    "ListDelegatedAdministrators": "listed the delegated administrators for config.amazonaws.com",
    "ListDelegatedServicesForAccount": "listed the services that account 222233334444 administers",
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
    "ListParents": "looked up the parent of account 222233334444",
    "ListPolicies": "listed the backup policies",
    "ListPoliciesForTarget": "listed the backup policies attached to OU ou-ex-2",
    "ListRoots": "looked up the organization root",
    "ListTagsForResource": "listed the tags of OU ou-ex-1",
    "ListTargetsForPolicy": "listed the targets of policy p-ex1",
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
    assert alone.description == "requested a new account (car-1); no result in the log"
    (alone,) = describe(result)
    assert alone.description == "account 555566667777 was created; no request in the log"
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
    waiting = "requested to close account 222233334444; no result in the log"
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
    assert alone.description == "account 222233334444 was created; no request in the log"


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
    assert change.description == ("created account 222222222222 and GovCloud account 333333333333")


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
        "updated SCP Old (p-1): new text (previous text not in the log)",
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
            "tried to move an unknown account (resource: OU ou-ex-2)",
        ),
        ("MoveAccount", "account/o-ex/*", "tried to move an unknown account"),
        (
            "PutResourcePolicy",
            "resourcepolicy/o-ex/rp-ex1",
            "tried to write the organization's delegation policy (resource: delegation policy rp-ex1)",
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
    assert change.description == "tried to leave the organization as account 111122223333: denied"
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
    assert (
        change.description == "disabled service control policies (SCPs) in organization root r-ex"
    )
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
    assert change.description == (
        "account 222233334444 was permanently removed, 90 days after it was closed; "
        "its closing is not in the log"
    )


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
    copy = make(
        "AcceptHandshake",
        1,
        eventID="event-2",
        sharedEventID="s",
        recipientAccountId="222233334444",
    )
    (change,) = describe(first, copy)
    assert change.related_event_ids == ("event-2",)


def test_of_copies_the_callers_own_is_told():
    """The copies in other accounts may hide who called and with what."""
    foreign = make("AcceptHandshake", 1, sharedEventID="s", recipientAccountId="222233334444")
    own = make(
        "AcceptHandshake",
        1,
        eventID="event-2",
        sharedEventID="s",
        requestParameters={"handshakeId": "h-ex1"},
    )
    (change,) = describe(foreign, own)
    assert (change.event, change.related_event_ids) == (own, ("event-1",))


def test_a_copied_request_keeps_its_result():
    """A result goes to the copy that is told, not to one that is left out."""
    asked = {"responseElements": {"createAccountStatus": {"id": "car-1"}}, "sharedEventID": "s"}
    status = {"id": "car-1", "state": "SUCCEEDED", "accountId": "222233334444"}
    (change,) = describe(
        make("CreateAccount", 1, **asked),
        make("CreateAccount", 1, eventID="event-2", recipientAccountId="555566667777", **asked),
        make("CreateAccountResult", 3, serviceEventDetails={"createAccountStatus": status}),
    )
    assert change.description == "created account 222233334444"
    assert change.related_event_ids == ("event-3", "event-2")


OTHER_PARAMETERS = {"requestParameters": {"handshakeId": "h-forged"}}
SHARED = {"sharedEventID": "s", "requestID": "r", "requestParameters": {"handshakeId": "h-ex1"}}


@pytest.mark.parametrize(
    "forged",
    [
        {"eventTime": "1999-01-01T00:00:00Z"},
        {"requestID": "another"},
        OTHER_PARAMETERS,
        {"responseElements": {"handshake": {"id": "h-forged"}}},
        {"errorCode": "AccessDenied"},
        {"userIdentity": {"type": "IAMUser", "accountId": "222233334444", "userName": "x"}},
        {"recipientAccountId": "111122223333", "requestID": "another"},
    ],
)
def test_a_forged_copy_hides_nothing(forged):
    """Copies agree in time, request, response and caller; what does not is another call, and said."""
    true = make("AcceptHandshake", 1, **SHARED, responseElements={"handshake": {"id": "h-ex1"}})
    fields = {"eventID": "forged", "recipientAccountId": "222233334444", **SHARED, **forged}
    told = {one.event.event_id: one for one in describe(true, make("AcceptHandshake", 1, **fields))}
    assert told.keys() == {"event-1", "forged"}
    for event_id, other in (("event-1", "forged"), ("forged", "event-1")):
        assert told[event_id].related_event_ids == (other,)
        assert told[event_id].description.endswith(
            f"; event {other} has the same sharedEventID and contradicts it"
        )


def test_many_records_of_one_shared_id_cost_no_more_than_themselves():
    """Whoever plants thousands of records under one sharedEventID slows nobody down."""
    many = [
        make("TagResource", 1, eventID=f"e-{number:05}", sharedEventID="s", requestID=str(number))
        for number in range(3000)
    ]
    told = describe(*many)
    assert len(told) == len(many)
    assert {len(change.related_event_ids) for change in told} == {3}


def test_a_copy_in_which_values_are_hidden_is_a_copy():
    """CloudTrail leaves out and hides values in the trails of other accounts."""
    shown = {"email": "a@example.com", "notes": "x", "list": [{"a": 1}]}
    hidden = {"email": "****", "list": [{"a": "HIDDEN_DUE_TO_SECURITY_REASONS"}]}
    copy = {"eventID": "copy", "recipientAccountId": "222233334444"}
    (change,) = describe(
        make("TagResource", 1, sharedEventID="s", requestParameters=hidden, **copy),
        make("TagResource", 1, sharedEventID="s", requestParameters=shown),
    )
    assert (change.event.event_id, change.related_event_ids) == ("event-1", ("copy",))


@pytest.mark.parametrize("first", ["SUCCEEDED", "FAILED"])
def test_results_that_contradict_each_other_are_both_told(first):
    """A success is never turned into a failure by somebody who writes that it failed."""
    second = {"SUCCEEDED": "FAILED", "FAILED": "SUCCEEDED"}[first]
    results = [
        make(
            "CloseAccountResult",
            number,
            serviceEventDetails={
                "closeAccountStatus": {"accountId": "222233334444", "state": state}
            },
        )
        for number, state in ((2, first), (3, second))
    ]
    failed = f"event-{2 if first == 'FAILED' else 3}"
    (change,) = describe(
        make("CloseAccount", 1, requestParameters={"accountId": "222233334444"}), *results
    )
    assert (change.outcome, change.severity) == ("succeeded", "critical")
    assert change.description == (
        f"closed account 222233334444; but event {failed} reports that it failed"
    )
    assert set(change.related_event_ids) == {"event-2", "event-3"}


def test_a_second_result_that_agrees_is_no_contradiction():
    """What was reported twice is one change; what comes days later belongs to another request."""
    status = {"closeAccountStatus": {"accountId": "222233334444", "state": "SUCCEEDED"}}
    request = make("CloseAccount", 1, requestParameters={"accountId": "222233334444"})
    near = [make("CloseAccountResult", number, serviceEventDetails=status) for number in (2, 3)]
    (change,) = describe(request, *near)
    assert change.description == "closed account 222233334444"
    assert change.related_event_ids == ("event-2", "event-3")
    late = make(
        "CloseAccountResult", 4, eventTime="2026-11-29T12:00:00Z", serviceEventDetails=status
    )
    assert len(describe(request, near[0], late)) == 2


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


# What was before, and who caused it.


def test_before_and_after_are_told_where_the_log_knows_them():
    """A move, a renaming, a text, an attachment, a tag, a type, access and delegation."""
    told = describe(*_HISTORY)
    found = {change.event.event_id: (change.before, change.after) for change in told}
    assert {key: found[key] for key in sorted(found) if found[key] != (None, None)} == {
        "event-10": ("OU Dev (ou-ex-1)", "organization root r-ex"),
        "event-11": ("Dev", "Test"),
        "event-12": (None, "attached"),
        "event-13": ("attached", "not attached"),
        "event-14": (None, "team=red"),
        "event-15": ("team=red", "team=blue"),
        "event-16": ("team=blue", None),
        "event-17": (None, "enabled"),
        "event-18": ("enabled", "disabled"),
        "event-19": (None, "enabled"),
        "event-20": (None, "registered"),
        "event-21": (ALLOW, None),
        "event-3": (None, DENY),
        "event-4": (DENY, ALLOW),
        "event-5": ("Guard", "Gate"),
    }


def test_an_update_is_told_by_what_it_changed():
    """Statements that came, went and changed; a text that only looks different; a renaming."""
    told = {change.event.event_id: change.description for change in describe(*_HISTORY)}
    assert told["event-4"] == (
        "updated SCP Guard (p-ex1): changed statement Leave: effect Deny -> Allow"
    )
    assert told["event-5"] == "updated SCP Guard (p-ex1): renamed to Gate"
    assert told["event-15"] == "tagged OU Test (ou-ex-1) with team=blue (was red)"
    assert told["event-16"] == "removed the tag team (was blue) from OU Test (ou-ex-1)"


DENY = '{"Statement": [{"Sid": "Leave", "Effect": "Deny", "Action": "organizations:Leave*"}]}'
ALLOW = DENY.replace("Deny", "Allow")
_POLICY = {"policyId": "p-ex1"}
_ATTACHED = {"policyId": "p-ex1", "targetId": "ou-ex-1"}
_TYPE = {"rootId": "r-ex", "policyType": "TAG_POLICY"}
_SERVICE = {"servicePrincipal": "ram.amazonaws.com"}
_UNIT = {"organizationalUnit": {"id": "ou-ex-1", "name": "Dev"}}


def _tag(value: str):
    return {"resourceId": "ou-ex-1", "tags": [{"key": "team", "value": value}]}


def _asked(name: str, number: int, request: Any, response: Any = None):
    return make(name, number, requestParameters=request, responseElements=response)


_HISTORY = [
    _asked("CreateOrganizationalUnit", 2, {"parentId": "r-ex", "name": "Dev"}, _UNIT),
    _asked(
        "CreatePolicy",
        3,
        {"name": "Guard", "type": "SERVICE_CONTROL_POLICY", "content": DENY},
        {"policy": {"policySummary": {"id": "p-ex1"}}},
    ),
    _asked("UpdatePolicy", 4, {**_POLICY, "name": "Guard", "content": ALLOW}),
    _asked("UpdatePolicy", 5, {**_POLICY, "name": "Gate"}),
    _asked(
        "MoveAccount",
        10,
        {"accountId": "2" * 12, "sourceParentId": "ou-ex-1", "destinationParentId": "r-ex"},
    ),
    _asked("UpdateOrganizationalUnit", 11, {"organizationalUnitId": "ou-ex-1", "name": "Test"}),
    _asked("AttachPolicy", 12, _ATTACHED),
    _asked("DetachPolicy", 13, _ATTACHED),
    _asked("TagResource", 14, _tag("red")),
    _asked("TagResource", 15, _tag("blue")),
    _asked("UntagResource", 16, {"resourceId": "ou-ex-1", "tagKeys": ["team"]}),
    _asked("EnablePolicyType", 17, _TYPE),
    _asked("DisablePolicyType", 18, _TYPE),
    _asked("EnableAWSServiceAccess", 19, _SERVICE),
    _asked("RegisterDelegatedAdministrator", 20, {"accountId": "2" * 12, **_SERVICE}),
    _asked("DeletePolicy", 21, _POLICY),
]


def test_within_one_second_what_makes_comes_before_what_uses():
    """Event ids decide nothing: the policy of a second has its name when it is attached in it."""
    changes = describe(
        make("DeletePolicy", eventID="a", requestParameters=_POLICY),
        make("AttachPolicy", eventID="b", requestParameters=_ATTACHED),
        make(
            "CreatePolicy",
            eventID="c",
            requestParameters={"name": "Guard", "type": "TAG_POLICY"},
            responseElements={"policy": {"policySummary": {"id": "p-ex1"}}},
        ),
    )
    assert [change.description for change in changes] == [
        "created tag policy Guard (p-ex1)",
        "attached tag policy Guard (p-ex1) to OU ou-ex-1",
        "deleted tag policy Guard (p-ex1)",
    ]


MEMBER = "222233334444"
_SERVICE_IDENTITY = {"accountId": "111122223333", "invokedBy": "organizations.amazonaws.com"}


def _by_member(name: str, number: int, **fields: Any):
    """A call of a member account."""
    who = {"type": "IAMUser", "accountId": MEMBER, "userName": "mia"}
    return make(name, number, userIdentity=who, recipientAccountId=MEMBER, **fields)


def _service_event(name: str, number: int, **details: Any):
    return make(name, number, userIdentity=_SERVICE_IDENTITY, serviceEventDetails=details)


@pytest.mark.parametrize(
    ("cause", "effect"),
    [
        (
            _by_member("AcceptHandshake", 1, responseElements={"handshake": {"action": "INVITE"}}),
            _service_event(
                "AccountJoinedOrganization", 2, accountId=MEMBER, joinedMethod="INVITED"
            ),
        ),
        (
            _by_member("LeaveOrganization", 1),
            _service_event(
                "AccountDepartedOrganization", 2, accountId=MEMBER, departureMethod="LEFT"
            ),
        ),
        (
            make("RemoveAccountFromOrganization", 1, requestParameters={"accountId": MEMBER}),
            _service_event(
                "AccountDepartedOrganization", 2, accountId=MEMBER, departedMethod="Removed"
            ),
        ),
        (
            make("CloseAccount", 1, requestParameters={"accountId": MEMBER}),
            make(
                "AccountDepartedOrganization",
                2,
                eventTime="2027-02-20T12:00:00Z",
                userIdentity=_SERVICE_IDENTITY,
                serviceEventDetails={"accountId": MEMBER, "departureMethod": "CLEANED"},
            ),
        ),
        (
            make("TerminateResponsibilityTransfer", 1, requestParameters={"id": "rt-ex"}),
            _service_event("ResponsibilityTransferTerminated", 2, id="rt-ex"),
        ),
        (
            _by_member(
                "AcceptHandshake",
                1,
                requestParameters={"handshakeId": "h-ex"},
                responseElements={"handshake": {"action": "TRANSFER_RESPONSIBILITY"}},
            ),
            _service_event(
                "ResponsibilityTransferAccepted",
                2,
                responsibilityTransfer={"id": "rt-ex", "activeHandshakeId": "h-ex"},
            ),
        ),
    ],
    ids=["joined", "left", "removed", "cleaned", "terminated", "accepted"],
)
def test_an_event_of_the_service_names_the_person_of_the_call_that_caused_it(cause, effect):
    """The person is named by the rule that names the caller, and the call is a related event."""
    first, second = describe(effect, cause)
    assert second.principal.name == first.principal.name
    assert second.principal.name in {"alice", "mia"}
    assert second.principal.rule == "caused_by_user_name"
    assert second.principal.display == f"{first.principal.name} (through AWS Organizations)"
    assert second.related_event_ids == ("event-1",)
    assert second.client == "aws_service"


def test_a_created_account_joins_by_who_asked_for_it():
    """The account's id is in the result, the person in the request."""
    status = {"id": "car-1", "state": "SUCCEEDED", "accountId": MEMBER}
    created, joined = describe(
        make("CreateAccount", 1, responseElements={"createAccountStatus": {"id": "car-1"}}),
        _service_event("CreateAccountResult", 2, createAccountStatus=status),
        _service_event("AccountJoinedOrganization", 3, accountId=MEMBER, joinedMethod="CREATED"),
    )
    assert (created.principal.name, joined.principal.name) == ("alice", "alice")
    assert joined.related_event_ids == ("event-1",)


@pytest.mark.parametrize(
    "cause",
    [
        _by_member("LeaveOrganization", 1, errorCode=ERROR),
        make("LeaveOrganization", 1),
        _by_member("LeaveOrganization", 1, eventTime="2026-11-20T12:00:00Z"),
        _by_member("LeaveOrganization", 3),
        _by_member(
            "AcceptHandshake", 1, responseElements={"handshake": {"action": "APPROVE_ALL_FEATURES"}}
        ),
    ],
    ids=["denied", "another account", "days before", "afterwards", "another agreement"],
)
def test_what_cannot_have_caused_an_event_names_nobody(cause):
    """Nobody is named for what they did not do."""
    left = {"accountId": MEMBER, "departureMethod": "LEFT"}
    changes = describe(cause, _service_event("AccountDepartedOrganization", 2, **left))
    (departed,) = (one for one in changes if one.action == "AccountDepartedOrganization")
    assert (departed.principal.name, departed.related_event_ids) == ("AWS Organizations", ())


def test_details_that_cloudtrail_left_out_are_said_to_be():
    """Over 100 KB the request is replaced: nothing is guessed."""
    left_out = {"omitted": True, "originalSize": 102401, "reason": "requestParameters too large"}
    (change,) = describe(make("UpdatePolicy", requestParameters=left_out))
    assert change.description == (
        "updated an unknown policy (CloudTrail omitted the details, which exceed 100 KB)"
    )


@pytest.mark.parametrize("read_only", [None, True, False])
def test_whether_a_call_changes_something_is_told_by_the_catalogue(read_only):
    """The field readOnly can be missing, and a service event that says true is shown all the same."""
    events = [make("EffectivePolicyValidation", readOnly=read_only), make("ListRoots", 2)]
    assert [change.action for change in describe(*events)] == ["EffectivePolicyValidation"]


def test_names_of_the_user_are_shown_with_the_ids():
    """A names file names what the log has no name of; the id stays visible."""
    move = {"accountId": MEMBER, "sourceParentId": "r-ex", "destinationParentId": "ou-ex-1"}
    (change,) = describe(
        make("MoveAccount", requestParameters=move), names={MEMBER: "payments", "ou-ex-1": "Prod"}
    )
    assert change.description == (
        'moved account 222233334444 "payments" from organization root r-ex to OU Prod (ou-ex-1)'
    )
    assert change.target_name == "payments"
