"""One event in full."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import trailscan as ts
from trailscan.errors import NotFoundError, TrailscanError
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.render.document import render_document_html, render_document_markdown
from trailscan.render.event import event_document, render_event

WEAKENED = "5b422002-7ea6-439a-aade-2eb0ca724d24"
MOVED = {
    "eventVersion": "1.11",
    "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": "alice"},
    "eventTime": "2026-11-02T12:00:00Z",
    "eventSource": "organizations.amazonaws.com",
    "eventName": "MoveAccount",
    "eventID": "aaaa-1",
    "recipientAccountId": "111122223333",
    "requestParameters": {"accountId": "222233334444"},
}


def load(folder, *records, **options):
    """A store of one log file."""
    (folder / "log.json.gz").write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))
    run_load(
        [str(folder / "log.json.gz")],
        str(folder / "s"),
        LoadOptions(**options),
        datetime(2026, 11, 3, tzinfo=UTC),
    )
    return ts.open(str(folder / "s"))


def test_an_event_is_told_with_its_record_and_its_evidence(samples):
    """Who, what, before and after, the record as written, and where and how it was read."""
    shown = samples.show(WEAKENED[:6].upper())
    (record,) = shown.records
    told = json.loads(json.dumps(shown.to_json()))["records"][0]
    row = next(row for row in samples.report("changes").records() if row["event_id"] == WEAKENED)
    change = told["change"]
    assert change["description"] == row["description"]
    assert change["event_time"] == "2026-10-17T01:04:10Z"
    assert (change["named_by"], change["naming"]) == ("AWS", "the name of the IAM user")
    assert "ArnNotLike" in change["after"]
    assert "ArnNotLike" not in change["before"]
    assert told["record"]["eventID"] == WEAKENED
    assert told["told_with_event_id"] is None
    evidence = told["evidence"]
    stored = Path(evidence["log_file"]).read_bytes()
    inflated = gzip.decompress(stored)
    assert evidence["log_file_sha256"] == hashlib.sha256(inflated).hexdigest()
    assert evidence["stored_sha256"] is None  # kept only where the other was not computed
    assert json.loads(inflated)["Records"][evidence["record_index"]] == told["record"]
    assert record.record.encode() in inflated
    assert {
        name: evidence[name]
        for name in ("delivered", "conflict", "commit", "attested", "duplicates_in_log_file")
    } == {
        "delivered": "2026-10-17T01:10:00Z",
        "conflict": False,
        "commit": 1,
        "attested": "not checked",
        "duplicates_in_log_file": 0,
    }
    assert evidence["load_id"] == samples.reader.commits[0].load_id


def test_the_text_has_everything_and_nothing_that_a_terminal_obeys(samples):
    """In words, as recorded, evidence; hostile text is written out."""
    text = render_event(samples.show(WEAKENED))
    lines = text.splitlines()
    assert lines[:4] == [
        f"Event {WEAKENED}",
        "2026-10-17T01:04:10Z  UpdatePolicy  succeeded, high",
        (
            "break-glass-dana: updated SCP deny-leave-organization (p-exleave1): changed statement "
            "DenyLeavingTheOrganization: conditions + ArnNotLike aws:PrincipalArn arn:aws:iam::*:role/*"
        ),
        "",
    ]
    assert (
        "  name                   break-glass-dana  (certain; named by AWS: the name of the IAM user)"
        in lines
    )
    assert [line for line in lines if line and not line.startswith(" ")][3:] == [
        "Who", "Findings", "Around it", "Before", "After", "As recorded", "Evidence",
    ]  # fmt: skip
    assert "  attested by digests    not checked" in lines
    assert "  conflicts              none known" in lines
    assert (
        '    "userAgent": "tool/1.0 <script>alert(1)</script> \\u001b[31mred\\u001b[0m",' in lines
    )
    assert not {char for char in text if ord(char) < 32} - {"\n"}
    assert "\x1b" not in text


def test_a_read_can_be_shown(samples):
    """What changes nothing is told in words too."""
    events = samples.events()
    read = events[events["event_name"] == "ListAccounts"].iloc[0]["event_id"]
    (record,) = samples.show(read).records
    assert record.change.description == "listed the accounts of the organization"


def test_a_result_is_told_with_its_request(samples):
    """The event that tells how a request ended names the request, which is in the reports."""
    events = samples.events()
    result = events[events["event_name"] == "CreateAccountResult"].iloc[0]["event_id"]
    (record,) = samples.show(result).records
    assert record.told_with == record.change.event.event_id != result
    assert f"Shown together with event {record.told_with}." in render_event(samples.show(result))


def test_records_of_one_id_are_all_shown(tmp_path):
    """Two records that contradict each other are both there, each with its own change."""
    other = MOVED | {"eventName": "LeaveOrganization", "requestParameters": None}
    shown = load(tmp_path, MOVED, other).show("aaaa")
    actions = {record.change.action for record in shown.records}
    assert actions == {"LeaveOrganization", "MoveAccount"}
    assert sorted(record.conflict for record in shown.records) == [False, True]
    text = render_event(shown)
    assert "Record 1 of 2 with the id aaaa-1" in text
    assert text.count("conflicts              1 other record with this id") == 2


def test_an_event_of_another_service_has_no_words(tmp_path):
    """Where everything was loaded, everything can be shown."""
    other = MOVED | {"eventSource": "iam.amazonaws.com", "eventName": "CreateUser"}
    shown = load(tmp_path, other, event_sources=None).show("aaaa-1")
    assert shown.records[0].change is None
    assert shown.to_json()["records"][0]["change"] is None
    assert "Not an event of AWS Organizations" in render_event(shown)


def test_an_id_that_begins_many_or_none_is_an_error(samples, tmp_path):
    """The errors say which there are; a whole id is itself even where others begin so."""
    many = r"^28 event IDs begin with '5': 5005760a-\S+, .* …\ngive more of its characters$"
    with pytest.raises(TrailscanError, match=many):
        samples.show("5")
    with pytest.raises(NotFoundError, match=r"^no event ID begins with 'zz' among 467 events in "):
        samples.show("zz")
    with pytest.raises(TrailscanError):
        samples.show(" ")
    store = load(tmp_path, MOVED, MOVED | {"eventID": "aaaa-12"})
    assert store.show("aaaa-1").event_id == "aaaa-1"
    assert repr(store.show("aaaa-12")) == (
        "<trailscan event aaaa-12: 1 record; 'moved account 222233334444 from an unknown parent to an unknown parent'>"
    )


def test_show_says_what_names_the_event_and_what_else_was_done(samples):
    """The findings, the credential with its use, and what shared principal, key or address."""
    told = json.loads(json.dumps(samples.show(WEAKENED, around="10min").to_json()))
    assert [row["rule"] for row in told["findings"]] == [
        "guardrail-weakened", "unusual-hour", "protections-dismantled", "change-without-mfa",
    ]  # fmt: skip
    assert told["findings"][0]["open_for"] == "PT6H47M56S"
    assert told["records"][0]["credential"] == {
        "kind": "long_term_key",
        "access_key_id": "AKIAEXAMPLEVN2DZDNDL",
        "mfa": False,
        "since": None,
        "from_console": False,
        "first_seen": "2026-10-17T01:02:55Z",
        "events": 7,
    }
    assert [(row["event_time"], row["same"]) for row in told["around"]] == [
        (f"2026-10-17T{time}Z", ["principal", "key", "address"])
        for time in ("01:02:55", "01:05:33", "01:06:10", "01:07:21", "01:08:02", "01:09:30")
    ]
    hour = samples.show(WEAKENED).around.records()
    assert hour[-1]["same"] == ("address",)
    assert hour[-1]["principal"] == "root user of 111122223333"
    with pytest.raises(ValueError, match="'1m' is not an age such as 90min"):
        samples.show(WEAKENED, around="1m")


def test_a_session_has_its_start_and_mfa(tmp_path):
    """A temporary session says since when and with what; none of a service has a key."""
    identity = {
        "type": "AssumedRole", "accountId": "111122223333", "accessKeyId": "ASIAEXAMPLE",
        "arn": "arn:aws:sts::111122223333:assumed-role/Admin/zoe",
        "sessionContext": {"attributes": {
            "creationDate": "2026-11-02T11:40:00Z", "mfaAuthenticated": "true"}},
    }  # fmt: skip
    service = {"type": "AWSService", "invokedBy": "sso.amazonaws.com"}
    store = load(
        tmp_path,
        MOVED | {"userIdentity": identity},
        MOVED | {"eventID": "bbbb-1", "userIdentity": service},
    )
    session = store.show("aaaa").to_json()["records"][0]["credential"]
    assert session == {
        "kind": "session", "access_key_id": "ASIAEXAMPLE", "mfa": True,
        "since": "2026-11-02T11:40:00Z", "from_console": False,
        "first_seen": "2026-11-02T12:00:00Z", "events": 1,
    }  # fmt: skip
    text = render_event(store.show("aaaa"))
    assert "  MFA                    yes\n  session since          2026-11-02T11:40:00Z\n" in text
    assert store.show("bbbb").records[0].use.credential.kind == "aws_service"


def test_times_are_in_a_zone_and_hostile_text_is_shown_in_markdown_and_html(samples):
    """All forms have the same sections; nothing in a record becomes markup."""
    shown = samples.show(WEAKENED)
    paris = ZoneInfo("Europe/Paris")
    assert "2026-10-17T03:04:10+02:00  UpdatePolicy" in render_event(shown, paris)
    page = render_document_html(event_document(shown, paris))
    text = render_document_markdown(event_document(shown, paris))
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    titles = ["Findings that name it", "Around it", "Before", "After", "As recorded", "Evidence"]
    assert re.findall("(?m)^## (.*)$", text) == titles
    assert re.findall("<h2>(.*?)</h2>", page)[1:] == titles
    assert "2026-10-17 03:05:33+0200" in text
    assert "\x1b" not in text + page


def test_names_and_arns_are_whole_on_a_terminal_of_80_columns(samples):
    """Who, findings and what is around: folded between words, which begin further left if long."""
    text = render_event(samples.show("b95d3f16"), width=80).partition("\nSessions\n")[0]
    lines = text.splitlines()
    arn = "arn:aws:sts::111122223333:assumed-role/terraform-organization/gha-org-baseline-4711"
    assert [line for line in lines if len(line) > 80] == [arn]
    for whole in ("repo:example/org-baseline:ref:refs/heads/main", "(ou-exam-secu1111)"):
        assert len([line for line in lines if whole in line]) > 1
    assert lines[lines.index("Who") + 1 :][:3] == [
        "  name                   repo:example/org-baseline:ref:refs/heads/main (not",
        "                         certain; named by identity provider: the name that the",
        "                         identity provider gave)",
    ]
