"""Events of any source, and what was done around one."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

import pytest

import trailscan as ts
from trailscan.errors import NotFoundError
from trailscan.ingest.run import LoadOptions, run_load

WEAKENED = "5b422002-7ea6-439a-aade-2eb0ca724d24"
USER = {
    "type": "IAMUser", "accountId": "111122223333", "userName": "mallory",
    "accessKeyId": "AKIAEXAMPLE",
}  # fmt: skip
CALL = {
    "eventVersion": "1.11", "userIdentity": USER, "eventTime": "2026-11-02T12:00:00Z",
    "eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "eventID": "aaaa-1",
    "recipientAccountId": "111122223333", "sourceIPAddress": "203.0.113.9",
    "userAgent": "aws-cli/2.0", "requestParameters": {"userName": "back (door)"},
}  # fmt: skip


@pytest.fixture
def store(tmp_path):
    """A store of all event sources that has no call of AWS Organizations."""
    read = {
        "eventID": "bbbb-1", "eventSource": "s3.amazonaws.com", "eventName": "GetBucketAcl",
        "readOnly": True, "errorCode": "AccessDenied", "userIdentity": {"type": "Unknown"},
        "sourceIPAddress": "cloudtrail.amazonaws.com", "eventTime": "2026-11-02T12:30:00Z",
    }  # fmt: skip
    records = {"Records": [CALL, CALL | read]}
    (tmp_path / "log.json.gz").write_bytes(gzip.compress(json.dumps(records).encode()))
    options = LoadOptions(event_sources=None)
    now = datetime(2026, 11, 3, tzinfo=UTC)
    run_load([str(tmp_path / "log.json.gz")], str(tmp_path / "s"), options, now)
    return ts.open(tmp_path / "s")


def test_events_of_every_source_say_who_when_what_and_from_where(store):
    """They stand in the report of events with the names that the service gives."""
    names = (
        "principal", "description", "event_source", "source_ip_address", "client", "outcome",
        "category", "target_ids", "access_key_id",
    )  # fmt: skip
    rows = store.report("events").records()
    assert [tuple(row[name] for name in names) for row in rows] == [
        (
            "mallory", 'called iam CreateUser with userName "back (door)"', "iam.amazonaws.com",
            "203.0.113.9", "cli", "succeeded", "other", ("back (door)",), "AKIAEXAMPLE",
        ),
        (
            rows[1]["principal"], 'called s3 GetBucketAcl with userName "back (door)": AccessDenied',
            "s3.amazonaws.com", "cloudtrail.amazonaws.com", "cli", "denied", "read",
            ("back (door)",), None,
        ),
    ]  # fmt: skip
    for source in ("iam", "iam.amazonaws.com", "!s3"):
        (row,) = store.report("events", event_source=source).records()
        assert row["event_id"] == "aaaa-1"
    assert (
        store.report("events", principal="mallory", action="Get*")
        .notes[0]
        .startswith("0 events with principal mallory, action Get*;")
    )


def test_a_report_on_changes_says_that_other_events_are_not_in_it(store):
    """An empty report is no statement about what it does not show."""
    assert store.report("changes").notes[1:3] == (
        "the store holds no AWS Organizations change",
        "2 events of other services are not in it: `trailscan report events`",
    )
    assert len(store.report("events").rows) == 2


def test_changes_and_events_around_an_event(samples):
    """By the same principal, key or address, and composed with other filters."""
    rows = samples.report("changes", around="5b4220", within="2h").records()
    assert [(row["event_name"], row["principal"]) for row in rows] == [
        (name, "break-glass-dana")
        for name in (
            "DeletePolicy", "UpdatePolicy", "DetachPolicy", "DeleteResourcePolicy",
            "DeregisterDelegatedAdministrator", "DisableAWSServiceAccess",
            "CreateOrganizationalUnit",
        )
    ] + [("DisablePolicyType", "root user of 111122223333")]  # fmt: skip
    denied = samples.report("changes", around=WEAKENED, outcome="denied")
    assert [row["event_name"] for row in denied.records()] == ["DeletePolicy"]
    assert denied.notes[0] == (
        "1 change with outcome denied, the principal, access key or source IP of event "
        f"{WEAKENED}, within 1 h of it; 2026-10-17T00:04:10Z to 2026-10-17T02:04:10Z"
    )
    events = samples.report("events", around="5b4220").records()
    assert WEAKENED in {row["event_id"] for row in events}
    assert len(events) == 8


@pytest.mark.parametrize(
    ("filters", "error", "message"),
    [
        ({"within": "1h"}, ValueError, "`within` needs an event"),
        ({"around": "5b4220", "within": "1mo"}, ValueError, "'1mo' is not an age"),
        ({"around": "5b4220", "since": "2026-10-20"}, ValueError, "nothing around the event"),
        ({"around": "zz"}, NotFoundError, "no event ID begins with 'zz'"),
    ],
)
def test_an_event_that_is_not_there_has_no_vicinity(samples, filters, error, message):
    """The error says what is wrong."""
    with pytest.raises(error, match=message):
        samples.report("changes", **filters)
