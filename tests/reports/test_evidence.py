"""The records behind the rows of a report."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

from trailscan.api import open as open_store
from trailscan.ingest.run import LoadOptions, run_load

CREATED = {
    "eventVersion": "1.11",
    "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": "alice"},
    "eventTime": "2026-11-22T12:00:00Z",
    "eventSource": "organizations.amazonaws.com",
    "eventName": "CreateAccount",
    "awsRegion": "us-east-1",
    "requestParameters": {"accountName": "Sandbox"},
    "responseElements": {"createAccountStatus": {"id": "car-1", "state": "IN_PROGRESS"}},
    "eventID": "asked",
    "recipientAccountId": "111122223333",
}
RESULT = {
    "eventVersion": "1.11",
    "userIdentity": {"accountId": "111122223333", "invokedBy": "organizations.amazonaws.com"},
    "eventTime": "2026-11-22T12:00:09Z",
    "eventSource": "organizations.amazonaws.com",
    "eventName": "CreateAccountResult",
    "eventID": "result",
    "serviceEventDetails": {"createAccountStatus": {"id": "car-1", "state": "SUCCEEDED"}},
    "recipientAccountId": "111122223333",
}
OTHER = {**CREATED, "requestParameters": {"accountName": "Other"}, "responseElements": None}


def write(path, *records):
    """A log file of some records, spaced as no encoder of ours would."""
    path.write_bytes(
        gzip.compress(json.dumps({"Records": records}, separators=(", ", ":")).encode())
    )


def test_each_row_has_its_records_as_recorded_and_where_they_were_read(tmp_path):
    """A change and its result are two records; of two with one id each row has its own."""
    logs = tmp_path / "logs"
    logs.mkdir()
    write(logs / "a.json.gz", CREATED, RESULT)
    write(logs / "b.json.gz", OTHER)
    run_load([str(logs)], str(tmp_path / "s"), LoadOptions(), datetime(2026, 11, 23, tzinfo=UTC))
    table = open_store(str(tmp_path / "s")).report("changes")
    evidence = table.evidence()
    assert [[one.event_id for one in row] for row in evidence] == [["asked", "result"], ["asked"]]
    records = [[json.loads(one.record) for one in row] for row in evidence]
    assert records == [[CREATED, RESULT], [OTHER]]
    assert evidence[0][0].record == json.dumps(CREATED, separators=(", ", ":"))
    assert [(one.log_file, one.record_index) for one in evidence[0]] == [
        (str(logs / "a.json.gz"), 0),
        (str(logs / "a.json.gz"), 1),
    ]
    assert all(len(one.sha256) == 64 and one.attested is None for row in evidence for one in row)


def test_reports_of_several_events_a_row_have_the_records_of_all(tmp_path):
    """A principal's row has its first and last event, an account's row all of its life."""
    write(tmp_path / "a.json.gz", CREATED, RESULT)
    store = str(tmp_path / "s")
    run_load(
        [str(tmp_path / "a.json.gz")], store, LoadOptions(), datetime(2026, 11, 23, tzinfo=UTC)
    )
    for name in ("principals", "targets", "denied", "policies", "accounts", "findings", "cis"):
        table = open_store(store).report(name)
        named = [set(ids(row)) for row in table.records()]
        assert [{one.event_id for one in row} for row in table.evidence()] == named


def ids(row):
    """The events that a row names."""
    for name, value in row.items():
        if name in {"event_id", "first_event_id", "last_event_id"} and value:
            yield value
        if name in {"event_ids", "related_event_ids"}:
            yield from value


def test_an_answer_in_sql_has_the_records_of_events_that_it_names(tmp_path):
    """A row with an event's id has its record, whatever else was asked; one without has none."""
    write(tmp_path / "a.json.gz", CREATED, RESULT)
    store = str(tmp_path / "s")
    run_load(
        [str(tmp_path / "a.json.gz")], store, LoadOptions(), datetime(2026, 11, 23, tzinfo=UTC)
    )
    query = "SELECT event_id, log_file, record_index FROM changes UNION ALL SELECT NULL, log_file, 0 FROM changes"
    table = open_store(store).sql(query)
    found = sorted([one.event_id for one in row] for row in table.evidence())
    assert found == [[], ["asked"]]
    assert open_store(store).sql("SELECT 1 AS one").evidence is None
