"""Every operation and service event is graded, with a reason, and what is published stays exact."""

from __future__ import annotations

import re
from collections import Counter

import botocore.session
import pytest
from making import call, changes

from trailscan.events.event import decode_event
from trailscan.organizations.catalogue import catalogue, operation
from trailscan.organizations.context import SentenceContext
from trailscan.organizations.operation import READ
from trailscan.organizations.services import ORGANIZATIONS
from trailscan.organizations.severity import ATTACK_VERSION, CIS_CONTROL, SEVERITIES
from trailscan.organizations.state import Organization

OPERATIONS = {one.name: one for one in ORGANIZATIONS.operations}
READS = {name for name, row in OPERATIONS.items() if row.category == READ}
CHANGES = set(OPERATIONS) - READS
SERVICE_EVENTS = {name for name, row in OPERATIONS.items() if row.service_event}
WHERE = "the modules of trailscan/organizations/services/organizations/"
EVENT = decode_event({"eventTime": "2026-11-22T12:00:00Z", "eventID": "e"})
CALL = SentenceContext(EVENT, EVENT, Organization(), {}, {})


def severity_of(name, *, succeeded):
    """The severity of a call that says nothing, given how it ended."""
    row = OPERATIONS[name]
    return row.graded(row.case_of(CALL), succeeded=succeeded)


def attempt(name):
    """The severity of a call that was denied."""
    return severity_of(name, succeeded=False)


def rank(severity):
    """The position of a severity, from 0."""
    return SEVERITIES.index(severity)


def names(severity):
    """The events of a severity, reads left out."""
    return {name for name in CHANGES if OPERATIONS[name].severity == severity}


def test_every_operation_and_service_event_has_a_row():
    """An operation that AWS adds must be graded here, and one that it drops must go."""
    calls = set(botocore.session.Session().get_service_model("organizations").operation_names)
    missing = calls - set(OPERATIONS)
    assert not missing, f"add a record to {WHERE} for each of: {sorted(missing)}"
    stale = set(OPERATIONS) - calls - SERVICE_EVENTS
    assert not stale, f"remove from {WHERE}, botocore does not know: {sorted(stale)}"
    assert set(OPERATIONS) == calls | SERVICE_EVENTS
    assert (len(calls), len(SERVICE_EVENTS), len(OPERATIONS)) == (63, 7, 70)


def test_severities_ascend():
    """The order of the severities is that in which they grow graver."""
    assert SEVERITIES == ("info", "low", "medium", "high", "critical")


def test_the_cis_control_has_its_eighteen_events():
    """Exactly the events of the benchmark carry its control."""
    assert {name: row.cis for name, row in OPERATIONS.items() if row.cis} == dict.fromkeys(
        [
            "AcceptHandshake",
            "AttachPolicy",
            "CreateAccount",
            "CreateOrganizationalUnit",
            "CreatePolicy",
            "DeclineHandshake",
            "DeleteOrganization",
            "DeleteOrganizationalUnit",
            "DeletePolicy",
            "DetachPolicy",
            "DisablePolicyType",
            "EnablePolicyType",
            "InviteAccountToOrganization",
            "LeaveOrganization",
            "MoveAccount",
            "RemoveAccountFromOrganization",
            "UpdateOrganizationalUnit",
            "UpdatePolicy",
        ],
        "CIS AWS Foundations 5.15",
    )
    assert CIS_CONTROL == "CIS AWS Foundations 5.15"


def test_the_gravest_are_those_after_which_accounts_are_out_of_control():
    """Critical and high are few, so that they are read."""
    assert names("critical") == {
        "AccountDepartedOrganization",
        "CloseAccount",
        "CloseAccountResult",
        "DeleteOrganization",
        "DisablePolicyType",
        "LeaveOrganization",
        "RemoveAccountFromOrganization",
    }
    assert names("high") == {
        "AcceptHandshake",
        "DeleteResourcePolicy",
        "DeregisterDelegatedAdministrator",
        "DetachPolicy",
        "DisableAWSServiceAccess",
        "PutResourcePolicy",
        "RegisterDelegatedAdministrator",
        "ResponsibilityTransferAccepted",
        "UpdatePolicy",
    }


def test_housekeeping_is_low():
    """What changes nothing that anyone may do stands below all the rest, and no change is info."""
    assert names("low") == {
        "CancelHandshake",
        "CreateOrganizationalUnit",
        "CreatePolicy",
        "DeclineHandshake",
        "EnablePolicyType",
        "TagResource",
        "UntagResource",
        "UpdateOrganizationalUnit",
        "UpdateResponsibilityTransfer",
    }
    assert names("info") == set()


def test_a_denied_attempt_to_leave_is_as_grave_as_leaving():
    """A blocked try to leave the organization is as strong a sign as a successful one."""
    assert severity_of("LeaveOrganization", succeeded=True) == "critical"
    assert severity_of("LeaveOrganization", succeeded=False) == "critical"


def test_an_attempt_is_one_level_less_than_a_deed():
    """Only leaving, and events that cannot be tried, keep their level; nothing falls below low."""
    same = {name for name in CHANGES if attempt(name) == OPERATIONS[name].severity != "low"}
    assert same == {
        "LeaveOrganization",
        *SERVICE_EVENTS - {"CreateAccountResult", "CloseAccountResult"},
    }
    for name in CHANGES - same:
        level = rank(OPERATIONS[name].severity)
        assert rank(attempt(name)) == max(level - 1, rank("low")), name


@pytest.mark.parametrize("name", [name for name, row in OPERATIONS.items() if row.result])
def test_a_result_is_as_grave_as_its_request(name):
    """Whichever of the two a trail holds, the level is the same."""
    levels = (OPERATIONS[name].severity, attempt(name))
    result = OPERATIONS[name].result
    assert (OPERATIONS[result].severity, attempt(result)) == levels


def test_reads_are_info_and_at_most_low_when_denied():
    """No read is above low, and only one that a published rule watches is more than info."""
    assert {OPERATIONS[name].severity for name in READS} == {"info"}
    denied = {name: attempt(name) for name in READS}
    assert denied == {name: "low" if OPERATIONS[name].mitre else "info" for name in READS}


def test_reads_that_map_the_organization_carry_discovery():
    """The reads of the published rules, and no others, are mapped to a technique."""
    mapped = {name: OPERATIONS[name].mitre for name in READS if OPERATIONS[name].mitre}
    assert mapped == {
        **dict.fromkeys(
            [
                "DescribeAccount",
                "DescribeOrganization",
                "DescribeOrganizationalUnit",
                "DescribeResourcePolicy",
                "ListAWSServiceAccessForOrganization",
                "ListAccounts",
                "ListAccountsForParent",
                "ListDelegatedAdministrators",
                "ListDelegatedServicesForAccount",
                "ListOrganizationalUnitsForParent",
                "ListPolicies",
                "ListRoots",
            ],
            ("T1087.004", "T1580"),
        ),
    }


def test_changes_carry_the_techniques_that_were_published_for_them():
    """Ids are those of ATT&CK v19, which revoked T1562, and of AWS's catalog (`.A00…`)."""
    assert ATTACK_VERSION == "v19"
    assert {name: OPERATIONS[name].mitre for name in CHANGES if OPERATIONS[name].mitre} == {
        "AcceptHandshake": ("T1666",),
        "AccountDepartedOrganization": ("T1666", "T1666.A002"),
        "AccountJoinedOrganization": ("T1666", "T1666.A001"),
        "CloseAccount": ("T1485", "T1531"),
        "CloseAccountResult": ("T1485", "T1531"),
        "CreateAccount": ("T1136.003", "T1666", "T1666.A001"),
        "CreateAccountResult": ("T1136.003", "T1666", "T1666.A001"),
        "CreateGovCloudAccount": ("T1136.003", "T1666", "T1666.A001"),
        "DeleteOrganization": ("T1666",),
        "DeleteOrganizationalUnit": ("T1666",),
        "DetachPolicy": ("T1666",),
        "DisablePolicyType": ("T1666",),
        "EnableAWSServiceAccess": ("T1098.003",),
        "InviteAccountToOrganization": ("T1666", "T1666.A001"),
        "LeaveOrganization": ("T1531", "T1666", "T1666.A002", "T1685", "T1685.002"),
        "MoveAccount": ("T1666",),
        "PutResourcePolicy": ("T1098",),
        "RegisterDelegatedAdministrator": ("T1098.003",),
        "RemoveAccountFromOrganization": ("T1666", "T1685"),
    }


@pytest.mark.parametrize("row", OPERATIONS.values(), ids=OPERATIONS)
def test_a_row_is_well_formed(row):
    """Levels are known, techniques are ids in order, and the reason is one sentence."""
    assert row.severity in SEVERITIES
    assert row.graded(row.case_of(CALL), succeeded=False) in SEVERITIES
    assert all(re.fullmatch(r"T\d{4}(\.\d{3}|\.A\d{3})?", each) for each in row.mitre)
    assert row.mitre == tuple(sorted(set(row.mitre)))
    assert row.cis in {"", CIS_CONTROL}
    assert re.fullmatch(r"[A-Z][^.!?;]{30,160}\.", row.reason)


def test_every_change_has_a_reason_of_its_own():
    """Only reads share a reason."""
    reasons = Counter(row.reason for row in OPERATIONS.values())
    assert {name for name in CHANGES if reasons[OPERATIONS[name].reason] > 1} == set()
    assert len({OPERATIONS[name].reason for name in READS}) == 4


def test_every_row_says_who_published_that_it_should_be_watched():
    """What rests on others can be told from our own judgement."""
    assert {row.watched_by for row in OPERATIONS.values()} == {
        "AWS CIRT",
        "CIS",
        "Datadog",
        "Elastic",
        "LZA",
        "MITRE DET0155",
        "Panther",
        "Prowler",
        "df00tech",
        "incident-response",
        "streamalert",
        "survival-kit",
        "trailscan",
    }
    ours = [row for row in OPERATIONS.values() if row.watched_by == "trailscan"]
    assert not any(row.cis for row in ours)


@pytest.mark.parametrize("fields", [{}, {"errorCode": "AccessDenied"}])
def test_an_unknown_event_is_medium(fields):
    """An event of tomorrow is neither hidden nor an alarm, however it ended."""
    assert operation(ORGANIZATIONS.event_source, "MakeNovelty") is None
    (change,) = changes(call("MakeNovelty", **fields))
    assert (change.known, change.severity) == (False, "medium")


def test_an_event_is_graded_by_its_record():
    """The record has the reason, the outcome says which of its two levels holds."""
    row = operation(ORGANIZATIONS.event_source, "DetachPolicy")
    assert row.reason == (
        "Takes a policy off accounts, so that what it forbade can be possible at once."
    )
    assert (row.mitre, row.cis, row.watched_by) == (
        ("T1666",), "CIS AWS Foundations 5.15", "survival-kit",
    )  # fmt: skip
    assert severity_of("DetachPolicy", succeeded=True) == "high"
    assert severity_of("DetachPolicy", succeeded=False) == "medium"


def test_the_records_cannot_be_changed():
    """No part of the program can grade for another."""
    row = operation(ORGANIZATIONS.event_source, "LeaveOrganization")
    with pytest.raises(TypeError, match="does not support item assignment"):
        catalogue().operations[ORGANIZATIONS.event_source, "LeaveOrganization"] = row
    with pytest.raises(AttributeError, match="immutable"):
        row.severity = "info"
