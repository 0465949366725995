"""`trailscan rejects`: what could not be used, and accepting that it is known."""

from __future__ import annotations

import json
import os

import pytest
from services.command import run_command


@pytest.fixture
def trailscan(tmp_path):
    """Runs a command on a store of one reject; gives exit code, stdout and stderr."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "good.json").write_text('{"Records": []}')
    (tmp_path / "logs" / "cut\noff.json").write_text('{"Records": [')
    store = tmp_path / "store"

    def run(*words: object):
        done = run_command(*words, "--store", store, env={**os.environ, "NO_COLOR": "1"})
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    assert run("load", tmp_path / "logs")[0] == 4
    return run


def test_rejects_are_listed_accepted_once_and_listed_still(trailscan):
    """Exit code 4 until each is accepted; who accepted one first, when and why stays."""
    code, out, err = trailscan("rejects", "--format", "json")
    (row,) = json.loads(out)["rows"]
    assert (code, json.loads(out)["incomplete"]) == (4, ["1 log file could not be read"])
    assert err.splitlines()[0] == "incomplete: 1 log file could not be read"
    assert (row["reason"], row["record_index"], row["accepted_by"]) == ("not_json", None, None)
    assert row["log_file"].endswith("/logs/cut\noff.json")
    assert trailscan("report", "changes")[0] == 4
    code, out, err = trailscan("rejects", "accept", row["id"][:12], "--because", "a\nbad copy")
    assert (code, out) == (0, "")
    assert err.endswith(": a\\nbad copy\n")
    assert err.count("\n") == 1
    again = trailscan("rejects", "accept", row["id"], "--because", "another reason")
    assert again == (0, "", err)
    code, out, _ = trailscan("rejects", "--format", "json")
    (accepted,) = json.loads(out)["rows"]
    assert (code, json.loads(out)["incomplete"]) == (0, [])
    assert (accepted["id"], accepted["accepted_because"]) == (row["id"], "a\nbad copy")
    assert "@" in accepted["accepted_by"]
    assert trailscan("report", "changes")[0] == 0
    code, out, _ = trailscan("status", "--format", "json")
    assert (code, json.loads(out)["rejects"]["accepted"]) == (0, 1)


def test_a_mistaken_acceptance_is_taken_back(trailscan):
    """The reject counts again, can be accepted again, and the ledger keeps every word."""
    _, out, _ = trailscan("rejects", "--format", "json")
    (row,) = json.loads(out)["rows"]
    code, _, err = trailscan("rejects", "reopen", row["id"], "--because", "never accepted")
    assert (code, err.startswith("open: ")) == (0, True)
    for because in ("a mistake", "looked at"):
        assert trailscan("rejects", "accept", row["id"], "--because", because)[0] == 0
        assert trailscan("report", "changes")[0] == 0
        if because == "a mistake":
            code, out, err = trailscan("rejects", "reopen", row["id"][:12], "--because", "oops")
            assert (code, out, err.startswith("open: ")) == (0, "", True)
            assert trailscan("report", "changes")[0] == 4
    _, out, _ = trailscan("rejects", "--format", "json")
    assert json.loads(out)["rows"][0]["accepted_because"] == "looked at"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("none", "--because", "x"), 5, "no reject of"),
        (("", "--because", "x"), 5, "no reject of"),
        (("a", "--because", " "), 2, "give a reason"),
        (("a",), 2, "because"),
    ],
)
def test_an_acceptance_needs_an_id_and_a_reason(trailscan, words, code, said):
    """One that is unknown has no answer; one without a reason is a usage error."""
    found, out, err = trailscan("rejects", "accept", *words)
    assert (found, out) == (code, "")
    assert said in err
