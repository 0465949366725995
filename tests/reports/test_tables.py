"""Reports on the sample logs, and what their rows are made of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from making import MANAGEMENT, MEMBER, call, changes, denied, role, service_event, user

from trailscan.organizations.changes import Change
from trailscan.reports.accounts import account_lives
from trailscan.reports.catalogue import REPORTS
from trailscan.reports.cis import IN_CONTROL, NOT_IN_CONTROL
from trailscan.reports.denied import reason
from trailscan.reports.filter import ChangeFilter
from trailscan.reports.principals import NAMING
from trailscan.reports.tally import tally

MINUTE = timedelta(minutes=1)


def rows(table, *names):
    """Some columns of a report."""
    return [tuple(record[name] for name in names) for record in table.records()]


def test_principals_of_the_sample_logs(samples):
    """Who acted, how often, with what outcome, and who gave the name."""
    table = samples.report("principals")
    assert rows(
        table, "principal", "changes", "succeeded", "denied", "failed", "severity", "named_by"
    ) == [
        (
            "alice.moreau@example.com (OrgAdmin through Identity Center)",
            37,
            35,
            0,
            2,
            "critical",
            "Identity Center",
        ),
        ("role ci-scanner", 36, 0, 36, 0, "critical", "AWS"),
        (
            (
                "repo:example/org-baseline:ref:refs/heads/main (OIDC provider "
                "token.actions.githubusercontent.com), by role terraform-organization"
            ),
            21,
            21,
            0,
            0,
            "high",
            "identity provider",
        ),
        (
            "ben.okafor@example.com (SecurityEngineer through Identity Center)",
            10,
            9,
            0,
            1,
            "high",
            "Identity Center",
        ),
        ("break-glass-dana", 7, 6, 1, 0, "high", "AWS"),
        (
            (
                "repo:example/org-policies:ref:refs/heads/main (OIDC provider "
                "token.actions.githubusercontent.com), by role github-actions-organization"
            ),
            7,
            7,
            0,
            0,
            "medium",
            "identity provider",
        ),
        ("org-setup", 6, 6, 0, 0, "medium", "AWS"),
        ("AWS Organizations", 5, 5, 0, 0, "medium", "AWS"),
        ("controltower.amazonaws.com (role AWSControlTowerAdmin)", 5, 5, 0, 0, "medium", "AWS"),
        (
            "ines.duarte@example.com (Billing through Identity Center)",
            5,
            5,
            0,
            0,
            "medium",
            "Identity Center",
        ),
        ("root user of 111122223333", 5, 5, 0, 0, "critical", "AWS"),
        (
            "cloudformation.amazonaws.com, by role cfn-organization",
            4,
            4,
            0,
            0,
            "high",
            "AWS",
        ),
        (
            "chen.li@example.com (PowerUser through Identity Center)",
            2,
            1,
            1,
            0,
            "critical",
            "Identity Center",
        ),
        ("hq-admin", 2, 2, 0, 0, "medium", "AWS"),
        ("root user of 999900001111", 2, 2, 0, 0, "critical", "AWS"),
        (
            "fatima.haddad@example.com (AccountOwner through Identity Center)",
            1,
            1,
            0,
            0,
            "low",
            "Identity Center",
        ),
    ]
    assert table.notes[:2] == ("155 changes; all times", "made by 16 principals")


def test_a_principal_in_full(samples):
    """The whole row of one person."""
    (row,) = samples.report("principals", principal="ben.okafor").records()
    assert row == {
        "principal": "ben.okafor@example.com (SecurityEngineer through Identity Center)",
        "principal_kind": "identity_center_user",
        "changes": 10,
        "succeeded": 9,
        "denied": 0,
        "failed": 1,
        "severity": "high",
        "first": datetime(2026, 9, 7, 14, 5, 19, tzinfo=UTC),
        "last": datetime(2026, 10, 17, 8, 14, 9, tzinfo=UTC),
        "named_by": "Identity Center",
        "clients": ("cli",),
        "source_ip_addresses": ("192.0.2.24",),
        "naming": "the session name of an Identity Center role, which is the user's name",
        "name": "ben.okafor@example.com",
        "role": "AWSReservedSSO_SecurityEngineer_1b2c3d4e5f60718a",
        "roles": ("AWSReservedSSO_SecurityEngineer_1b2c3d4e5f60718a",),
        "sessions": ("ben.okafor@example.com",),
        "permission_set": "SecurityEngineer",
        "account_id": "111122223333",
        "principal_certain": True,
        "services": (),
        "principal_arns": (
            "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SecurityEngineer_1b2c3d4e5f60718a/ben.okafor@example.com",
        ),
        "accounts": ("111122223333",),
        "actions": (
            "AttachPolicy",
            "CreatePolicy",
            "EnableAWSServiceAccess",
            "PutResourcePolicy",
            "RegisterDelegatedAdministrator",
        ),
        "reads": 0,
        "first_event_id": "f77a9635-9738-4095-a48b-fcb1e4fc4307",
        "last_event_id": "ba4564b5-461a-44e3-a071-0d66bd461e9f",
    }


def test_who_takes_a_colleagues_name_stands_in_a_row_of_their_own(samples):
    """A session named after somebody is another principal than they are."""
    from trailscan.reports.principals import _identity

    said = "alice.moreau@example.com"
    found = changes(
        call("TagResource", who=user(said)),
        call("TagResource", MINUTE, role("intern", said)),
        call("TagResource", 2 * MINUTE, user(said, accountId=MEMBER)),
    )
    assert len({_identity(change) for change in found}) == 3


def test_every_rule_of_naming_is_told_in_words(samples):
    """No principal of the sample logs is named by an unknown rule."""
    rules = {
        row["principal_rule"].removeprefix("caused_by_").removeprefix("traced_")
        for row in samples.report("changes", reads=True).records()
    }
    assert rules <= NAMING.keys()
    assert len(rules) > 5


def test_targets_of_policies_in_the_sample_logs(samples):
    """What was touched, by id and name, most often touched first; what is not told is counted."""
    table = samples.report("targets", category="policy")
    assert rows(
        table, "target", "target_name", "target_type", "changes", "succeeded", "denied", "failed"
    ) == [
        ("p-exleave1", "deny-leave-organization", "policy", 10, 6, 4, 0),
        ("p-exregion2", "region-guardrail", "policy", 6, 5, 1, 0),
        ("p-exsandb8", "sandbox-limits", "policy", 5, 5, 0, 0),
        ("ou-exam-prod4444", "Production", "ou", 4, 4, 0, 0),
        ("ou-exam-work3333", "Workloads", "ou", 4, 4, 0, 0),
        ("p-exbackup9", "daily-backup", "policy", 4, 4, 0, 0),
        ("p-extrial6", "trial-deny-all", "policy", 4, 4, 0, 0),
        ("444455556666", None, "account", 3, 3, 0, 0),
        ("p-exguard3", "aws-guardrails-ExAmPl", "policy", 3, 2, 1, 0),
        ("p-experim4", "data-perimeter", "policy", 3, 3, 0, 0),
        ("p-extags05", "cost-centre", "policy", 3, 2, 0, 1),
        ("r-exam", None, "root", 3, 2, 0, 1),
        ("ou-exam-expe8888", "Research", "ou", 2, 2, 0, 0),
        ("ou-exam-sand6666", "Sandbox", "ou", 2, 2, 0, 0),
        (None, None, None, 1, 0, 1, 0),
        ("ou-exam-secu1111", "Security", "ou", 1, 1, 0, 0),
    ]
    assert table.notes[:3] == (
        "42 changes with category policy; all times",
        "of 15 targets; a change counts for each",
        "the log names no target of 1 change",
    )
    last = table.records()[2]
    assert (
        last["last_change"]
        == "updated SCP sandbox-limits (p-exsandb8): renamed to sandbox-guardrails"
    )
    assert last["last_event_id"] == "10e1857c-bd03-4920-abad-73c7bd0d7322"


def test_what_was_denied_and_why(samples):
    """Each refusal with AWS's reason; failures of other kinds are counted."""
    table = samples.report("denied", since="2026-10-01", until="2026-10-18")
    assert rows(table, "event_name", "target", "reason", "severity") == [
        (
            "LeaveOrganization",
            "555566667777",
            "explicit deny in a service control policy",
            "critical",
        ),
        ("DisablePolicyType", "r-exam", "no identity-based policy allows it", "high"),
        ("DetachPolicy", "p-exregion2", "no identity-based policy allows it", "medium"),
        ("DeletePolicy", "p-exguard3", "no identity-based policy allows it", "low"),
    ]
    assert table.notes[:2] == (
        "4 changes with outcome denied; 2026-10-01T00:00:00Z to 2026-10-18T00:00:00Z",
        "1 other call failed for other reasons",
    )
    assert len(samples.report("denied", reads=True).rows) == 70


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("User: x is not authorized to perform: y on resource: z because no identity-based policy allows the y action", "no identity-based policy allows it"),
        ("User: x is not authorized to perform: y with an explicit deny in a service control policy", "explicit deny in a service control policy"),
        ("… with an explicit deny in a resource control policy: arn:aws:organizations::1:policy/o/p", "explicit deny in a resource control policy"),
        ("… with an explicit deny in an identity-based policy", "explicit deny in an identity-based policy"),
        ("… with an explicit deny in a permissions boundary", "explicit deny in a permissions boundary"),
        ("You don't have permissions to access this resource.", "You don't have permissions to access this resource."),
        ("", "AccessDenied"),
        (None, "AccessDenied"),
    ],
)  # fmt: skip
def test_why_a_call_was_denied(message, expected):
    """Both forms of AWS's messages in few words; any other as it is; the code if there is none."""
    assert reason("AccessDenied", message) == expected


def test_how_a_policy_evolved(samples):
    """Versions, attachments and names of one policy of the sample logs, in order."""
    table = samples.report("policies", target="p-exsandb8")
    assert rows(table, "event_time", "step", "version", "summary", "same_as_version") == [
        (
            datetime(2026, 9, 12, 9, 30, 14, tzinfo=UTC),
            "created",
            1,
            "created SCP sandbox-limits (p-exsandb8)",
            None,
        ),
        (
            datetime(2026, 9, 12, 9, 30, 16, tzinfo=UTC),
            "attached",
            1,
            "attached SCP sandbox-limits (p-exsandb8) to OU Sandbox (ou-exam-sand6666)",
            None,
        ),
        (
            datetime(2026, 9, 18, 15, 42, 51, tzinfo=UTC),
            "text changed",
            2,
            (
                "removed statement DenyCostlyInstances (Deny ec2:RunInstances); no longer denied: "
                "ec2:RunInstances on arn:aws:ec2:eu-central-1:111122223333:instance/i-0123456789abcdef0 "
                "without ec2:InstanceType"
            ),
            None,
        ),
        (
            datetime(2026, 9, 21, 7, 10, 3, tzinfo=UTC),
            "only reformatted",
            3,
            "only its formatting",
            None,
        ),
        (
            datetime(2026, 9, 24, 7, 12, 20, tzinfo=UTC),
            "renamed",
            3,
            "renamed from sandbox-limits",
            None,
        ),
    ]
    reverted = samples.report(
        "policies", target="p-exleave1", action="UpdatePolicy", outcome="succeeded"
    )
    assert rows(reverted, "version", "same_as_version") == [(2, None), (3, 1)]
    assert reverted.records()[1]["summary"].endswith("; same text as version 1")


def test_policies_stand_together_and_what_is_of_none_at_the_end(samples):
    """One policy after another, in the order in which they appear; then types and refusals."""
    table = samples.report("policies")
    ids = [policy for (policy,) in rows(table, "policy_id")]
    first = list(dict.fromkeys(ids))
    assert first[:9] == [
        "p-exleave1", "p-exregion2", "p-exguard3", "p-experim4", "p-extags05", "p-exsandb8",
        "p-exbackup9", "p-extrial6", None,
    ]  # fmt: skip
    assert [policy for policy in ids if policy and policy.startswith("p-")] == sorted(
        (policy for policy in ids if policy and policy.startswith("p-")), key=first.index
    )
    assert table.notes[1] == "steps of 8 policies"


def test_a_life_in_full(samples):
    """The whole row of the company that was acquired."""
    (row,) = samples.report("accounts", target="777788889999").records()
    assert row == {
        "account_id": "777788889999",
        "account_name": None,
        "state": "member",
        "life": (
            "2026-09-21 invited by alice.moreau@example.com; "
            "2026-09-22 invitation accepted by hq-admin; "
            "2026-09-22 joined (invited); "
            "2026-09-22 moved to OU Workloads/NonProd (ou-exam-test5555) by alice.moreau@example.com; "
            "2026-10-27 moved to OU Workloads/Production (ou-exam-prod4444) by repo:example/org-policies:ref:refs/heads/main"
        ),
        "last": datetime(2026, 10, 27, 9, 10, 44, tzinfo=UTC),
        "severity": "medium",
        "joined_how": "invited",
        "invited": datetime(2026, 9, 21, 9, 40, tzinfo=UTC),
        "invited_by": "alice.moreau@example.com (OrgAdmin through Identity Center)",
        "created_by": None,
        "joined": datetime(2026, 9, 22, 7, 55, 43, tzinfo=UTC),
        "parent_id": "ou-exam-prod4444",
        "parent": "OU Workloads/Production (ou-exam-prod4444)",
        "moves": 2,
        "closed": None,
        "closed_by": None,
        "departed": None,
        "departed_how": None,
        "departed_by": None,
        "refused": 0,
        "event_ids": (
            "db5689a4-dba8-4490-af9f-114369baa0a5",
            "903f783e-7cd9-4473-ad58-17ef9904d75f",
            "fb3b5f7a-7685-452b-aa46-f08bc5b364b7",
            "81074428-a196-48ed-ae2e-1968c40fe384",
            "7655f6bb-90a2-475d-a56d-fab7701ac7d3",
        ),
    }


def test_accounts_of_the_sample_logs(samples):
    """The end of each account's life, as far as it is told."""
    assert rows(
        samples.report("accounts"),
        "account_id",
        "state",
        "joined_how",
        "moves",
        "departed_how",
        "refused",
    ) == [
        ("012345678901", "closing", None, 1, None, 0),
        ("111122223333", "member", "invited", 0, None, 0),
        ("121212121212", "member", "created", 2, None, 0),
        ("131313131313", "departed", None, 0, "cleaned", 0),
        ("222233334444", "member", None, 1, None, 0),
        ("333344445555", "member", None, 1, None, 3),
        ("444455556666", "member", None, 1, None, 0),
        ("555566667777", "member", None, 1, None, 2),
        ("666677778888", "member", "created", 1, None, 0),
        ("777788889999", "member", "invited", 2, None, 0),
        ("888899990000", "departed", None, 2, "removed", 0),
        ("999900001111", "departed", None, 0, "left", 0),
    ]


def test_the_window_chooses_accounts_and_ends_their_lives_but_does_not_begin_them(samples):
    """Of an account that is looked at, what came before the window is told, and nothing after."""
    (row,) = samples.report(
        "accounts", since="2026-09-22", until="2026-09-23", target="777788889999"
    ).records()
    assert row["invited"] == datetime(2026, 9, 21, 9, 40, tzinfo=UTC)
    assert (row["moves"], row["parent_id"]) == (1, "ou-exam-test5555")
    assert not samples.report("accounts", since="2026-10-28").rows


def test_an_account_that_comes_back_is_a_member_again():
    """A departure is past once the account joined anew; a refused call changes no state."""
    (life,) = account_lives(
        changes(
            call("RemoveAccountFromOrganization", request={"accountId": MEMBER}),
            service_event(
                "AccountDepartedOrganization", MINUTE, accountId=MEMBER, departureMethod="REMOVED"
            ),
            service_event(
                "AccountJoinedOrganization", 2 * MINUTE, accountId=MEMBER, joinedMethod="INVITED"
            ),
            call(
                "CloseAccount",
                3 * MINUTE,
                request={"accountId": MEMBER},
                errorCode="ConstraintViolationException",
            ),
        )
    ).values()
    assert (life.state, life.departed, life.departed_how, life.refused) == ("member", None, None, 1)
    assert [words for _, words in life.steps] == [
        "removed by alice",
        "departed (removed)",
        "joined (invited)",
    ]


def test_the_control_has_18_events_and_forgets_16_calls():
    """All 34 mutating calls of the API, told apart, none twice."""
    assert (len(IN_CONTROL), len(NOT_IN_CONTROL)) == (18, 16)
    assert not set(IN_CONTROL) & set(NOT_IN_CONTROL)
    assert {"LeaveOrganization", "MoveAccount", "UpdatePolicy"} < set(IN_CONTROL)
    assert {"CloseAccount", "RegisterDelegatedAdministrator", "PutResourcePolicy"} < set(
        NOT_IN_CONTROL
    )


def test_evidence_for_the_control(samples):
    """Every event has a row, zero counts too; the sums are those of the changes."""
    table = samples.report("cis", since="2026-10-01", until="2026-11-01")
    assert [name for (name,) in rows(table, "event_name")] == [*IN_CONTROL, *NOT_IN_CONTROL]
    assert rows(table, "control", "in_control")[17:19] == [
        ("CIS AWS Foundations 5.15 (4.15 until v5)", True),
        ("not in the control", False),
    ]
    by_name = {row["event_name"]: row for row in table.records()}
    assert by_name["CreateAccount"] == {
        "event_name": "CreateAccount",
        "control": "CIS AWS Foundations 5.15 (4.15 until v5)",
        "changes": 0,
        "succeeded": 0,
        "denied": 0,
        "failed": 0,
        "last": None,
        "last_principal": None,
        "last_event_id": None,
        "in_control": True,
        "first": None,
        "principals": (),
        "why": "Adds an account where resources can run up cost, or be kept out of sight.",
        "last_log_file": None,
        "last_record_index": None,
    }
    left = by_name["LeaveOrganization"]
    assert (left["changes"], left["succeeded"], left["denied"]) == (2, 1, 1)
    assert (left["last_principal"], left["last"]) == (
        "root user of 999900001111",
        datetime(2026, 10, 9, 5, 12, 9, tzinfo=UTC),
    )
    assert left["last_log_file"].endswith(".json.gz")
    assert table.notes[0] == "44 changes; 2026-10-01T00:00:00Z to 2026-11-01T00:00:00Z"
    counted = sum(row["changes"] for row in table.records())
    services = int(table.notes[1].split(", ")[2].split()[0])
    assert counted + services == 44


def test_a_tally_accounts_for_every_change():
    """Changes and reads are as many as outcomes; the gravest and the last are told."""
    sums = tally(
        changes(
            call("TagResource"),
            call("ListRoots", MINUTE),
            denied("LeaveOrganization", 2 * MINUTE),
            call("CloseAccount", 3 * MINUTE, errorCode="ConstraintViolationException"),
        )
    )
    assert (sums.changes, sums.reads, sums.succeeded, sums.denied, sums.failed) == (3, 1, 2, 1, 1)
    assert (sums.severity, sums.first.action, sums.last.action) == (
        "critical",
        "TagResource",
        "CloseAccount",
    )


def test_every_report_is_made_and_says_what_was_looked_at(samples):
    """Each has its name, rows as wide as its columns, and notes, also when nothing matches."""
    for name in REPORTS:
        for filters in ({}, {"account": "123456789012"}):
            table = samples.report(name, **filters)
            assert table.name == name
            assert {len(row) for row in table.rows} <= {len(table.columns)}
            assert "467 events out of 816 log files" in " ".join(table.notes)
            assert table.to_arrow().num_rows == len(table.rows)
    notes = samples.report("targets", account="123456789012").notes
    assert notes[:2] == (
        "0 changes with account 123456789012; all times",
        "No match among 155 changes from 2026-08-03T09:02:11Z to 2026-10-30T16:45:30Z",
    )


def test_filters_that_cannot_be_are_errors(samples):
    """A filter that a report has not, and a value that nothing can have, say what there is."""
    with pytest.raises(
        ValueError, match="no filter principal; there are: account, since, tz, until"
    ):
        samples.report("coverage", principal="alice")
    with pytest.raises(
        ValueError, match="no severity 'grave'; there are: info, low, medium, high, critical"
    ):
        samples.report("changes", severity="grave")
    with pytest.raises(ValueError, match="no outcome 'ok'"):
        samples.report("changes", outcome="ok")
    with pytest.raises(ValueError, match="no category 'nope'; there are: account, "):
        samples.report("changes", category="nope")
    with pytest.raises(ValueError, match="no report 'nope'; there are: changes, events, "):
        samples.report("nope")


def test_severity_is_a_filter_whose_values_are_alternatives(samples):
    """Only the levels that are asked for."""
    found = samples.report("changes", severity=("critical", "high")).records()
    assert {row["severity"] for row in found} == {"critical", "high"}
    assert len(found) == 11 + 23


def test_a_zone_tells_times_and_moves_no_instant(samples):
    """The same rows at the same instants; dates of bounds are those of the zone, and it is named."""
    utc = samples.report("changes", since="2026-10-16T22:00Z", until="2026-10-17T22:00Z")
    paris = samples.report("changes", since="2026-10-17", until="2026-10-18", tz="Europe/Paris")
    assert [row[1:] for row in paris.rows] == [row[1:] for row in utc.rows]
    assert [row[0] for row in paris.rows] == [row[0] for row in utc.rows]
    assert str(paris.rows[0][0]) == "2026-10-17 03:02:55+02:00"
    assert paris.window == utc.window
    assert paris.columns[0].title == "When (Europe/Paris)"
    assert (
        paris.notes[0]
        == "18 changes; 2026-10-17T00:00:00+02:00 to 2026-10-18T00:00:00+02:00 (Europe/Paris)"
    )
    assert paris.to_arrow().equals(utc.to_arrow())
    with pytest.raises(ValueError, match="'Mars' is not a time zone such as Europe/Paris"):
        samples.report("changes", tz="Mars")


def test_a_filter_without_a_window_is_the_same_apart_from_time():
    """`match` is the window and all else."""
    (change,) = changes(call("TagResource"))
    assert isinstance(change, Change)
    wanted = ChangeFilter(action=("tag*",), principal=("ALICE",), account=(MANAGEMENT,))
    assert wanted.match(change)
    assert wanted.match_at_any_time(change)
    assert not replace(wanted, source_ip=("203.",)).match(change)
    assert wanted.in_words == f"principal ALICE, action tag*, account {MANAGEMENT}"
