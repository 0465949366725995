"""The state of the organization, folded over its events."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import reduce
from typing import Any

import pytest
from rpds import HashTrieMap

from trailscan.events.event import decode_event
from trailscan.organizations.replay import apply
from trailscan.organizations.services import ORGANIZATIONS
from trailscan.organizations.state import (
    Account,
    Handshake,
    Membership,
    Organization,
    OrganizationalUnit,
    Policy,
    ResourcePolicy,
    Transfer,
)

EFFECTS = {operation.name for operation in ORGANIZATIONS.operations if operation.effect}
MANAGEMENT = "111122223333"
MEMBER = "222233334444"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FOUNDER = Account(status="active", joined_at=NOON, organization_id="o-ex")


def make(name: str, request: Any = None, response: Any = None, **fields: Any):
    """An Organizations event of the management account."""
    return decode_event(
        {
            "eventTime": "2026-11-22T12:00:00Z",
            "eventID": "e",
            "eventSource": "organizations.amazonaws.com",
            "eventName": name,
            "recipientAccountId": MANAGEMENT,
            "userIdentity": {"type": "IAMUser", "accountId": MANAGEMENT},
            "requestParameters": request,
            "responseElements": response,
            **fields,
        }
    )


def told(name: str, **details: Any):
    """A service event."""
    return make(name, serviceEventDetails=details)


def after(*events: Any, known: Organization | None = None) -> dict[str, Any]:
    """What a state has after some events, without what it has not."""
    state = reduce(apply, events, known or Organization())
    maps = {name: getattr(state, name) for name in state.__struct_fields__}
    indexes = {"attached_at", "attached_ever"}  # tested apart
    return {
        name: dict(found.items())
        for name, found in maps.items()
        if len(found) and name not in indexes
    }


def summary(identifier: str, **more: str):
    """A response with a policy."""
    return {"policy": {"policySummary": {"id": identifier, **more}, "content": "{}"}}


CASES: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "CreateOrganization": (
        [make("CreateOrganization", {"featureSet": "ALL"}, {"organization": {"id": "o-ex"}})],
        {
            "organizations": {"o-ex": Membership(MANAGEMENT, "all", members_known=True)},
            "accounts": {MANAGEMENT: FOUNDER},
        },
    ),
    "DeleteOrganization": (
        [
            make("CreateOrganization", None, {"organization": {"id": "o-ex"}}),
            make("DeleteOrganization"),
        ],
        {
            "organizations": {"o-ex": Membership(MANAGEMENT, deleted=True, members_known=True)},
            "accounts": {MANAGEMENT: FOUNDER},
        },
    ),
    "MoveAccount": (
        [
            make(
                "MoveAccount",
                {
                    "accountId": MEMBER,
                    "sourceParentId": "r-ex",
                    "destinationParentId": "ou-ex-1",
                },
            )
        ],
        {"accounts": {MEMBER: Account(parent_id="ou-ex-1")}, "roots": {"r-ex": True}},
    ),
    "CloseAccount": (
        [make("CloseAccount", {"accountId": MEMBER})],
        {"accounts": {MEMBER: Account(status="closed")}},
    ),
    "CloseAccountResult": (
        [
            told(
                "CloseAccountResult", closeAccountStatus={"accountId": MEMBER, "state": "SUCCEEDED"}
            )
        ],
        {"accounts": {MEMBER: Account(status="closed")}},
    ),
    "LeaveOrganization": (
        [make("LeaveOrganization")],
        {
            "accounts": {
                MANAGEMENT: Account(status="departed", departed_method="left", departed_at=NOON)
            }
        },
    ),
    "RemoveAccountFromOrganization": (
        [make("RemoveAccountFromOrganization", {"accountId": MEMBER})],
        {
            "accounts": {
                MEMBER: Account(status="departed", departed_method="removed", departed_at=NOON)
            }
        },
    ),
    "AccountJoinedOrganization": (
        [
            told(
                "AccountJoinedOrganization",
                accountId=MEMBER,
                joinedMethod="INVITED",
                joinedTime="Nov 22, 2026, 11:59:58 AM",
            )
        ],
        {
            "accounts": {
                MEMBER: Account(
                    status="active",
                    joined_method="invited",
                    joined_at=datetime(2026, 11, 22, 11, 59, 58, tzinfo=UTC),
                )
            }
        },
    ),
    "AccountDepartedOrganization": (
        [
            told(
                "AccountDepartedOrganization",
                accountId=MEMBER,
                departedMethod="Cleaned",
                departureTime="Nov 22, 2026 11:59:58 AM",
            )
        ],
        {
            "accounts": {
                MEMBER: Account(
                    status="departed",
                    departed_method="cleaned",
                    departed_at=datetime(2026, 11, 22, 11, 59, 58, tzinfo=UTC),
                )
            }
        },
    ),
    "CreateOrganizationalUnit": (
        [
            make(
                "CreateOrganizationalUnit",
                {"parentId": "r-ex", "name": "Dev"},
                {"organizationalUnit": {"id": "ou-ex-1", "name": "Dev"}},
            )
        ],
        {"units": {"ou-ex-1": OrganizationalUnit("Dev", "r-ex")}, "roots": {"r-ex": True}},
    ),
    "UpdateOrganizationalUnit": (
        [make("UpdateOrganizationalUnit", {"organizationalUnitId": "ou-ex-1", "name": "Test"})],
        {"units": {"ou-ex-1": OrganizationalUnit("Test")}},
    ),
    "DeleteOrganizationalUnit": (
        [make("DeleteOrganizationalUnit", {"organizationalUnitId": "ou-ex-1"})],
        {"units": {"ou-ex-1": OrganizationalUnit(deleted=True)}},
    ),
    "CreatePolicy": (
        [
            make(
                "CreatePolicy",
                {"name": "Guard", "type": "TAG_POLICY", "content": "{}", "description": "d"},
                summary("p-ex1", name="Guard", type="TAG_POLICY"),
            )
        ],
        {"policies": {"p-ex1": Policy("Guard", "TAG_POLICY", "d", "{}")}},
    ),
    "UpdatePolicy": (
        [
            make("CreatePolicy", {"name": "Guard", "content": "{}"}, summary("p-ex1")),
            make("UpdatePolicy", {"policyId": "p-ex1", "content": '{"a": 1}'}),
        ],
        {"policies": {"p-ex1": Policy("Guard", content='{"a": 1}')}},
    ),
    "DeletePolicy": (
        [make("DeletePolicy", {"policyId": "p-ex1"})],
        {"policies": {"p-ex1": Policy(deleted=True)}},
    ),
    "AttachPolicy": (
        [make("AttachPolicy", {"policyId": "p-ex1", "targetId": "r-ex"})],
        {"attachments": {("p-ex1", "r-ex"): True}, "roots": {"r-ex": True}},
    ),
    "DetachPolicy": (
        [make("DetachPolicy", {"policyId": "p-ex1", "targetId": MEMBER})],
        {"attachments": {("p-ex1", MEMBER): False}},
    ),
    "EnablePolicyType": (
        [make("EnablePolicyType", {"rootId": "r-ex", "policyType": "TAG_POLICY"})],
        {"policy_types": {("r-ex", "TAG_POLICY"): True}, "roots": {"r-ex": True}},
    ),
    "EnableAWSServiceAccess": (
        [make("EnableAWSServiceAccess", {"servicePrincipal": "ram.amazonaws.com"})],
        {"trusted_access": {(MANAGEMENT, "ram.amazonaws.com"): True}},
    ),
    "DisableAWSServiceAccess": (
        [make("DisableAWSServiceAccess", {"servicePrincipal": "ram.amazonaws.com"})],
        {"trusted_access": {(MANAGEMENT, "ram.amazonaws.com"): False}},
    ),
    "RegisterDelegatedAdministrator": (
        [
            make(
                "RegisterDelegatedAdministrator",
                {"accountId": MEMBER, "servicePrincipal": "ram.amazonaws.com"},
            )
        ],
        {"delegated_administrators": {(MEMBER, "ram.amazonaws.com"): True}},
    ),
    "DeregisterDelegatedAdministrator": (
        [
            make(
                "DeregisterDelegatedAdministrator",
                {"accountId": MEMBER, "servicePrincipal": "ram.amazonaws.com"},
            )
        ],
        {"delegated_administrators": {(MEMBER, "ram.amazonaws.com"): False}},
    ),
    "PutResourcePolicy": (
        [make("PutResourcePolicy")],
        {"resource_policies": {MANAGEMENT: ResourcePolicy()}},
    ),
    "DeleteResourcePolicy": (
        [make("DeleteResourcePolicy")],
        {"resource_policies": {MANAGEMENT: ResourcePolicy(deleted=True)}},
    ),
    "InviteAccountToOrganization": (
        [
            make(
                "InviteAccountToOrganization",
                {"target": {"id": MEMBER}},
                {"handshake": {"id": "h-ex", "action": "INVITE"}},
            )
        ],
        {"handshakes": {"h-ex": Handshake("invite", "open", MEMBER)}},
    ),
    "InviteOrganizationToTransferResponsibility": (
        [
            make(
                "InviteOrganizationToTransferResponsibility",
                {"target": {"id": MEMBER}},
                {"handshake": {"id": "h-ex", "action": "TRANSFER_RESPONSIBILITY"}},
            )
        ],
        {"handshakes": {"h-ex": Handshake("transfer responsibility", "open", MEMBER)}},
    ),
    "EnableAllFeatures": (
        [make("EnableAllFeatures", None, {"handshake": {"id": "h-ex"}})],
        {"handshakes": {"h-ex": Handshake(state="open")}},
    ),
    "AcceptHandshake": (
        [make("AcceptHandshake", {"handshakeId": "h-ex"})],
        {"handshakes": {"h-ex": Handshake(state="accepted")}},
    ),
    "CancelHandshake": (
        [make("CancelHandshake", {"handshakeId": "h-ex"})],
        {"handshakes": {"h-ex": Handshake(state="canceled")}},
    ),
    "DeclineHandshake": (
        [make("DeclineHandshake", {"handshakeId": "h-ex"})],
        {"handshakes": {"h-ex": Handshake(state="declined")}},
    ),
    "UpdateResponsibilityTransfer": (
        [make("UpdateResponsibilityTransfer", {"id": "rt-ex", "name": "Bills"})],
        {"transfers": {"rt-ex": Transfer("Bills")}},
    ),
    "TerminateResponsibilityTransfer": (
        [make("TerminateResponsibilityTransfer", {"id": "rt-ex"})],
        {"transfers": {"rt-ex": Transfer(status="ending")}},
    ),
    "ResponsibilityTransferAccepted": (
        [told("ResponsibilityTransferAccepted", responsibilityTransfer={"id": "rt-ex"})],
        {"transfers": {"rt-ex": Transfer(status="accepted")}},
    ),
    "ResponsibilityTransferTerminated": (
        [told("ResponsibilityTransferTerminated", id="rt-ex")],
        {"transfers": {"rt-ex": Transfer(status="terminated")}},
    ),
    "EffectivePolicyValidation": (
        [told("EffectivePolicyValidation", accountId=MEMBER, state="INVALID")],
        {},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_operation_changes_what_it_is_about(name):
    """What the event tells is in the state; everything else is not."""
    events, expected = CASES[name]
    assert after(*events) == expected


ELSEWHERE = {
    "CreateAccount",
    "CreateGovCloudAccount",
    "CreateAccountResult",
    "DisablePolicyType",
    "TagResource",
    "UntagResource",
}


def test_every_transition_is_tried():
    """No function of the fold is left without an example."""
    assert CASES.keys() | ELSEWHERE == EFFECTS


@pytest.mark.parametrize("name", sorted(EFFECTS))
def test_a_refused_call_changes_nothing(name):
    """A call with an error code leaves the very state there was."""
    state = Organization()
    assert apply(state, make(name, {"policyId": "p-ex1"}, errorCode="AccessDenied")) is state


def test_other_services_and_reads_change_nothing():
    """An event name that Organizations shares with another service is not taken for its own."""
    state = Organization()
    others = [
        make("CloseAccount", {"accountId": MEMBER}, eventSource="account.amazonaws.com"),
        make("CreateAccount", None, eventSource="signup.amazonaws.com"),
        make("AttachPolicy", {"policyId": "p", "targetId": "t"}, eventSource="iot.amazonaws.com"),
        *(make(one.name) for one in ORGANIZATIONS.operations if one.name not in EFFECTS),
        make("SplitOrganization"),
    ]
    assert reduce(apply, others, state) is state


def test_a_new_account_stands_in_the_root_with_the_name_asked_for():
    """The id comes with the result, the name with the request where it is not hidden."""
    status = {"id": "car-1", "state": "SUCCEEDED", "accountId": MEMBER, "accountName": "****"}
    found = after(
        make("AttachPolicy", {"policyId": "p-ex1", "targetId": "r-ex"}),
        make("CreateAccount", {"accountName": "Pay"}, {"createAccountStatus": {"id": "car-1"}}),
        told(
            "CreateAccountResult",
            createAccountStatus={
                **status,
                "completedTimestamp": "Sep 27, 2022 8:29:44 AM",
                "govCloudAccountId": "333344445555",
            },
        ),
    )
    assert found["accounts"] == {
        MEMBER: Account(
            name="Pay",
            parent_id="r-ex",
            status="active",
            joined_method="created",
            joined_at=datetime(2022, 9, 27, 8, 29, 44, tzinfo=UTC),
            govcloud_id="333344445555",
        )
    }


def test_a_failed_creation_makes_no_account():
    """A result says how it ended, not only that it did."""
    status = {"id": "car-1", "state": "FAILED", "failureReason": "EMAIL_ALREADY_EXISTS"}
    assert after(told("CreateAccountResult", createAccountStatus=status)) == {}


def test_disabling_a_policy_type_detaches_its_policies():
    """Policies of the type are attached to nothing any more; those of other types stay."""
    found = after(
        make("CreatePolicy", {}, summary("p-scp", type="SERVICE_CONTROL_POLICY")),
        make("CreatePolicy", {}, summary("p-tag", type="TAG_POLICY")),
        make("AttachPolicy", {"policyId": "p-scp", "targetId": MEMBER}),
        make("AttachPolicy", {"policyId": "p-tag", "targetId": MEMBER}),
        make(
            "DisablePolicyType",
            {"rootId": "r-ex", "policyType": "SERVICE_CONTROL_POLICY"},
            {"root": {"policyTypes": [{"type": "SERVICE_CONTROL_POLICY", "status": "ENABLED"}]}},
        ),
    )
    assert found["attachments"] == {("p-scp", MEMBER): False, ("p-tag", MEMBER): True}
    assert found["policy_types"] == {("r-ex", "SERVICE_CONTROL_POLICY"): False}


def test_tags_are_set_and_removed():
    """A removed tag is known to be removed; one never seen is not."""
    found = after(
        make("TagResource", {"resourceId": MEMBER, "tags": [{"key": "a", "value": "1"}, {}]}),
        make("TagResource", {"resourceId": MEMBER, "tags": [{"key": "b", "value": "2"}]}),
        make("UntagResource", {"resourceId": MEMBER, "tagKeys": ["a", "c"]}),
    )
    assert found == {"tags": {MEMBER: HashTrieMap({"a": None, "b": "2", "c": None})}}


def test_control_tower_gives_names():
    """Its lifecycle events name accounts and OUs in clear; a failed one is not believed."""
    account = {"accountId": MEMBER, "accountName": "payments"}
    unit = {"organizationalUnitId": "ou-ex-1", "organizationalUnitName": "Prod"}
    status = {"state": "SUCCEEDED", "account": account, "organizationalUnit": unit}
    source = {"eventSource": "controltower.amazonaws.com"}
    done = make("CreateManagedAccount", serviceEventDetails={"s": status}, **source)
    assert after(done) == {
        "accounts": {MEMBER: Account(name="payments")},
        "units": {"ou-ex-1": OrganizationalUnit("Prod")},
    }
    zone = {"state": "SUCCEEDED", "accounts": [account], "organizationalUnits": [unit]}
    assert after(make("SetupLandingZone", serviceEventDetails={"s": zone}, **source)) == after(done)
    failed = {**status, "state": "FAILED"}
    assert after(make("CreateManagedAccount", serviceEventDetails={"s": failed}, **source)) == {}


def test_names_of_the_log_come_before_those_of_the_user():
    """What the user gives is said only where no event told a name."""
    known = Organization.with_names({MEMBER: "given", "ou-ex-1": "Given", "r-ex": "Root"})
    state = reduce(apply, CASES["CreateOrganizationalUnit"][0] + CASES["MoveAccount"][0], known)
    found = [state.name_of(one) for one in (MEMBER, "ou-ex-1", "r-ex", "p-ex1")]
    assert found == ["given", "Dev", "Root", None]


def test_the_path_of_a_unit_is_known_or_not_told():
    """Names from the root down; where one name or parent is missing there is no path."""

    def unit(identifier, name, parent):
        return make(
            "CreateOrganizationalUnit",
            {"parentId": parent, "name": name},
            {"organizationalUnit": {"id": identifier, "name": name}},
        )

    state = reduce(
        apply,
        [
            unit("ou-ex-1", "Workloads", "r-ex"),
            unit("ou-ex-2", "Prod", "ou-ex-1"),
            unit("ou-ex-3", "Lost", "ou-ex-9"),
            unit("ou-ex-4", "Loop", "ou-ex-4"),
        ],
        Organization(),
    )
    found = [state.path_of(f"ou-ex-{number}") for number in range(1, 6)]
    assert found == [("Workloads",), ("Workloads", "Prod"), None, None, None]


def test_what_is_attached_is_known_by_target_and_by_policy():
    """Two indexes say the same as the attachments, and what was detached was attached once."""

    def attach(name, policy, target):
        return make(name, {"policyId": policy, "targetId": target})

    kind = summary("p-1", type="TAG_POLICY")
    state = reduce(
        apply,
        [
            make("CreatePolicy", {"type": "TAG_POLICY"}, kind),
            attach("AttachPolicy", "p-1", "ou-1"),
            attach("AttachPolicy", "p-2", "ou-1"),
            attach("AttachPolicy", "p-2", "ou-2"),
            attach("DetachPolicy", "p-2", "ou-2"),
            attach("DetachPolicy", "p-3", "ou-3"),
        ],
        Organization(),
    )
    assert {target: {*found} for target, found in state.attached_at.items()} == {
        "ou-1": {"p-1", "p-2"},
        "ou-2": set(),
        "ou-3": set(),
    }
    assert {policy: {*found} for policy, found in state.attached_ever.items()} == {
        "p-1": {"ou-1"},
        "p-2": {"ou-1", "ou-2"},
        "p-3": {"ou-3"},
    }
    disabled = make("DisablePolicyType", {"rootId": "r-ex", "policyType": "TAG_POLICY"})
    assert {*apply(state, disabled).attached_at["ou-1"]} == {"p-2"}


def test_children_are_indexed_by_parent():
    """What was ever in a root or OU; where it is now, the account or OU itself says."""
    unit = {"organizationalUnit": {"id": "ou-1", "name": "w"}}

    def move(source, destination):
        request = {
            "accountId": MEMBER,
            "sourceParentId": source,
            "destinationParentId": destination,
        }
        return make("MoveAccount", request)

    state = reduce(
        apply,
        [
            make("CreateOrganizationalUnit", {"parentId": "r-ex", "name": "w"}, unit),
            move("r-ex", "ou-1"),
            move("ou-1", "ou-2"),
        ],
        Organization(),
    )
    assert state.accounts[MEMBER].parent_id == "ou-2"
