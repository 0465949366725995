"""What a call is about decides its severity: an example of each case, with its sentence."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from making import MANAGEMENT, MEMBER, call, changes, denied, service_event, user, write_policy

from trailscan.organizations.services import ORGANIZATIONS

MINUTE = timedelta(minutes=1)
OU, OTHER_OU, ROOT = "ou-exam-11111111", "ou-exam-22222222", "r-exam"
OURS, OTHER = "o-exampleorg1", "o-otherorg99"
OTHER_MANAGEMENT = "999900001111"
LEAVE = {"Sid": "L", "Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"}
USERS = {"Sid": "U", "Effect": "Deny", "Action": ["iam:CreateUser"], "Resource": "*"}
EVERYTHING = {"Effect": "Deny", "Action": "*", "Resource": "*"}
ALLOW = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


def text(*statements):
    """A policy's text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def create(*statements, policy_id="p-guard001", **more):
    """A policy made."""
    return write_policy("CreatePolicy", text(*statements), policy_id=policy_id, **more)


def attach(policy_id, target, name="AttachPolicy", after=MINUTE):
    """A policy attached, or detached."""
    return call(name, after, request={"policyId": policy_id, "targetId": target})


def update(**request):
    """A policy updated."""
    return call("UpdatePolicy", 2 * MINUTE, request={"policyId": "p-guard001", **request})


def switch(name, kind, after=MINUTE):
    """A policy type switched on or off."""
    return call(name, after, request={"rootId": ROOT, "policyType": kind})


def accept(action, organization=OTHER, account=MEMBER):
    """A handshake accepted."""
    parties = [{"type": "ORGANIZATION", "id": organization}]
    response = {"handshake": {"id": "h-example01", "action": action, "parties": parties}}
    return call("AcceptHandshake", MINUTE, user(accountId=account), responseElements=response)


CREATED = call("CreateOrganization", responseElements={"organization": {"id": OURS}})
TAGS = write_policy("CreatePolicy", "{}", policy_type="TAG_POLICY")
GONE = service_event(
    "AccountDepartedOrganization", 2 * MINUTE, accountId=MEMBER, departureMethod="CLEANED"
)
MOVE = {"accountId": MEMBER, "sourceParentId": OU, "destinationParentId": OTHER_OU}
GUARD = "SCP guard (p-guard001)"
REFORMATTED = json.dumps(json.loads(text(LEAVE)), indent=2)

EXAMPLES = {
    ("AcceptHandshake", "left"): (
        [CREATED, accept("INVITE")],
        "critical",
        (
            "account 222233334444 accepted an invitation of organization o-otherorg99 (handshake "
            "h-example01) and thereby left the organization"
        ),
    ),
    ("AcceptHandshake", "joined"): (
        [CREATED, accept("INVITE", OURS)],
        "medium",
        (
            "account 222233334444 accepted the invitation of organization o-exampleorg1 (handshake "
            "h-example01) and thereby joined the organization"
        ),
    ),
    ("AcceptHandshake", "joined_or_left"): (
        [accept("INVITE")],
        "high",
        (
            "account 222233334444 accepted an invitation of organization o-otherorg99 (handshake "
            "h-example01); the log does not tell whether it left an organization"
        ),
    ),
    ("AcceptHandshake", "features_approved"): (
        [accept("ENABLE_ALL_FEATURES", OURS)],
        "low",
        "account 222233334444 approved the change to all features (handshake h-example01)",
    ),
    ("AcceptHandshake", "features_enabled"): (
        [accept("APPROVE_ALL_FEATURES", OURS, MANAGEMENT)],
        "medium",
        "completed the change to all features (handshake h-example01)",
    ),
    ("AcceptHandshake", "role_accepted"): (
        [accept("ADD_ORGANIZATIONS_SERVICE_LINKED_ROLE", OURS)],
        "low",
        (
            "account 222233334444 agreed to the service-linked role of AWS Organizations (handshake "
            "h-example01)"
        ),
    ),
    ("AcceptHandshake", "bills_taken_over"): (
        [CREATED, accept("TRANSFER_RESPONSIBILITY", OURS, OTHER_MANAGEMENT)],
        "medium",
        (
            "accepted that the management account of organization o-exampleorg1 takes over the bills "
            "of the organization of account 999900001111 (handshake h-example01)"
        ),
    ),
    ("AcceptHandshake", "bills_handed_over"): (
        [CREATED, accept("TRANSFER_RESPONSIBILITY", OTHER, MANAGEMENT)],
        "high",
        (
            "accepted that the management account of organization o-otherorg99 takes over the bills "
            "of this organization (handshake h-example01)"
        ),
    ),
    ("AccountDepartedOrganization", "cleaned"): (
        [call("CloseAccount", request={"accountId": MEMBER}), GONE],
        "low",
        "account 222233334444 was permanently removed, 90 days after it was closed",
    ),
    ("AccountDepartedOrganization", "cleaned_unexplained"): (
        [GONE],
        "medium",
        (
            "account 222233334444 was permanently removed, 90 days after it was closed; its closing "
            "is not in the log"
        ),
    ),
    ("MoveAccount", "out_of_reach"): (
        [create(LEAVE), attach("p-guard001", OU), call("MoveAccount", 2 * MINUTE, request=MOVE)],
        "high",
        (
            "moved account 222233334444 from OU ou-exam-11111111 to OU ou-exam-22222222, out of the "
            "reach of SCP guard (p-guard001)"
        ),
    ),
    ("UpdatePolicy", "reformatted"): (
        [create(LEAVE), update(content=REFORMATTED)],
        "low",
        f"reformatted {GUARD}; its meaning is unchanged",
    ),
    ("UpdatePolicy", "same_meaning"): (
        [create(LEAVE), update(description="what it is for")],
        "low",
        f"updated {GUARD}: description",
    ),
    ("UpdatePolicy", "minor"): (
        [TAGS, update(content='{"tags": {"cost": {"tag_key": {"@@assign": "Cost"}}}}')],
        "medium",
        "updated tag policy guard (p-guard001): tags added",
    ),
    ("DeletePolicy", "replaced"): (
        [
            create(LEAVE),
            create(LEAVE, USERS, policy_id="p-guard002"),
            attach("p-guard001", OU),
            attach("p-guard002", ROOT),
            attach("p-guard001", OU, "DetachPolicy"),
            call("DeletePolicy", 2 * MINUTE, request={"policyId": "p-guard001"}),
        ],
        "low",
        f"deleted {GUARD}; where it had been attached, other policies deny the same",
    ),
    ("AttachPolicy", "allow_list_lifted"): (
        [attach("p-FullAWSAccess", OU)],
        "high",
        (
            "attached SCP FullAWSAccess (p-FullAWSAccess) to OU ou-exam-11111111, which lifts the "
            "allow list there"
        ),
    ),
    ("AttachPolicy", "everything_denied"): (
        [create(EVERYTHING), attach("p-guard001", ROOT)],
        "high",
        f"attached {GUARD} to organization root r-exam: it denies everything there",
    ),
    ("DetachPolicy", "only_allows"): (
        [attach("p-FullAWSAccess", OU, "DetachPolicy")],
        "medium",
        (
            "detached SCP FullAWSAccess (p-FullAWSAccess) from OU ou-exam-11111111: only what other "
            "SCPs allow there remains possible"
        ),
    ),
    ("DetachPolicy", "still_denied"): (
        [
            create(LEAVE),
            create(LEAVE | {"Sid": "X"}, policy_id="p-guard002"),
            attach("p-guard001", OU),
            attach("p-guard002", ROOT),
            attach("p-guard001", OU, "DetachPolicy", 2 * MINUTE),
        ],
        "low",
        f"detached {GUARD} from OU ou-exam-11111111, where other policies still deny the same",
    ),
    ("DetachPolicy", "minor"): (
        [TAGS, attach("p-guard001", OU, "DetachPolicy")],
        "medium",
        "detached tag policy guard (p-guard001) from OU ou-exam-11111111",
    ),
    ("EnablePolicyType", "enabled_again"): (
        [
            switch("DisablePolicyType", "SERVICE_CONTROL_POLICY"),
            switch("EnablePolicyType", "SERVICE_CONTROL_POLICY", 2 * MINUTE),
        ],
        "low",
        (
            "enabled service control policies (SCPs) in organization root r-exam again; what was "
            "attached before does not come back: only FullAWSAccess is attached, everywhere"
        ),
    ),
    ("DisablePolicyType", "minor"): (
        [TAGS, attach("p-guard001", OU), switch("DisablePolicyType", "TAG_POLICY", 2 * MINUTE)],
        "medium",
        (
            "disabled tag policies in organization root r-exam, which detached tag policy guard "
            "(p-guard001) from OU ou-exam-11111111"
        ),
    ),
    ("DisablePolicyType", "protecting"): (
        [switch("DisablePolicyType", "BACKUP_POLICY")],
        "high",
        "disabled backup policies in organization root r-exam",
    ),
    ("EffectivePolicyValidation", "valid"): (
        [
            service_event(
                "EffectivePolicyValidation",
                accountId=MEMBER,
                policyType="TAG_POLICY",
                state="VALID",
            )
        ],
        "info",
        "the effective tag policy of account 222233334444 became valid",
    ),
    ("EnableAWSServiceAccess", "powerful"): (
        [call("EnableAWSServiceAccess", request={"servicePrincipal": "sso.amazonaws.com"})],
        "high",
        "enabled trusted access for sso.amazonaws.com",
    ),
    ("ResponsibilityTransferAccepted", "bills_taken_over"): (
        [
            service_event(
                "ResponsibilityTransferAccepted",
                id="rt-example1",
                source={"managementAccountId": OTHER_MANAGEMENT},
                target={"managementAccountId": MANAGEMENT},
                startTimestamp="Dec 1, 2026, 12:00:00 AM",
            )
        ],
        "medium",
        (
            "responsibility transfer rt-example1 was accepted: account 111122223333 pays the bills of "
            "the organization of account 999900001111 from 2026-12-01"
        ),
    ),
}


def last(*events):
    """The case, severity and sentence of the last change."""
    change = changes(*events)[-1]
    return change.case, change.severity, change.description


def test_every_case_has_an_example():
    """No severity is without a call that has it."""
    cases = {(one.name, case.name) for one in ORGANIZATIONS.operations for case in one.cases}
    assert cases == EXAMPLES.keys()


@pytest.mark.parametrize(("operation", "case"), EXAMPLES)
def test_a_call_is_graded_by_what_it_is_about(operation, case):
    """The case, its severity and its sentence."""
    events, severity, description = EXAMPLES[operation, case]
    assert last(*events) == (case, severity, description)


@pytest.mark.parametrize(
    ("events", "severity"),
    [
        ([create(LEAVE), update(content=text(LEAVE | {"Sid": "Other"}))], "low"),
        ([create(LEAVE, USERS), update(content=text(USERS, LEAVE))], "low"),
        ([create(LEAVE), update(content=text(LEAVE))], "low"),
        ([create(LEAVE), update(content=text(LEAVE, USERS))], "high"),
        ([create(LEAVE), update(content=text(LEAVE | {"Effect": "Allow"}))], "high"),
        ([update(content=text(LEAVE))], "high"),
        ([create(LEAVE), update(omitted=True)], "high"),
        ([create(LEAVE), call("UpdatePolicy", 2 * MINUTE)], "high"),
        ([create(EVERYTHING), attach("p-guard001", MEMBER)], "medium"),
        ([create(EVERYTHING | {"Condition": {"Bool": {}}}), attach("p-guard001", ROOT)], "medium"),
        ([create(ALLOW), attach("p-guard001", OU, "DetachPolicy")], "medium"),
        ([create(LEAVE), attach("p-guard001", OU, "DetachPolicy")], "high"),
        ([switch("DisablePolicyType", "SERVICE_CONTROL_POLICY")], "critical"),
        ([switch("DisablePolicyType", "DECLARATIVE_POLICY_EC2")], "critical"),
        ([switch("DisablePolicyType", "NOVEL_POLICY")], "critical"),
        ([switch("EnablePolicyType", "SERVICE_CONTROL_POLICY")], "low"),
        ([call("EnableAWSServiceAccess", request={"servicePrincipal": "x.example"})], "medium"),
        ([call("MoveAccount", request=MOVE)], "medium"),
        ([create(LEAVE), call("DeletePolicy", request={"policyId": "p-guard001"})], "medium"),
    ],
)
def test_a_neighbour_of_a_case_is_graded_as_before(events, severity):
    """A text that is not known, or says something else, is never taken for the same."""
    assert last(*events)[1] == severity


def test_a_policy_at_the_root_covers_a_move_below_it():
    """What the new place inherits is not lost."""
    made = create(LEAVE), attach("p-guard001", OU), attach("p-guard001", ROOT)
    assert last(*made, call("MoveAccount", 2 * MINUTE, request=MOVE))[0] is None


def test_a_run_that_rewrites_everything_with_the_same_meaning_is_low():
    """Control Tower and Terraform write every policy again: nobody is paged for that."""
    made = [create(LEAVE, USERS, policy_id=f"p-guard00{number}") for number in range(9)]
    again = json.dumps(json.loads(text(USERS | {"Sid": "V"}, LEAVE)), indent=4)
    run = [
        call(
            "UpdatePolicy",
            MINUTE,
            request={"policyId": f"p-guard00{number}", "content": again, "name": "guard"},
        )
        for number in range(9)
    ]
    assert {change.severity for change in changes(*made, *run)} == {"low"}


def test_an_attempt_is_graded_by_the_same_case():
    """A refusal that names the policy is one level lower than the deed."""
    refusal = (
        "User: x is not authorized to perform: organizations:AttachPolicy on resource: "
        "arn:aws:organizations::111122223333:policy/o-exampleorg1/service_control_policy/p-guard001"
    )
    assert last(denied("AttachPolicy", errorMessage=refusal))[1] == "low"
    failed = attach("p-FullAWSAccess", OU)
    failed = call(
        "AttachPolicy", request=failed.request, errorCode="DuplicatePolicyAttachmentException"
    )
    assert last(failed) == (
        "allow_list_lifted",
        "medium",
        (
            "tried to attach SCP FullAWSAccess (p-FullAWSAccess) to OU ou-exam-11111111, which would "
            "lift the allow list there: failed (DuplicatePolicyAttachmentException)"
        ),
    )


def test_what_was_renamed_besides_is_told():
    """A statement with another name is no other statement, and the policy's new name is shown."""
    renamed = text(LEAVE | {"Sid": "Stay"})
    assert last(create(LEAVE), update(content=renamed)) == (
        "reformatted",
        "low",
        f"renamed statements of {GUARD}; its meaning is unchanged",
    )
    case, severity, description = last(create(LEAVE), update(content=renamed, name="stay"))
    assert (case, severity) == ("same_meaning", "low")
    assert description == f"updated {GUARD}: text rewritten with the same meaning; renamed to stay"


@pytest.mark.parametrize(
    ("code", "message", "ending"),
    [
        (
            "ConstraintViolationException",
            "You can't leave: ACCOUNT_CANNOT_LEAVE_ORGANIZATION, sorry",
            "failed (ConstraintViolationException: ACCOUNT_CANNOT_LEAVE_ORGANIZATION)",
        ),
        ("ConstraintViolationException", "no reason", "failed (ConstraintViolationException)"),
        ("TooManyRequestsException", None, "failed (TooManyRequestsException)"),
    ],
)
def test_the_reason_of_a_failure_is_told(code, message, ending):
    """AWS gives the reason of a violated constraint in the message."""
    request = {"accountId": MEMBER}
    failed = call(
        "RemoveAccountFromOrganization", request=request, errorCode=code, errorMessage=message
    )
    assert last(failed)[2] == f"tried to remove account {MEMBER} from the organization: {ending}"


def test_a_delegation_policy_is_known_without_being_named():
    """DeleteResourcePolicy names nothing; the log before it does."""
    summary = {"resourcePolicySummary": {"id": "rp-exdeleg7"}}
    put = [
        call("PutResourcePolicy", number * MINUTE, responseElements={"resourcePolicy": summary})
        for number in range(3)
    ]
    gone = call("DeleteResourcePolicy", 5 * MINUTE)
    again = call("PutResourcePolicy", 6 * MINUTE, responseElements={"resourcePolicy": summary})
    told = changes(*put[:2], gone, again)
    assert [change.description.partition(" (")[0] for change in told] == [
        "wrote the organization's delegation policy rp-exdeleg7",
        "updated the organization's delegation policy rp-exdeleg7",
        "deleted the organization's delegation policy rp-exdeleg7",
        "created the organization's delegation policy rp-exdeleg7",
    ]
    assert {change.target_id for change in told} == {"rp-exdeleg7"}


def test_the_organization_is_a_target_that_calls_do_not_name():
    """DeleteOrganization names nothing; its creation does."""
    told = changes(
        CREATED, call("EnableAllFeatures", MINUTE), call("DeleteOrganization", 2 * MINUTE)
    )
    assert [change.target_id for change in told] == [OURS, OURS, OURS]
    assert told[-1].description == f"deleted the organization {OURS}"


def test_an_account_is_told_with_the_role_into_it():
    """The role is the door into the account, and bills are what IAM users may see there."""
    request = {"roleName": "backdoor-admin", "iamUserAccessToBilling": "DENY"}
    response = {"createAccountStatus": {"id": "car-1"}}
    assert last(call("CreateAccount", request=request, responseElements=response))[2] == (
        "requested a new account (car-1; role backdoor-admin; IAM access to billing: deny); "
        "no result in the log"
    )


def test_a_billing_transfer_is_told_with_its_parties_and_dates():
    """Who pays whose bills is known from any event about the transfer."""
    transfer = {
        "id": "rt-example1",
        "source": {"managementAccountId": MANAGEMENT},
        "target": {"managementAccountId": OTHER_MANAGEMENT},
    }
    accepted = service_event("ResponsibilityTransferAccepted", **transfer)
    end = {"id": "rt-example1", "endTimestamp": "Dec 31, 2026, 6:30:00 PM"}
    ended = call("TerminateResponsibilityTransfer", MINUTE, request=end)
    told = changes(accepted, ended)
    assert [change.severity for change in told] == ["high", "medium"]
    assert told[1].description == (
        "terminated responsibility transfer rt-example1 as of 2026-12-31 18:30 UTC (account "
        "999900001111 pays the bills of the organization of account 111122223333)"
    )


@pytest.mark.parametrize(
    ("name", "resource", "description"),
    [
        ("TagResource", "account/o-ex/222233334444", "tried to tag account 222233334444"),
        ("UntagResource", "root/o-ex/r-ex", "tried to remove tags from organization root r-ex"),
        ("ListParents", "ou/o-ex/ou-ex-1", "tried to look up the parent of OU ou-ex-1"),
        (
            "DisablePolicyType",
            "root/o-ex/r-ex",
            "tried to disable a policy type in organization root r-ex",
        ),
    ],
)
def test_a_denied_call_reads_as_a_sentence(name, resource, description):
    """What a refusal names is told where a person expects it."""
    arn = f"arn:aws:organizations::111122223333:{resource}"
    message = f"User: x is not authorized to perform: y on resource: {arn} because no"
    (change,) = changes(denied(name, errorMessage=message))
    assert change.description == f"{description}: denied"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Dev", "Dev"),
        ("Dev and Test", "Dev and Test"),
        ("Workloads/Prod", '"Workloads/Prod"'),
        ("a (b)", '"a (b)"'),
        ("a: denied", '"a: denied"'),
        ('say "x"', r'"say \"x\""'),
        ("it's", '"it\'s"'),
        ("a, b", '"a, b"'),
        (" a", '" a"'),
        ("back\\slash", r'"back\\slash"'),
    ],
)
def test_a_name_that_could_be_words_is_quoted(name, shown):
    """A sentence can be read in one way only, whatever somebody calls a thing."""
    request = {"organizationalUnitId": OU, "name": name}
    made = call(
        "CreateOrganizationalUnit",
        request={"parentId": ROOT, "name": name},
        responseElements={"organizationalUnit": {"id": OU, "name": name}},
    )
    assert last(call("UpdateOrganizationalUnit", request=request))[2].endswith(f" to {shown}")
    assert last(made)[2] == f"created OU {shown} ({OU}) in organization root {ROOT}"
    tagged = call("TagResource", request={"resourceId": OU, "tags": [{"key": "k", "value": name}]})
    assert last(tagged)[2] == f"tagged OU {OU} with k={shown}"
    before_call = changes(made, call("DeleteOrganizationalUnit", MINUTE, request=request))
    if name:
        assert before_call[-1].description == f"deleted OU {shown} ({OU})"


def test_a_path_of_names_shows_where_each_ends():
    """An OU called like a path is not the OU at that path."""
    units = [
        call(
            "CreateOrganizationalUnit",
            request={"parentId": parent, "name": name},
            responseElements={"organizationalUnit": {"id": identifier, "name": name}},
        )
        for parent, identifier, name in (
            (ROOT, "ou-exam-1", "Work"),
            ("ou-exam-1", "ou-exam-2", "A/B"),
            (ROOT, "ou-exam-3", "Work/A"),
            ("ou-exam-3", "ou-exam-4", "B"),
        )
    ]
    gone = [
        call("DeleteOrganizationalUnit", MINUTE, request={"organizationalUnitId": one})
        for one in ("ou-exam-2", "ou-exam-4")
    ]
    told = [change.description for change in changes(*units, *gone)[-2:]]
    assert told == [
        'deleted OU Work/"A/B" (ou-exam-2)',
        'deleted OU "Work/A"/B (ou-exam-4)',
    ]
