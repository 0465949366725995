"""Stories in a few records each: what every report must say of them, and which rules must not fire."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from services.command import run_command

import trailscan as ts
from trailscan.ingest.run import LoadOptions, run_load

FOLDER = Path(__file__).parent / "scenarios"
CASES = {case["case"]: case for case in json.loads((FOLDER / "expected.json").read_text())}
CHANGES = [(name, one["event_id"]) for name, case in CASES.items() for one in case["changes"]]
PENDING: set[str] = set()
WHO_AND_WHEN = {
    "change-without-mfa",
    "first-time-principal",
    "unusual-hour",
    "root-user-change",
    "denied-burst",
}
"""Rules about who acted and when, which fire whatever was done."""


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """A store of each story."""
    found = {}
    for name in CASES:
        folder = str(tmp_path_factory.mktemp(name) / "s")
        when = datetime(2026, 11, 23, tzinfo=UTC)
        run_load([str(FOLDER / f"{name}.jsonl")], folder, LoadOptions(), when)
        found[name] = ts.open(folder)
    return found


def among(severity, wanted):
    """Whether a severity is one of some; any will do where none is named."""
    return not wanted or severity in wanted


def holds(text, parts):
    """Whether a text has all of some parts, whatever their case."""
    return all(part.casefold() in text.casefold() for part in parts)


@pytest.mark.parametrize(("name", "event_id"), [one for one in CHANGES if one[0] not in PENDING])
def test_a_change_is_told_right(stores, name, event_id):
    """Severity, target, and what its sentence must name."""
    (wanted,) = (one for one in CASES[name]["changes"] if one["event_id"] == event_id)
    report = wanted.get("report", "changes")
    rows = stores[name].report(report, reads=True).records()
    (row,) = (row for row in rows if row["event_id"] == event_id)
    assert among(row["severity"], wanted.get("severity")), row["severity"]
    assert wanted.get("target") in (None, row["target"])
    assert holds(row["description"], wanted.get("description_has", ())), row["description"]
    assert holds(str(row), wanted.get("row_has", ())), row


def found(store, wanted):
    """The rules that fired for one of some events with one of some severities."""
    return {
        row["rule"]
        for row in store.report("findings").records()
        if row["rule"] not in WHO_AND_WHEN
        and among(row["severity"], wanted.get("severity"))
        and {*row["event_ids"]} & {*wanted["covers_any"]}
    }


@pytest.mark.parametrize("name", [name for name in CASES if name not in {*PENDING, "handshakes"}])
def test_a_story_has_its_findings_and_no_others(stores, name):
    """What deserves a look is found, and nothing is called a plan that is none."""
    case, store = CASES[name], stores[name]
    for wanted in case.get("findings", ()):
        assert found(store, wanted), wanted["about"]
    for unwanted in case.get("no_finding", ()):
        assert not found(store, unwanted), unwanted["about"]
    fired = {row["rule"] for row in store.report("findings").records()}
    assert not fired & {*case.get("rules_that_must_not_fire", ())}


def test_the_lives_of_accounts_are_told_right(stores):
    """How and when an account came, and that it is out."""
    for name, case in CASES.items():
        rows = {row["account_id"]: row for row in stores[name].report("accounts").records()}
        for wanted in case.get("accounts", ()):
            row = rows[wanted["account_id"]]
            assert row["joined_how"] in wanted["joined_how"]
            assert row["state"] in wanted["state"]
            days = (str(row[step])[:10] for step in ("joined", "departed"))
            assert [*days] == [wanted["joined"], wanted["departed"]]


def test_a_denied_call_is_told_with_the_policy_that_refused_it(stores):
    """The report and `show` name the same policy, at least that one."""
    (row,) = stores["severity"].report("denied").records()
    assert row["reason"] == (
        "explicit deny in a service control policy: at least SCP p-exleave1, whose text is not in "
        "the log"
    )
    shown = stores["severity"].show(row["event_id"]).to_json()["records"][0]["refused_by"]
    names = [name for name in row if name.startswith("policy_")]
    assert {name: row[name] for name in names} | {"policy_attached_to": []} == shown


def test_a_nightly_run_with_the_same_meaning_pages_nobody(tmp_path):
    """Control Tower and Terraform write every policy again each night: `--fail-on high` ends with 0."""
    statements = [
        {"Sid": "A", "Effect": "Deny", "Action": ["iam:*", "s3:*"], "Resource": "*"},
        {"Sid": "B", "Effect": "Deny", "Action": "ec2:*", "Resource": "*"},
    ]
    renamed = [{**one, "Sid": f"V{number}"} for number, one in enumerate(reversed(statements))]
    lines = []
    for number in range(6):
        policy = f"p-guard00{number}"
        for name, day, body, who in (
            ("CreatePolicy", 1, statements, "setup"),
            ("UpdatePolicy", 20, renamed, "setup"),
        ):
            content = json.dumps({"Version": "2012-10-17", "Statement": body}, indent=day % 3)
            summary = {"id": policy, "name": "guard", "type": "SERVICE_CONTROL_POLICY"}
            record = {
                "eventTime": f"2026-11-{day:02}T02:00:0{number}Z",
                "eventID": f"{name}-{number}",
                "eventSource": "organizations.amazonaws.com",
                "eventName": name,
                "recipientAccountId": "111122223333",
                "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": who},
                "requestParameters": {"policyId": policy, "name": "guard", "content": content},
                "responseElements": {"policy": {"policySummary": summary}},
            }
            lines.append(json.dumps(record))
    log_file, store = tmp_path / "night.jsonl", str(tmp_path / "s")
    log_file.write_text("\n".join(lines))
    run_load([str(log_file)], store, LoadOptions(), datetime(2026, 11, 23, tzinfo=UTC))
    for report in ("changes", "findings", "policies"):
        words = ("report", report, "--store", store, "--since", "2026-11-20", "--fail-on", "high")
        done = run_command(*words)
        assert done.returncode == 0, done.stdout
