"""Log files that cannot be read, or not rightly: rows F5 to F11, F20 and F21 of the fault model."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta

import pytest
from services import stand_in as faults
from services.trail import log_file_key, make_event, pack
from sessions.organization_trail import MANAGEMENT, START, Trail

from trailscan.ingest import connections, patience, read_ahead

GOOD = 20


@pytest.fixture
def trail(s3, deliver):
    """Log files without a fault, and the key of the one that is to have it."""
    for number in range(GOOD):
        deliver(number)
    return deliver(GOOD)


PASSING = {
    "throttled": faults.slow_down(),
    "an internal error": faults.error(500, "InternalError"),
    "HTML with status 200": faults.html(),
    "cut": faults.cut("close"),
    "reset": faults.cut("reset"),
    "hanging": faults.cut("hang"),
    "no answer": faults.lost_answer(),
    "cut, no length": faults.cut("close", announced=False),
    "reset, no length": faults.cut("reset", announced=False),
    "whole, no length": faults.cut("close", at=10**6, announced=False),
    "a flipped bit": faults.flip(),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_passes_costs_nothing(s3, trail, load, ids, name):
    """F5, F6, F7, F8: an answer that is no good once is asked for again."""
    s3.fail("GET", PASSING[name], trail, times=1)
    assert (load().code, ids()) == (0, list(range(GOOD + 1)))


LASTING = {
    "throttled": (faults.slow_down(), "unreadable", "SlowDown"),
    "an internal error": (faults.error(500, "InternalError"), "unreadable", "InternalError"),
    "HTML with status 200": (faults.html(), "unreadable", "received 81 (is a proxy"),
    "cut": (faults.cut("close", at=0), "unreadable", "cut short"),
    "reset": (faults.cut("reset", at=0), "unreadable", "cut short"),
    "hanging": (faults.cut("hang", at=0), "unreadable", "cut short"),
    "no answer": (faults.lost_answer(), "unreadable", "gave no answer"),
    "cut, no length": (faults.cut("close", announced=False), "unreadable", "received 100"),
    "a flipped bit": (faults.flip(), "corrupt_gzip", "the gzip data is damaged"),
    "denied": (faults.error(403, "AccessDenied"), "access_denied", "AccessDenied"),
    "KMS disabled": (faults.error(400, "KMS.DisabledException"), "kms", "KMS.DisabledException"),
    "KMS denied": (
        faults.error(403, "AccessDenied", "not authorized to perform: kms:Decrypt"),
        "kms",
        "kms:Decrypt",
    ),
    "Glacier": (faults.error(403, "InvalidObjectState"), "archived", "restore it"),
    "another region": (faults.error(301, "PermanentRedirect"), "refused", "PermanentRedirect"),
}


@pytest.mark.parametrize("name", LASTING)
def test_a_fault_that_lasts_is_one_named_reject_and_the_next_load_mends_it(
    s3, trail, load, ids, name
):
    """F5, F6, F7, F8, F20: what stays unreadable is named, counted, exit code 4, tried again."""
    fault, reason, said = LASTING[name]
    s3.fail("GET", fault, trail)
    ended = load()
    assert (ended.code, ended.reasons, ids()) == (4, [reason], list(range(GOOD)))
    (reject,) = ended.summary["rejects"]
    assert said in reject["message"]
    assert reject["where"] == f"s3://trail/{trail}"
    assert ended.summary["log_files"] == {
        "listed": GOOD + 1, "done": GOOD, "known": 0, "rejected": 1, "unread": 0,
    }  # fmt: skip
    s3.heal()
    ended = load()
    assert (ended.code, ended.summary["log_files"]["done"]) == (0, 1)
    assert ids() == list(range(GOOD + 1))


def test_credentials_that_expire_in_the_middle_end_the_load_early(s3, trail, load, ids):
    """F20: what was read is kept, what was not is counted as unread, and nothing is rejected."""
    expired = faults.error(400, "ExpiredToken", "The provided token has expired.")
    s3.fail("GET", expired, skip=5)
    ended = load()
    counts = ended.summary["log_files"]
    assert (ended.code, ended.reasons) == (4, [])
    assert counts["unread"] == GOOD + 1 - counts["done"] > 0
    assert "ExpiredToken" in ended.summary["failures"][0]
    s3.heal()
    assert (load().code, ids()) == (0, list(range(GOOD + 1)))


def test_a_source_that_answers_nothing_is_left(s3, deliver, load, ids, monkeypatch):
    """F5: after many log files without an answer the rest is not tried, and that is said."""
    monkeypatch.setattr(patience, "_PATIENCE", 5)
    monkeypatch.setattr(read_ahead, "FETCHERS", 2)
    monkeypatch.setattr(connections, "_AT_ONCE", 1)
    monkeypatch.setattr(read_ahead, "_GROUP", 1)
    for number in range(60):
        deliver(number)
    s3.fail("GET", faults.slow_down(), skip=10)
    ended = load()
    assert (ended.code, ended.summary["log_files"]["listed"] < 60) == (4, True)
    assert "5 log files in a row gave no answer" in ended.summary["failures"][0]
    s3.heal()
    assert (load().code, ids()) == (0, list(range(60)))


def test_an_object_that_vanishes_after_it_was_listed_is_named(s3, trail, load, ids):
    """F21: what is gone when it is to be read is one reject, and no trouble next time."""
    s3.fail("LIST", vanish_after(lambda: s3.delete("trail", trail)), "us-east-1/$", times=1)
    ended = load()
    assert (ended.code, ended.reasons, ids()) == (4, ["not_found"], list(range(GOOD)))
    assert load().code == 0


def test_an_object_that_changes_after_it_was_listed_is_named_and_read_next_time(
    s3, trail, load, ids
):
    """F21: another version than the one listed is not read under its name."""
    other = pack([make_event(99)])
    s3.fail("LIST", vanish_after(lambda: s3.put("trail", trail, other)), "us-east-1/$", times=1)
    ended = load()
    assert (ended.code, ended.reasons, ids()) == (4, ["changed"], list(range(GOOD)))
    assert (load().code, ids()) == (0, [*range(GOOD), 99])


def vanish_after(action):
    """The right listing, and then something happens."""

    def fault(request, right):
        answer = right()
        action()
        return answer

    return fault


def test_a_log_file_that_was_replaced_is_read_again(s3, trail, load, ids):
    """F21: a new version under an old name is new, and the events of the old one stay."""
    load()
    s3.put("trail", trail, pack([make_event(99)]))
    assert (load().code, ids()) == (0, [*range(GOOD + 1), 99])


def test_a_log_file_delivered_cut_is_rejected_until_it_is_whole(s3, trail, load, ids):
    """F9: truncated gzip is never taken for whole, nor given up for ever."""
    whole = s3.read("trail", trail)
    s3.put("trail", trail, whole[:-20])
    assert (load().reasons, load().reasons) == (["truncated_gzip"], ["truncated_gzip"])
    s3.put("trail", trail, whole)
    assert (load().code, ids()) == (0, list(range(GOOD + 1)))


def test_members_and_bytes_behind_the_gzip_are_read_and_said(s3, trail, load, ids):
    """F10: several gzip members are not what CloudTrail delivers: read, and named."""
    s3.put("trail", trail, s3.read("trail", trail) + gzip.compress(b""))
    ended = load()
    assert (ended.code, ids()) == (0, list(range(GOOD + 1)))
    assert ended.summary["not_as_delivered"] == {"gzip_members": 1}


BROKEN = {
    "a bomb": (gzip.compress(b"\0" * 300_000_000, 1), "inflates_too_large"),
    "deep": (gzip.compress(b'{"Records":' + b"[" * 200_000), "not_json"),
    "HTML": (gzip.compress(b"<html>"), "not_json"),
    "nothing": (b"", "empty"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_hostile_log_file_costs_nothing_else(s3, trail, load, ids, name):
    """F11: what is built to harm is one reject; its neighbours are kept."""
    data, reason = BROKEN[name]
    s3.put("trail", trail, data)
    ended = load()
    assert (ended.code, ended.reasons, ids()) == (4, [reason], list(range(GOOD)))


def test_a_hostile_record_costs_nothing_else(s3, trail, load, ids):
    """F11: a lone surrogate in a record is one reject; the record beside it is kept."""
    bad = json.dumps(make_event(98)).replace('"alice"', '"\\ud800"')
    good = json.dumps(make_event(99))
    s3.put("trail", trail, gzip.compress(f'{{"Records":[{bad},{good}]}}'.encode()))
    ended = load()
    assert (ended.code, ids()) == (4, [*range(GOOD), 99])
    assert ended.reasons == ["invalid_json"]


def test_a_small_key_is_not_mistaken_for_the_one_before(s3, load, ids):
    """F21: two log files of one content are two log files, and one event."""
    for number in (1, 2):
        s3.put("trail", log_file_key(number), pack([make_event(1)]))
    ended = load()
    assert (ended.summary["log_files"]["done"], ended.kept, ids()) == (2, 1, [1])


@pytest.mark.parametrize("call", ["GET", "LIST"])
def test_a_session_whose_issuing_record_cannot_be_read_is_not_said_to_have_none(s3, load, call):
    """F20: tracing names what it could not read, and a later load that can goes on."""
    trail = Trail(1)
    trail.random.choice = lambda options: "eu-west-1" if "eu-west-1" in options else options[0]
    trail.call(trail.assume(trail.center(MANAGEMENT, START), "deploy", MANAGEMENT, START), START)
    files = [*trail.log_files()]
    s3.put_all("trail", [(name, faults.Object.of(data)) for name, data, _ in files])
    s3.fail(call, faults.error(403, "AccessDenied", "Access Denied"), "CloudTrail/eu-west-1/")
    (left,) = load().summary["sessions"]["untraced"]
    assert left.rpartition(": ")[2] == (
        "log files of account 111122223333 that may hold its issuing record could not be read; "
        "later loads look again"
    )
    s3.heal()
    trail.records.clear()
    trail.call(trail.user(MANAGEMENT), START + timedelta(hours=1))
    s3.put_all("trail", [(name, faults.Object.of(data)) for name, data, _ in trail.log_files()])
    assert load().summary["sessions"]["traced"] == 1
