"""A second service is one file of records: this one invents it, and everything reports on it."""

from __future__ import annotations

import gzip
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from operations_page import page

import trailscan as ts
from trailscan import organizations
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.organizations.catalogue import catalogue, registered
from trailscan.organizations.effects import with_account
from trailscan.organizations.fields import tags_at, text_at
from trailscan.organizations.operation import READ, Case, Operation, Service
from trailscan.organizations.resources import Role
from trailscan.organizations.services import ORGANIZATIONS, SERVICES
from trailscan.render.event import render_event
from trailscan.reports.changes import read_changes
from trailscan.reports.findings.reads import examine

ENGINE = ("catalogue", "changes", "context", "correlate", "fields", "operation", "replay",
          "resources", "sentences")  # fmt: skip


def _for_everyone(call):
    return text_at(call.event, "request.audience") == "everyone"


def _name_account(state, event):
    """The state with the account's name that a new beacon gives."""
    return with_account(
        state, event.recipient_account_id, name=text_at(event, "request.accountName")
    )


BEACONS = Service(
    "beacon.amazonaws.com",
    operations=(
        Operation(
            "LightBeacon", "beacon", "beacon",
            done="lit {beacon} for {audience}",
            tried="light {beacon}[ for {audience}]",
            known_from="model", severity="low", mitre=("T1666",),
            reason="Shows a light.",
            cases=(Case("public", "it is lit for everyone", _for_everyone, "high", "Blinds."),),
            effect=_name_account, before_and_after=lambda call: ("dark", "lit"),
        ),
        Operation(
            "TagResource", "tag", "beacon",
            done="labeled {beacon}[ with {labels}]",
            tried="label {beacon}",
            known_from="model", severity="low",
            reason="Sets labels.",
        ),
        Operation(
            "ListBeacons", READ, "beacon", "listed the beacons", "list the beacons", "model",
            severity="info", severity_of_attempt="low", mitre=("T1580",),
            reason="Shows all beacons.",
        ),
    ),
    roles={"beacon": Role("beacon", ("request.beaconId", "request.resourceId"))},
    values={
        "audience": lambda call: text_at(call.event, "request.audience"),
        "labels": lambda call: ", ".join(key for key, _ in tags_at(call.event)),
    },
)  # fmt: skip

ROOT = {"type": "Root", "accountId": "111122223333", "arn": "arn:aws:iam::111122223333:root"}
TAGS = {"resourceId": "ou-ex-1", "tags": [{"key": "team", "value": "red"}]}
CALLS = (
    ("beacon", "LightBeacon", {"beaconId": "b-1", "audience": "everyone", "accountName": "Lights"}),
    ("beacon", "LightBeacon", {"beaconId": "b-2", "audience": "staff"}),
    ("beacon", "TagResource", TAGS),
    ("organizations", "TagResource", TAGS),
    ("beacon", "ListBeacons", {}),
    ("beacon", "DouseBeacon", {"beaconId": "b-1"}),
    ("organizations", "RemoveAccountFromOrganization", {"accountId": "111122223333"}),
)


@pytest.fixture
def store(tmp_path):
    """A store of calls to the invented service and to Organizations by the root user."""
    records = [
        {
            "eventVersion": "1.11",
            "eventTime": f"2026-11-02T12:00:0{number}Z",
            "eventID": f"event-{number}",
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            "eventType": "AwsApiCall",
            "recipientAccountId": "111122223333",
            "userIdentity": ROOT,
            "requestParameters": request,
            **({"errorCode": "AccessDenied"} if name == "ListBeacons" else {}),
        }
        for number, (service, name, request) in enumerate(CALLS)
    ]
    log_file = tmp_path / "log.json.gz"
    log_file.write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))
    sources = ("organizations.amazonaws.com", "beacon.amazonaws.com")
    options = LoadOptions(event_sources=sources)
    run_load([str(log_file)], str(tmp_path / "s"), options, datetime(2026, 11, 3, tzinfo=UTC))
    return ts.open(str(tmp_path / "s"))


def told(store, **options):
    """What the report of changes says of each event."""
    columns = ("event_id", "description", "severity", "known_operation")
    found = store.report("changes", **options).records()
    return [tuple(row[column] for column in columns) for row in found]


OF_ORGANIZATIONS = ("event-3", "tagged OU ou-ex-1 with team=red", "low", True)


def test_a_service_without_records_is_not_reported(store):
    """Of events that nobody described, only those of known services are changes."""
    assert told(store, reads=True) == [
        OF_ORGANIZATIONS,
        ("event-6", "removed account 111122223333 from the organization", "critical", True),
    ]


def test_the_changes_of_a_registered_service_are_reported(store):
    """Sentences, severity by the call, unknown operations; a name of both services is each one's."""
    lit = ("event-0", "lit beacon b-1 for everyone", "high", True)
    changes = [
        lit,
        ("event-1", "lit beacon b-2 for staff", "low", True),
        ("event-2", "labeled beacon ou-ex-1 with team", "low", True),
        OF_ORGANIZATIONS,
        ("event-5", "called DouseBeacon", "medium", False),
        (
            "event-6",
            'removed account 111122223333 "Lights" from the organization',
            "critical",
            True,
        ),
    ]
    read = ("event-4", "tried to list the beacons: denied", "low", True)
    with registered(BEACONS):
        assert told(store) == changes
        assert told(store, reads=True) == [*changes[:4], read, *changes[4:]]
        assert told(store, category="beacon", severity="high") == [lit]
        before_and_after = [
            (row["target"], row["target_type"], row["before"], row["after"])
            for row in store.report("changes", contains="b-1 for").records()
        ]
    assert before_and_after == [("b-1", "beacon", "dark", "lit")]


def test_an_event_of_a_registered_service_is_shown_in_words(store):
    """`show` says what the call did, how severe it is, and what was before."""
    with registered(BEACONS):
        text = render_event(store.show("event-0"))
    assert "LightBeacon  succeeded, high" in text
    assert "lit beacon b-1 for everyone" in text
    assert re.search(r"Before\n +dark\n", text)


def test_findings_are_about_a_registered_service_too(store):
    """A rule for all events fires for its calls; a rule for an event name only for Organizations."""
    with registered(BEACONS):
        rows = store.report("findings", rule="root-user-change").records()
        seen = examine(store.reader)
        cis = {row["event_name"]: row["changes"] for row in store.report("cis").records()}
    assert [row["event_ids"] for row in rows] == [
        ("event-0", "event-1", "event-2", "event-3", "event-5", "event-6")
    ]
    assert [change.event.event_id for change in seen.changes if change.category == READ] == [
        "event-4"
    ]
    assert (seen.reads, cis["TagResource"]) == (1, 1)


def test_the_page_of_operations_has_a_table_of_a_registered_service(store):
    """Each of its operations is a row with the sentence and the severity."""
    with registered(BEACONS):
        text = page(read_changes(store.reader, reads=True))
    table = text.partition("## beacon.amazonaws.com\n\n")[2].splitlines()
    subject = "call | beacon: `request.beaconId`, `request.resourceId`"
    lit, labeled = "lit beacon b-1 for everyone", "labeled beacon ou-ex-1 with team"
    listed, levels = "tried to list the beacons: denied", "info / low"
    graded = "high / medium if it is lit for everyone: Blinds. low: Shows a light."
    lights = f"{lit} |  | {graded} | T1666 | model; trailscan"
    labels = f"{labeled} |  | low: Sets labels. |  | model; trailscan"
    lists = f" | {listed} | {levels}: Shows all beacons. | T1580 | model; trailscan"
    assert table[2:] == [
        f"| `LightBeacon` | beacon, {subject} | {lights} |",
        f"| `TagResource` | tag, {subject} | {labels} |",
        f"| `ListBeacons` | read, {subject} | {lists} |",
    ]


def test_a_registration_ends_with_its_block():
    """Nothing of a registered service is left, also after an error."""
    before = catalogue()
    with pytest.raises(KeyError), registered(BEACONS):  # noqa: PT012  # both must be inside
        assert catalogue().operation("beacon.amazonaws.com", "LightBeacon")
        raise KeyError
    assert catalogue() is before
    assert tuple(before.services.values()) == SERVICES


@pytest.mark.parametrize("name", ENGINE)
def test_the_engine_knows_no_service(name):
    """No event name of Organizations and no event source is in the engine's code."""
    text = (Path(organizations.__file__).parent / f"{name}.py").read_text()
    code = re.sub(r'""".*?"""', "", text, flags=re.DOTALL)
    names = {one.name for one in ORGANIZATIONS.operations}
    assert not names & set(re.findall(r"\w+", code))
    assert "amazonaws.com" not in code
