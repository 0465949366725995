"""Sources as people have them: each object and record is read, or named."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import msgspec
import pytest
from services.command import run_command

import trailscan as ts
from trailscan.ingest import pipeline
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.store.counts import total_counts

NAME = "111122223333_CloudTrail_us-east-1_20261122T1405Z_AAAAAAAAAAAAAAA1.json.gz"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
CASES = Path(__file__).parent / "cases"
ORGANIZATIONS = "organizations.amazonaws.com"


@pytest.fixture
def case(tmp_path):
    """A copy of a case's folder."""
    return lambda name: Path(shutil.copytree(next(CASES.glob(f"{name}-*")), tmp_path / "case"))


@pytest.fixture
def loaded(tmp_path):
    """What `trailscan load` says of a source: its exit code and its summary."""

    def load(source, *more, store="store", stdin=b""):
        words = ["load", source, "--store", tmp_path / store, "--format", "json", *more]
        done = run_command(*words, stdin=stdin)
        assert done.stdout, done.stderr.decode()
        return done.returncode, json.loads(done.stdout)

    return load


@pytest.fixture
def report(tmp_path):
    """The rows of a report on the store."""

    def rows(name, *more, store="store"):
        words = ["report", name, "--store", tmp_path / store, "--format", "json", *more]
        return json.loads(run_command(*words).stdout)["rows"]

    return rows


def kept(found):
    """The exit code, the log files done and the records kept, filtered out and rejected."""
    code, summary = found
    records = summary["records"]
    counts = [records[name] for name in ("kept", "filtered_out", "rejects")]
    return (code, summary["log_files"]["done"], *counts)


def record(number=1, **more):
    """A record of Organizations."""
    return {
        "eventVersion": "1.11",
        "eventTime": "2026-11-22T14:05:00Z",
        "eventID": f"00000000-0000-4000-8000-{number:012d}",
        "eventSource": ORGANIZATIONS,
        "eventName": "LeaveOrganization",
        "awsRegion": "us-east-1",
        "recipientAccountId": "111122223333",
        "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": "ann"},
        **more,
    }


@pytest.mark.parametrize(
    "name",
    ["a_jq_slurp.json", "b_elasticdump.jsonl", "c_eventbridge_detail_only.json",
     "d_splunk_hec.json"],
)  # fmt: skip
def test_records_inside_wrappers_are_kept(case, loaded, report, name):
    """`jq -s` over log files, Elasticsearch, EventBridge targets and Splunk HEC."""
    assert kept(loaded(case("01") / name)) == (0, 1, 2, 0, 0)
    assert sorted(row["event_name"] for row in report("changes")) == ["AttachPolicy", "MoveAccount"]


RECORD = json.dumps(record())
WRAPPERS = {
    "a log file as a string": json.dumps({"Records": [record()]}).replace(RECORD, RECORD),
    "log files in records": json.dumps({"Records": [{"Records": [record()]}]}),
    "a message of CloudWatch": json.dumps([{"timestamp": 1, "message": RECORD}]),
    "filter-log-events": json.dumps({"events": [{"message": RECORD}], "searchedLogStreams": []}),
    "messages of SQS": json.dumps(
        {"Records": [{"eventSource": "aws:sqs", "messageId": "m", "body": RECORD}]}
    ),
    "SNS in SQS": json.dumps(
        {
            "Messages": [
                {"Body": json.dumps({"Type": "Notification", "Message": json.dumps([record()])})}
            ]
        }
    ),
    "a message of SNS": json.dumps(
        {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": RECORD}}]}
    ),
    "events of Datadog's archive": json.dumps(
        {"_id": "x", "date": "2026-11-22", "attributes": record(), "tags": ["a"]}
    ),
    "a result of Logs Insights": json.dumps({"results": [[{"field": "@m", "value": RECORD}]]}),
    "six envelopes": json.dumps({"a": {"b": [{"c": {"d": [[json.dumps({"e": record()})]]}}]}}),
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("sources", [(), ("--event-source", "all")], ids=["default", "all"])
def test_a_wrapper_is_known_by_its_form(loaded, tmp_path, wrapper, sources):
    """Whatever has records in it is unwrapped, with the default event source and with all."""
    (tmp_path / "x.json").write_text(WRAPPERS[wrapper], encoding="utf-8")
    assert kept(loaded(tmp_path / "x.json", *sources)) == (0, 1, 1, 0, 0)


@pytest.mark.parametrize(
    "item",
    [{"note": f"about {ORGANIZATIONS}"}, {"Event_Source": ORGANIZATIONS, "n": {"id": 1}},
     f"<14> aws {RECORD}", {"eventSource": ORGANIZATIONS}],
    ids=["a mention", "other names", "syslog", "too little"],
)  # fmt: skip
def test_what_names_a_wanted_source_in_no_known_form_is_a_reject(loaded, tmp_path, item):
    """It is never filtered out: that word is for records of another event source."""
    (tmp_path / "x.json").write_text(json.dumps([record(), item]), encoding="utf-8")
    assert kept(loaded(tmp_path / "x.json")) == (4, 1, 1, 0, 1)


def test_a_time_before_each_line_is_no_part_of_it(loaded, tmp_path):
    """CloudWatch Logs exports a log group to S3 as lines of an instant and a message."""
    lines = [f"2026-11-22T12:05:0{n}.000Z {json.dumps(record(n))}\n" for n in range(3)]
    for name, text in (("one", lines[0]), ("000000.gz", "".join(lines[1:]) + "2026-11-22T12 {")):
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes(gzip.compress(text.encode()))
    assert kept(loaded(tmp_path / "in")) == (4, 2, 3, 0, 1)


def test_two_event_sources_in_one_record_are_a_reject(loaded, tmp_path):
    """Readers of JSON differ in which of two equal names they take, so it is named."""
    twice = RECORD[:-1] + ', "eventSource": "s3.amazonaws.com"}'
    other = json.dumps(record(2))[:-1] + ', "eventName": "Describe"}'
    (tmp_path / "x.json").write_text(f"[{twice},{other}]", encoding="utf-8")
    code, summary = loaded(tmp_path / "x.json")
    assert (code, [one["reason"] for one in summary["rejects"]]) == (4, ["repeated_name"] * 2)


def test_two_members_of_one_name_are_a_reject_at_any_depth(loaded, tmp_path):
    """Also if one is spelled with an escape, inside of lists, or in members that are JSON text."""
    nested = (
        r'{"accountId": "1", "accountId": "2"}',
        r'{"accountId":"1","account\u0049d":"2"}',
        r'{"a": [{"b": [1, {"x": 1, "accountId": 2, "accountId": 2}]}]}',
        json.dumps('{"accountId": "1", "accountId": "2"}'),
        json.dumps('{"accountId":"1","accountId":"2"}'),
    )
    name = '"requestParameters":'
    texts = [json.dumps(record(n, requestParameters=0), separators=(",", ":")) for n in range(9)]
    made = [text.replace(f"{name}0", name + one) for text, one in zip(texts, nested, strict=False)]
    fine = record(7, requestParameters={"a": {"x": 1}, "b": [{"x": 1}, {"x": 10**18}, 1.5e-7]})
    (tmp_path / "x.json").write_text(f"[{','.join(made)},{json.dumps(fine)}]", encoding="utf-8")
    code, summary = loaded(tmp_path / "x.json")
    assert kept((code, summary)) == (4, 1, 1, 0, 5)
    assert {(one["reason"], one["message"]) for one in summary["rejects"]} == {
        ("repeated_name", "the record has 'accountId' twice")
    }


@pytest.mark.parametrize(("number", "growth"), [("1e15", 14), ("1e5", 5)])
def test_numbers_do_not_hide_a_second_member(loaded, tmp_path, number, growth):
    """A record can be as long as its JSON written anew and still have one name twice."""
    fill = "x" * (growth * 4 - len(',"errorCode":""'))
    first = f'{{"x":[{",".join([number] * 4)}],"errorCode":"{fill}","errorCode":"AccessDenied",'
    text = first + json.dumps(record(), separators=(",", ":"))[1:]
    assert len(text) == len(msgspec.json.encode(msgspec.json.decode(text)))
    (tmp_path / "x.json").write_text(f"[{text}]", encoding="utf-8")
    code, summary = loaded(tmp_path / "x.json")
    assert (code, [one["reason"] for one in summary["rejects"]]) == (4, ["repeated_name"])


TWO = json.dumps(record(2))
FULL_ENVELOPES = {
    "two lists of one name": (f'{{"Records":[{RECORD}],"Records":[{TWO}]}}', (0, 1, 2, 0, 0)),
    "a name with an escape": (f'{{"Records":[{RECORD}],"Re\\u0063ords":[]}}', (0, 1, 1, 0, 0)),
    "an empty list first": (f'{{"Records":[],"more":[{RECORD}]}}', (0, 1, 1, 0, 0)),
    "two lists": (f'{{"Records":[{RECORD}],"Events":[{TWO}]}}', (0, 1, 2, 0, 0)),
    "two details": (f'{{"a":{{"b":{RECORD},"c":1}},"a":{TWO}}}', (0, 1, 2, 0, 0)),
    "a sequence of RFC 7464": (f"\x1e{RECORD}\n\x1e{TWO}\n", (0, 1, 2, 0, 0)),
}


@pytest.mark.parametrize("name", FULL_ENVELOPES)
def test_every_list_of_an_envelope_is_read(loaded, tmp_path, name):
    """Whichever of equal names a reader of JSON takes, the records of none are passed over."""
    text, expected = FULL_ENVELOPES[name]
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    assert kept(loaded(tmp_path / "x.json")) == expected


OF_S3 = json.dumps(record(eventSource="s3.amazonaws.com"), separators=(",", ":"))
UNCLEAR = {
    "a list": json.dumps(record(eventSource=[ORGANIZATIONS])),
    "two, one escaped": RECORD[:-1] + ',"event\\u0053ource":"s3.amazonaws.com"}',
    "a message of Kinesis": json.dumps(
        {"kinesis": {"data": "eyJldmVudFNvdXJjZSI6"}, "eventSource": "aws:kinesis"}
    ),
    "a hole": OF_S3.replace("2026-11-22T14", "\0" * 13),
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_filtered_out_is_only_what_has_another_event_source(loaded, tmp_path, name):
    """What has none that can be read is a reject."""
    text = f'{{"Records":[{UNCLEAR[name]}]}}'
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    assert kept(loaded(tmp_path / "x.json")) == (4, 1, 0, 0, 1)


LOG_FILES = [f'{{"Records":[{OF_S3}]}}', f'{{"Records":[{OF_S3},{OF_S3}]}}']
NESTED = [{"eventVersion": "1.0"}, {"eventVersion": "1.1"}]


@pytest.mark.parametrize(
    ("stored", "count"),
    [
        (b"".join(gzip.compress(one.encode()) for one in LOG_FILES), 3),
        (gzip.compress("\n".join(LOG_FILES).encode()), 3),
        ("\n".join(LOG_FILES).encode(), 3),
        (
            gzip.compress(
                LOG_FILES[1].replace('"ann"', json.dumps(NESTED, separators=(",", ":"))).encode()
            ),
            2,
        ),
    ],
    ids=["members of gzip", "compressed as one", "plain", "records in a record"],
)
def test_records_of_log_files_after_one_another_are_counted(loaded, tmp_path, stored, count):
    """As `cat` writes them, also if none is of a wanted event source."""
    (tmp_path / "x.json").write_bytes(stored)
    assert kept(loaded(tmp_path / "x.json")) == (0, 1, 0, count, 0)


def test_an_event_source_inside_of_a_request_does_not_count(loaded, tmp_path):
    """A record without an event source of its own is a reject, whatever is inside of it."""
    nested = record(requestParameters={"eventSource": ORGANIZATIONS})
    del nested["eventSource"]
    of_s3 = record(2, eventSource="s3.amazonaws.com", requestParameters={"a": record(3)})
    (tmp_path / "x.json").write_text(json.dumps([nested, of_s3]), encoding="utf-8")
    assert kept(loaded(tmp_path / "x.json")) == (4, 1, 0, 1, 1)


@pytest.mark.parametrize("spelling", ["esc", "slash"])
def test_an_escaped_event_source_is_the_same(case, loaded, spelling):
    """An escape of JSON stands for its character."""
    assert kept(loaded(case("25") / spelling)) == (0, 1, 1, 0, 0)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["no mark", "mark"])
def test_other_encodings_of_unicode_are_read(loaded, tmp_path, encoding, mark):
    """As Windows PowerShell writes them, with a byte order mark or without."""
    (tmp_path / "x.json").write_bytes((mark + RECORD).encode(encoding))
    found = loaded(tmp_path / "x.json")
    assert kept(found) == (0, 1, 1, 0, 0)
    assert found[1]["not_as_delivered"] == {"plain": 1, encoding[:6]: 1}


def test_lookup_events_of_powershell_are_read(case, loaded):
    """The output of `aws cloudtrail lookup-events > events.json` in UTF-16."""
    assert kept(loaded(case("15") / "events.json")) == (0, 1, 1, 0, 0)


def test_events_of_other_kinds_are_no_rejects(case, loaded):
    """EventBridge archives hold events of other services too, and they are counted."""
    code, summary = loaded(case("17") / "archive.jsonl")
    assert kept((code, summary)) == (0, 1, 1, 0, 0)
    assert summary["other_events"] == {"EventBridge event": 1}


def test_insights_events_are_told_apart(loaded, tmp_path):
    """They name the event source that they are about, and have none of their own."""
    insight = record(2, eventType="AwsCloudTrailInsight", eventCategory="Insight")
    del insight["eventSource"]
    insight["insightDetails"] = {"state": "Start", "eventSource": ORGANIZATIONS}
    (tmp_path / "x.json").write_text(json.dumps({"Records": [insight, record()]}), encoding="utf-8")
    code, summary = loaded(tmp_path / "x.json")
    assert kept((code, summary)) == (0, 1, 1, 0, 0)
    assert summary["other_events"] == {"Insights event": 1}


def test_details_that_are_json_text_are_parsed(case, loaded, report):
    """Tables of Athena and indexes of logs hold `requestParameters` as text."""
    assert kept(loaded(case("12") / "events.json")) == (0, 1, 1, 0, 0)
    (row,) = report("changes")
    assert row["target"] == "222222222222"
    assert "OU ou-ab12-11111111" in row["description"]


def test_an_identity_that_is_json_text_is_parsed(loaded, tmp_path, report):
    """And is shown as the principal."""
    text = json.dumps(record()["userIdentity"])
    (tmp_path / "x.json").write_text(json.dumps(record(userIdentity=text)), encoding="utf-8")
    assert kept(loaded(tmp_path / "x.json")) == (0, 1, 1, 0, 0)
    assert [row["principal"] for row in report("changes")] == ["ann"]


def test_a_boolean_for_a_text_costs_no_record(case, loaded, report):
    """`sessionCredentialFromConsole: true`."""
    assert kept(loaded(case("21") / "events.json")) == (0, 1, 1, 0, 0)
    assert len(report("changes")) == 1


@pytest.mark.parametrize(
    "member",
    [{"readOnly": "false"}, {"managementEvent": "true"}, {"eventType": True},
     {"userIdentity": {"type": "Root", "sessionContext": {"attributes": {"creationDate": False}}}}],
    ids=lambda member: next(iter(member)),
)  # fmt: skip
def test_a_boolean_in_either_spelling_costs_no_record(loaded, tmp_path, member):
    """A change is worth more than the type of an ornament."""
    (tmp_path / "x.json").write_text(json.dumps(record(**member)), encoding="utf-8")
    assert kept(loaded(tmp_path / "x.json")) == (0, 1, 1, 0, 0)


@pytest.mark.parametrize(
    "item", [b"{}", b"0", b'{"a":1}', b"[[]]"], ids=["objects", "numbers", "members", "lists"]
)
def test_a_small_file_of_many_rejects_is_read_in_bounds(loaded, tmp_path, item):
    """Beyond a thousand rejects the rest is one that counts them; the neighbour is kept."""
    number = 300_000
    body = b'{"Records":[' + (item + b",") * number + item + b"]}"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "big.json.gz").write_bytes(gzip.compress(body, 9))
    shutil.copy(CASES / "good.json.gz", tmp_path / "in")
    code, summary = loaded(tmp_path / "in")
    assert (code, summary["records"]["kept"]) == (4, 1)
    assert summary["records"]["rejects"] == number + 1
    assert len(summary["rejects"]) == 1001
    assert summary["rejects"][-1]["message"].startswith(f"{number + 1 - 1000:,} more records")


def test_a_log_file_read_for_other_event_sources_counts_once(case, loaded, report, tmp_path):
    """Counts are those of the last reading, in status and coverage; no event is doubled."""
    source = case("34") / "source"
    loaded(source)
    code, summary = loaded(source, "--event-source", "all")
    assert (code, summary["log_files"]["done"]) == (0, 2)
    status = run_command("status", "--store", tmp_path / "store").stdout.decode()
    assert "4 events" in status
    assert "2 log files with 4 records" in status
    rows = report("coverage")
    names = ("log_files", "records", "kept", "filtered_out", "duplicates", "event_sources")
    assert {tuple(row[name] for name in names) for row in rows if row["records"]} in (
        {(2, 4, 4, 0, 0, "all")},
        {(1, 2, 2, 0, 0, "all")},
    )
    notes = run_command("report", "changes", "--store", tmp_path / "store")
    assert b"out of 2 log files" in notes.stdout + notes.stderr


def test_an_archive_that_was_copied_anew_is_known(case, loaded, tmp_path):
    """A log file is its place and its bytes, whatever time the copy has."""
    source = case("34") / "source"
    loaded(source)
    before = sorted(path.name for path in (tmp_path / "store").rglob("*.parquet"))
    for path in source.rglob("*.gz"):
        os.utime(path, (1, 1))
    code, summary = loaded(source)
    assert (code, summary["log_files"]["known"], summary["log_files"]["done"]) == (0, 2, 0)
    assert sorted(path.name for path in (tmp_path / "store").rglob("*.parquet")) == before
    assert len([*(tmp_path / "store" / "_ledger").iterdir()]) == 1


def test_a_copy_with_fewer_members_is_no_conflict(case, loaded, report):
    """EventBridge's events lack members of the trail's records, and differ in none."""
    code, summary = loaded(case("11"))
    assert (code, summary["conflicts"], summary["records"]["kept"]) == (0, 0, 1)
    assert len(report("changes")) == 1


@pytest.mark.parametrize("names", [("trail", "eventbridge"), ("eventbridge", "trail")])
def test_the_copy_with_more_members_is_shown(case, loaded, report, tmp_path, names):
    """In whatever order the copies were loaded; duplicates later stay duplicates."""
    folder = case("11")
    for name in (*names, names[0]):
        code, summary = loaded(folder / f"{name}.json")
        assert (code, summary["conflicts"]) == (0, 0)
    assert len(report("changes")) == 1
    (shown,) = ts.open(str(tmp_path / "store")).events()["record"]
    assert "eventCategory" in shown
    assert b" 1 event " in run_command("status", "--store", tmp_path / "store").stdout


@pytest.mark.parametrize(
    "planted",
    [{"errorCode": "AccessDenied"}, {"addendum": {"reason": "UPDATED_DATA"}}, {"eventName": "X"}],
    ids=lambda planted: next(iter(planted)),
)
def test_a_copy_that_means_something_else_is_a_conflict(loaded, tmp_path, planted):
    """A member whose absence says something makes another record, and both are shown."""
    (tmp_path / "a.json").write_text(json.dumps(record()), encoding="utf-8")
    (tmp_path / "b.json").write_text(json.dumps(record(**planted)), encoding="utf-8")
    flags = []
    for first, second in (("a", "b"), ("b", "a")):
        loaded(tmp_path / f"{first}.json", store=first)
        assert loaded(tmp_path / f"{second}.json", store=first)[1]["conflicts"] == 1
        events = ts.open(str(tmp_path / first)).events()
        flags.append(sorted(events["conflict"]))
    assert flags == [[True, True]] * 2


WHOLE = record(requestID="r", userAgent="u", sourceIPAddress="192.0.2.1")
CORRECTION = {"reason": "UPDATED_DATA", "originalEventID": WHOLE["eventID"]}
COPIES = {
    "whole": WHOLE,
    "part": {name: value for name, value in WHOLE.items() if name != "requestID"},
    "other part": {name: value for name, value in WHOLE.items() if name != "userAgent"},
    "least": record(),
    "correction": {**WHOLE, "eventID": record(2)["eventID"], "addendum": CORRECTION},
    "forged": {**WHOLE, "eventName": "CreateAccount"},
}
ONE_EVENT, TWO_EVENTS = ([False], 0), ([True, True], 1)


@pytest.mark.parametrize(
    ("names", "changes", "flags", "conflicts"),
    [
        (("whole", "part", "other part"), 1, *ONE_EVENT),
        (("whole", "least", "correction"), 1, [False, False], 0),
        (("whole", "part", "forged"), 2, *TWO_EVENTS),
        (("least", "part", "other part"), 2, *TWO_EVENTS),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_copies_are_the_same_from_any_place_in_any_order(
    tmp_path, names, changes, flags, conflicts
):
    """From a folder, a file or standard input, in one load or one after another."""

    def load(store, kind, *copies):
        data = json.dumps({"Records": [COPIES[name] for name in copies]}).encode()
        if kind == "-":
            return run_load(["-"], store, LoadOptions(), NOW, data)
        source = Path(f"{store}-{copies[0]}") if kind == "in" else Path(f"{store}.{copies[0]}")
        path = source / NAME if kind == "in" else source
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(gzip.compress(data) if kind == "in" else data)
        return run_load([str(source)], store, LoadOptions(), NOW)

    def check(store, log_files):
        opened = ts.open(store)
        totals = total_counts(opened.reader.commits)
        assert sorted(opened.events(columns=["conflict"])["conflict"]) == flags
        assert (len(opened.log_files()), totals.log_files) == (log_files, log_files)
        assert (totals.records, totals.kept, totals.conflicts) == (3, len(flags), conflicts)
        assert totals.duplicates == totals.records - totals.kept
        return opened

    for number, order in enumerate(permutations(names)):
        places = ("in", "file", "-") if number % 2 else ("-", "in", "file")
        for kind, name in zip(places, order, strict=True):
            load(str(tmp_path / f"{number}"), kind, name)
        opened = check(str(tmp_path / f"{number}"), 3)
    load(str(tmp_path / "together"), "in", *order)
    check(str(tmp_path / "together"), 1)
    assert len(opened.changes()) == changes


def test_a_load_counts_the_same_however_many_commits_it_makes(tmp_path, monkeypatch):
    """A copy that another one replaces is a duplicate, also if both are of different commits."""
    orders = (("part", "other part", "whole"), ("least", "forged", "part", "whole"))
    for number, order in enumerate(orders):
        for position, name in enumerate(order):
            path = tmp_path / f"in-{number}" / f"{position}.json"
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(COPIES[name]), encoding="utf-8")

    def load(source, store):
        found = run_load([str(tmp_path / source)], str(tmp_path / store), LoadOptions(), NOW)
        return found.kept, found.duplicates, found.conflicts

    together = [load(f"in-{number}", f"together-{number}") for number in range(2)]
    monkeypatch.setattr(pipeline, "_COMMIT_LOG_FILES", 1)
    apart = [load(f"in-{number}", f"apart-{number}") for number in range(2)]
    assert apart == together == [(1, 2, 0), (2, 2, 1)]
    (tmp_path / "in-0" / "2.json").rename(tmp_path / "whole.json")
    assert load("in-0", "loads") == (2, 0, 1)
    assert load("whole.json", "loads") == (0, 1, 0)


def test_a_correction_replaces_the_event_that_it_corrects(case, loaded, report, tmp_path):
    """One change, that of the corrected record; the original is among the related events."""
    assert kept(loaded(case("10") / "events.json")) == (0, 1, 2, 0, 0)
    (row,) = report("changes")
    assert row["event_id"] == "aaaaaaaa-0000-4000-9000-000000000001"
    assert "00000001-0000-4000-9000-000000000001" in json.dumps(row)


def test_nobody_hides_an_event_by_correcting_it(loaded, tmp_path, report):
    """A correction is of the same call, account and time, or it is a change of its own."""
    addendum = {"reason": "UPDATED_DATA", "originalEventID": record(1)["eventID"]}
    planted = record(2, addendum=addendum, eventTime="2026-11-22T15:05:00Z")
    (tmp_path / "x.json").write_text(json.dumps([record(1), planted]), encoding="utf-8")
    loaded(tmp_path / "x.json")
    assert len(report("changes")) == 2


@pytest.mark.parametrize("corrected", [(1,), (2, 1), (2, 3, 1)], ids=len)
def test_corrections_in_a_circle_correct_nothing(loaded, tmp_path, report, corrected):
    """An event that corrects itself, directly or around others, is still a change."""
    planted = [
        record(number, requestID="r")
        | {"addendum": {"reason": "UPDATED_DATA", "originalEventID": record(other)["eventID"]}}
        for number, other in enumerate(corrected, 1)
    ]
    (tmp_path / "x.json").write_text(json.dumps(planted), encoding="utf-8")
    loaded(tmp_path / "x.json")
    assert len(report("changes")) == len(corrected)
