"""Each form of identity in a store, as `report changes`, `principals` and `findings` name it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from services.command import run_command

CASES = Path(__file__).parent
EXPECTED = json.loads((CASES / "expected_identity.json").read_text())


def report(store: Path, name: str, *words: str) -> list[dict[str, object]]:
    """The rows of a report."""
    found = run_command("report", name, "--store", store, "--format", "json", *words)
    assert found.returncode == 0, found.stderr.decode()
    return json.loads(found.stdout)["rows"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of the cases."""
    place = tmp_path_factory.mktemp("identity") / "store"
    words = ("load", CASES / "identity", "--store", place)
    found = run_command(*words)
    assert found.returncode == 0, found.stderr.decode()
    return place


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    """A store of the cases with the records that issued their sessions, found by tracing."""
    place = tmp_path_factory.mktemp("traced") / "store"
    words = ("load", CASES / "identity", CASES / "identity-sts", "--store", place)
    found = run_command(*words)
    assert b"2 of 5 traced" in found.stdout
    return place


@pytest.fixture(scope="module")
def changes(store):
    """The rows of `report changes` by event id."""
    return {row["event_id"]: row for row in report(store, "changes")}


@pytest.fixture(scope="module")
def principals(store):
    """The rows of `report principals`."""
    return report(store, "principals")


def check_columns(must: dict[str, object], row: dict[str, object], in_principals: object) -> None:
    """Compare a row with what its case says of columns."""
    who = str(row["principal"]).casefold()
    whole = json.dumps([row, in_principals]).casefold()
    assert all(text.casefold() in who for text in must.get("principal_has", []))
    assert not any(text.casefold() in who for text in must.get("principal_lacks", []))
    assert not any(who.startswith(text) for text in must.get("principal_starts_not", []))
    assert all(text.casefold() in whole for text in must.get("row_has", []))
    assert row["principal_kind"] in must.get("kind", [row["principal_kind"]])
    assert row["principal_kind"] not in must.get("kind_not", [])
    assert row["principal_certain"] == must.get("certain", row["principal_certain"])
    assert row["client"] in must.get("client", [row["client"]])


@pytest.mark.parametrize("case", EXPECTED, ids=lambda case: case["id"])
def test_each_form_of_identity_is_named(case, store, changes, principals):
    """The row names who AWS vouches for, and the principals report has the same name."""
    must, row = case["must"], changes[case["event_id"]]
    own = [one for one in principals if one["principal"] == row["principal"]]
    check_columns(must, row, own)
    if "named_by_not" in must:
        assert own
        assert all(must["named_by_not"] not in one["named_by"] for one in own)
    if "principals_row_of_its_own" in must:
        assert [one["changes"] for one in own] == [1]
    if "found_by_principal" in must:
        found = report(store, "changes", "--principal", must["found_by_principal"])
        assert case["event_id"] in {one["event_id"] for one in found}


def test_federated_sessions_are_judged_by_their_issuer(store):
    """A session of GetFederationToken without MFA is a finding about the user who opened it."""
    (case,) = [case for case in EXPECTED if "finding_about" in case["must"]]
    findings = report(store, "findings", "--rule", "change-without-mfa")
    assert case["event_id"] in {one for row in findings for one in row["event_ids"]}


def test_a_load_says_which_sessions_are_not_traced(store, changes):
    """Without their issuing records, sessions are named by their role, and that is said."""
    found = run_command("load", CASES / "identity", "--store", store.parent / "again")
    assert b"sessions: 0 of 5 traced" in found.stdout
    assert b"no issuing record in the log files of account 111122223333" in found.stdout
    untraced = [row["principal"] for row in changes.values() if row["principal_trace"] != "direct"]
    assert len(untraced) == 5


def test_issuing_records_name_who_opened_the_sessions(traced, changes):
    """Two sessions get a person and a workflow, with the roles beside; nobody else changes."""
    rows = {row["event_id"]: row for row in report(traced, "changes")}
    people = report(traced, "principals")
    for case in EXPECTED:
        row, must = rows[case["event_id"]], case.get("must_with_sts")
        own = [one for one in people if one["principal"] == row["principal"]]
        check_columns(must or case["must"], row, own)
        if must is None:
            different = {name for name in row if row[name] != changes[case["event_id"]][name]}
            assert different <= {"arrived"}  # one store was loaded after the other
        else:
            assert row["principal_chain"]
            assert row["principal_trace"] == "traced"


def test_a_person_is_found_through_the_roles_they_used(traced):
    """One question finds what somebody did by whatever role, and no claim counts any more."""
    found = report(traced, "changes", "--principal", "mallory@example.com")
    assert [row["target_name"] for row in found] == ["I05"]
    assert report(traced, "changes", "--principal", "OrgAdminHop2") == found
    assert report(traced, "changes", "--principal", "botocore-session-1790388662") == []


def test_show_draws_the_chain_with_its_evidence(traced):
    """Each hop stands with its record and where that was read."""
    (case,) = [case for case in EXPECTED if case["id"] == "I05"]
    shown = run_command("show", case["event_id"], "--store", traced).stdout.decode()
    chain = shown.partition("Sessions\n")[2].partition("\n\n")[0].splitlines()
    assert chain[0].endswith(":assumed-role/OrgAdminHop2/botocore-session-1790388662")
    assert chain[1] == "  └─ opened by mallory@example.com  (identity_center_user)"
    assert "8b1c21c7-8db0-5e20-9b0a-207bd7b53a64" in chain[3]
    assert chain[3].endswith("I05-sts.json#0")
