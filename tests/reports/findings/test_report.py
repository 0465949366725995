"""The report of findings, and what every rule says of itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from firing import DAY
from making import call, changes, denied, user

from trailscan.reports.changes import read_changes
from trailscan.reports.findings.history import History
from trailscan.reports.findings.reads import examine
from trailscan.reports.findings.report import RULES, baseline_notes, find

OF_A_CASE = {
    "account-left-by-invitation": "left",
    "account-moved-out-of-reach": "out_of_reach",
    "allow-list-lifted": "allow_list_lifted",
    "everything-denied": "everything_denied",
}
"""Rules about one case of an operation."""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_everything_that_a_reader_needs(rule):
    """Whole sentences, stable ids, techniques or a control wherever the events have them."""
    for said in (rule.title, rule.fires, rule.why, rule.false_positives):
        assert said
        assert said == said.strip()
    assert rule.why.endswith(".")
    assert rule.false_positives.endswith(".")
    assert rule.version >= 1
    assert not {technique for technique in rule.mitre if not technique.startswith("T1")}


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if len(rule.events) == 1], ids=lambda rule: rule.id
)
def test_a_rule_of_one_event_is_as_grave_as_the_event(rule):
    """The severities of findings and of changes agree, but for a departure that has a reason.

    A rule about one case of its event is as grave as that case.
    """
    tried = "LeaveOrganization was denied" in rule.fires
    (change,) = changes(denied(*rule.events) if tried else call(*rule.events))
    if rule.id in OF_A_CASE:
        cases = {case.name: case.severity for case in change.operation.cases}
        assert rule.severity == cases[OF_A_CASE[rule.id]]
    elif rule.id == "account-departed-unexplained":
        assert (rule.severity, change.severity) == ("high", "critical")
    elif rule.id == "guardrail-changed":  # it may be harmless
        assert (rule.severity, change.severity) == ("medium", "high")
    else:
        assert rule.severity == change.severity


def test_the_findings_of_the_sample_logs(samples):
    """How often each rule fires in the story."""
    frame = samples.report("findings").to_frame()
    assert frame.groupby("rule").size().to_dict() == {
        "account-closed": 1,
        "account-departed-unexplained": 1,
        "account-invited": 2,
        "account-joined-from-outside": 1,
        "account-left": 1,
        "account-moved-to-root": 1,
        "account-removed": 1,
        "account-tried-to-leave": 2,
        "change-without-mfa": 3,
        "delegated-administrator-added": 3,
        "denied-burst": 2,
        "discovery-sweep": 2,
        "effective-policy-invalid": 2,
        "everything-denied": 1,
        "first-time-principal": 12,
        "guardrail-deleted": 1,
        "guardrail-detached": 2,
        "guardrail-weakened": 3,
        "organization-deleted": 1,
        "policy-type-disabled": 2,
        "protections-dismantled": 1,
        "resource-policy-changed": 3,
        "root-user-change": 3,
        "security-service-cut-off": 2,
        "trusted-access-added": 5,
        "unusual-hour": 2,
    }
    assert frame["finding_id"].is_unique


def test_a_finding_names_its_events_and_where_they_were_read(samples):
    """The whole row of the night on which the protections were ended."""
    (row,) = samples.report("findings", rule="protections-dismantled").records()
    where = row.pop("records")
    assert [place.rpartition("_")[0].rpartition("_")[2] for place in where] == [
        "20261017T0110Z",
        *["20261017T0115Z"] * 4,
    ]
    assert [place.rpartition("#")[2] for place in where] == ["4", "0", "7", "6", "3"]
    assert {key: str(value) if key.endswith("time") else value for key, value in row.items()} == {
        "event_time": "2026-10-17 01:08:02+00:00",
        "severity": "critical",
        "rule": "protections-dismantled",
        "what": (
            "break-glass-dana ended 5 protections: DeleteResourcePolicy, "
            "DeregisterDelegatedAdministrator, DetachPolicy, DisableAWSServiceAccess, UpdatePolicy"
        ),
        "undone_at": datetime(2026, 10, 17, 8, 11, 40, tzinfo=UTC),
        "undone_by": "7e6dd7bd-97b3-4968-a506-0f5778db54f0",
        "open_for": timedelta(hours=7, minutes=7, seconds=30),
        "why": "One such change can be an accident; three are a plan.",
        "events": 5,
        "last_event_id": "ee6e654d-8b2c-4880-a827-9db4eb59d6d5",
        "finding_id": "09776b0cac3bf39b",
        "title": "Several protections were ended in one go",
        "rule_version": 1,
        "first_event_time": "2026-10-17 01:04:10+00:00",
        "arrived": datetime(2026, 11, 1, tzinfo=UTC),
        "principals": ("break-glass-dana",),
        "targets": (
            "333344445555",
            "guardduty.amazonaws.com",
            "p-exleave1",
            "p-exregion2",
            "rp-exdeleg7",
        ),
        "target_ids": (
            "333344445555",
            "guardduty.amazonaws.com",
            "ou-exam-work3333",
            "p-exleave1",
            "p-exregion2",
            "rp-exdeleg7",
        ),
        "target_names": ("Workloads", "deny-leave-organization", "region-guardrail"),
        "accounts": ("111122223333",),
        "source_ip_addresses": ("203.0.113.66",),
        "mitre": ("T1666", "T1685"),
        "cis": "CIS AWS Foundations 5.15",
        "references": ("df00tech T1666",),
        "false_positives": "Taking a landing zone down.",
        "event_ids": (
            "5b422002-7ea6-439a-aade-2eb0ca724d24",
            "b53081cf-5e4b-4f59-ad3c-4573932649a0",
            "315dcb6a-f964-4e94-ad91-cb8ed04be099",
            "28c0d84e-900d-4e01-ac19-6e0e40529159",
            "ee6e654d-8b2c-4880-a827-9db4eb59d6d5",
        ),
    }


def test_filters_choose_findings(samples):
    """By rule, by their own severity, by the window of their last event, by any of their events."""

    def rules(**filters):
        return [row["rule"] for row in samples.report("findings", **filters).records()]

    assert set(rules(severity="critical", since="2026-10-17")) == {
        "policy-type-disabled",
        "protections-dismantled",
        "security-service-cut-off",
    }
    assert rules(until="2026-08-03T09:04:00Z") == ["organization-deleted", "root-user-change"]
    assert rules(rule="DENIED-BURST", principal="hyperlink") == ["denied-burst"]
    assert rules(target="p-exregion2", severity="critical") == ["protections-dismantled"]
    with pytest.raises(ValueError, match="no rule 'nope'; there are: account-left, "):
        rules(rule="nope")


def test_no_finding_says_how_much_was_looked_at(samples):
    """An empty answer tells what the rules saw."""
    notes = samples.report("findings", since="2026-10-31").notes
    assert notes[:4] == (
        "0 findings by 0 of 36 rules",
        "made of 0 calls; 2026-10-31T00:00:00Z to now",
        "the rules examined 155 changes and 181 reads of all times",
        "No match among 336 calls from 2026-08-03T09:02:11Z to 2026-10-30T16:45:30Z",
    )


def test_a_short_history_is_said(samples):
    """What needs a history says when there is none, and only then."""
    said = "first-time-principal and unusual-hour were skipped: fewer than 14 days of history"
    assert not [note for note in samples.report("findings").notes if said in note]
    seen = changes(call("TagResource"), call("TagResource", 13 * DAY, user("mallory")))
    assert [note for note in baseline_notes(seen) if said in note]
    assert not list(baseline_notes(changes(call("TagResource"), call("TagResource", 14 * DAY))))


def test_what_is_not_told_would_find_nothing(samples):
    """Only some reads are told in words; with all of them the findings are the same."""
    few = examine(samples.reader)
    everything = read_changes(samples.reader, reads=True)
    assert len(few.changes) < len(everything)
    found = [find(History(changes, UTC, few.start)) for changes in (few.changes, everything)]
    assert [(one.rule.id, one.id, one.hit.what) for one in found[0]] == [
        (one.rule.id, one.id, one.hit.what) for one in found[1]
    ]
    assert few.start == everything[0].event.event_time
