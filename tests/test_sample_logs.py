"""The sample logs: made again they are the same, and they hold what the rest relies on."""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

FOLDER = Path(__file__).parent.parent / "sample_logs"
ORGANIZATIONS = "organizations.amazonaws.com"
KEY = re.compile(
    r"AWSLogs/o-exampleorg1/(?P<account>\d{12})/CloudTrail/(?P<region>[a-z0-9-]+)/"
    r"(?P<day>\d{4}/\d\d/\d\d)/(?P=account)_CloudTrail_(?P=region)_(?P<time>\d{8}T\d{4}Z)_"
    r"[A-Za-z0-9]{16}\.json\.gz"
)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
EXAMPLE_NETWORKS = [
    ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
]
EXAMPLE_ACCOUNTS = {
    "111122223333",
    "222233334444",
    "333344445555",
    "444455556666",
    "555566667777",
    "666677778888",
    "777788889999",
    "888899990000",
    "999900001111",
    "012345678901",
    "131313131313",
    "101010101010",
}
Record = dict[str, Any]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script, loaded by its path as a benchmark loads it."""
    spec = importlib.util.spec_from_file_location(
        "make_sample_logs", FOLDER / "make_sample_logs.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def bodies() -> dict[str, bytes]:
    """What the committed log files hold, by path."""
    return _bodies(FOLDER)


@pytest.fixture(scope="module")
def records(bodies: dict[str, bytes]) -> dict[str, list[Record]]:
    """The committed records, by path."""
    return {path: json.loads(body)["Records"] for path, body in bodies.items()}


@pytest.fixture(scope="module")
def changes(records: dict[str, list[Record]]) -> list[Record]:
    """Each Organizations event that is not a read, once."""
    events = {
        record["eventID"]: record
        for found in records.values()
        for record in found
        if record["eventSource"] == ORGANIZATIONS
        and not record["eventName"].startswith(("List", "Describe"))
    }
    return sorted(events.values(), key=lambda record: record["eventTime"])


def test_making_them_again_gives_the_committed_files(
    script: ModuleType, bodies: dict[str, bytes], tmp_path: Path
) -> None:
    """The script writes the same names and the same decompressed bytes as are committed."""
    script.write_log_files(tmp_path)
    assert _bodies(tmp_path) == bodies


def test_logs_of_others_are_never_deleted(script: ModuleType, tmp_path: Path) -> None:
    """A folder with another organization's logs is refused and left as it is."""
    log = tmp_path / "AWSLogs" / "o-another" / "log.json.gz"
    log.parent.mkdir(parents=True)
    log.write_bytes(b"kept")
    with pytest.raises(FileExistsError, match="holds other logs"):
        script.write_log_files(tmp_path)
    assert log.read_bytes() == b"kept"


def test_they_are_small(bodies: dict[str, bytes]) -> None:
    """All log files together stay under 3 MB and about a thousand files."""
    assert sum((FOLDER / path).stat().st_size for path in bodies) <= 3_000_000
    assert 600 <= len(bodies) <= 1000


def test_every_path_is_the_one_of_an_organization_trail(bodies: dict[str, bytes]) -> None:
    """Names follow CloudTrail's pattern, over at least 6 accounts, 60 days and 2 regions."""
    found = [KEY.fullmatch(path) for path in bodies]
    keys = [key for key in found if key]
    assert len(keys) == len(bodies)
    assert len({key["account"] for key in keys}) >= 6
    assert len({key["day"] for key in keys}) == 60
    assert {key["region"] for key in keys} == {"us-east-1", "eu-west-1"}
    assert all(key["time"].startswith(key["day"].replace("/", "")) for key in keys)


def test_every_body_begins_as_cloudtrails_does(bodies: dict[str, bytes]) -> None:
    """A body is one line that begins with the first record's version."""
    assert all(body.startswith(b'{"Records":[{"eventVersion":"1.11",') for body in bodies.values())
    assert not any(b"\n" in body for body in bodies.values())


def test_nothing_in_them_is_real(bodies: dict[str, bytes]) -> None:
    """Account ids, access keys, unique ids and mail addresses are all invented ones."""
    text = UUID.sub("", b"".join(bodies.values()).decode())
    accounts = set(re.findall(r"(?<![0-9A-Za-z])\d{12}(?![0-9A-Za-z])", text))
    assert accounts <= EXAMPLE_ACCOUNTS
    ids = set(re.findall(r"\bA(?:KIA|SIA|ROA|IDA|NPA)[A-Z0-9]{12,}", text))
    assert ids
    assert all("EXAMPLE" in each for each in ids)
    assert set(re.findall(r"@([a-z][\w.]*\.com)", text)) == {"example.com", "vendor.example.com"}


def test_every_address_is_a_documentation_address_or_a_service(
    records: dict[str, list[Record]],
) -> None:
    """Source addresses come from the three documentation networks, or name a service."""
    addresses = {record["sourceIPAddress"] for found in records.values() for record in found}
    numbers = {each for each in addresses if each[0].isdigit()}
    assert all(any(ip_address(each) in net for net in EXAMPLE_NETWORKS) for each in numbers)
    others = addresses - numbers - {"AWS Internal"}
    assert all(each.endswith(".amazonaws.com") for each in others)


def test_organizations_events_are_a_small_part(records: dict[str, list[Record]]) -> None:
    """Fewer than 15 % of all records are from Organizations; most log files have none."""
    counts = [
        sum(each["eventSource"] == ORGANIZATIONS for each in found) for found in records.values()
    ]
    assert sum(counts) / sum(map(len, records.values())) < 0.15
    assert sum(count > 0 for count in counts) < len(counts) / 4


def test_elsewhere_there_is_only_background(records: dict[str, list[Record]]) -> None:
    """The second region holds no Organizations event."""
    sources = {
        record["eventSource"]
        for found in records.values()
        for record in found
        if record["awsRegion"] == "eu-west-1"
    }
    assert sources
    assert ORGANIZATIONS not in sources


def test_one_log_file_is_there_twice(bodies: dict[str, bytes]) -> None:
    """One log file has been delivered a second time, under another random name."""
    copies = [body for body, count in Counter(bodies.values()).items() if count > 1]
    assert len(copies) == 1
    names = [path.rpartition("_")[0] for path, body in bodies.items() if body == copies[0]]
    assert len(names) == 2
    assert len(set(names)) == 1
    assert b'"eventName":"CreateAccountResult"' in copies[0]


def test_one_log_file_is_nine_days_late(records: dict[str, list[Record]]) -> None:
    """One log file's records are all nine days older than its delivery; no other is late."""
    late = {
        path: found
        for path, found in records.items()
        if max(_delivered(path) - _time(record) for record in found) > timedelta(hours=1)
    }
    ((path, found),) = late.items()
    assert {(_delivered(path) - _time(record)).days for record in found} == {9}
    assert "RemoveAccountFromOrganization" in {record["eventName"] for record in found}


def test_one_event_comes_again_in_a_later_log_file(records: dict[str, list[Record]]) -> None:
    """One event is in two log files that differ otherwise, word for word."""
    where: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for path, found in records.items():
        for record in found:
            where[json.dumps(record)].append((_delivered(path), record["eventName"]))
    again = [seen for seen in where.values() if len({time for time, _ in seen}) > 1]
    assert [name for _, name in again[0]] == ["CreatePolicy", "CreatePolicy"]
    assert len(again) == 1
    assert len({json.loads(text)["eventID"] for text in where}) == len(where)


def test_no_record_is_delivered_before_it_happened(records: dict[str, list[Record]]) -> None:
    """Delivery follows the event, and an event near midnight lies in the next day's folder."""
    delays = {
        (record["eventTime"], _delivered(path) - _time(record))
        for path, found in records.items()
        for record in found
    }
    assert min(delay for _, delay in delays) > timedelta(0)
    assert any(
        path.split("/")[-4:-1] == ["2026", "10", "01"] and "2026-09-30T23:5" in json.dumps(found)
        for path, found in records.items()
    )


def test_the_story_has_what_an_organization_can_do(changes: list[Record]) -> None:
    """The changes cover the kinds of call and service event that reports tell apart."""
    assert {record["eventName"] for record in changes} == {
        "AcceptHandshake",
        "AccountDepartedOrganization",
        "AccountJoinedOrganization",
        "AttachPolicy",
        "CancelHandshake",
        "CloseAccount",
        "CloseAccountResult",
        "CreateAccount",
        "CreateAccountResult",
        "CreateOrganizationalUnit",
        "CreatePolicy",
        "DeclineHandshake",
        "DeleteOrganizationalUnit",
        "DeletePolicy",
        "DeregisterDelegatedAdministrator",
        "DetachPolicy",
        "DisableAWSServiceAccess",
        "DisablePolicyType",
        "EffectivePolicyValidation",
        "EnableAWSServiceAccess",
        "EnablePolicyType",
        "InviteAccountToOrganization",
        "LeaveOrganization",
        "MoveAccount",
        "PutResourcePolicy",
        "RegisterDelegatedAdministrator",
        "RemoveAccountFromOrganization",
        "TagResource",
        "UntagResource",
        "UpdateOrganizationalUnit",
        "UpdatePolicy",
    }


def test_denied_changes_have_no_request(changes: list[Record]) -> None:
    """A denied call shows no parameters; a call that the service refuses keeps them."""
    denied = [each for each in changes if each.get("errorCode") == "AccessDenied"]
    refused = [each for each in changes if each.get("errorCode", "").endswith("Exception")]
    assert len(denied) == 4
    assert {each["requestParameters"] for each in denied} == {None}
    assert sum("arn:aws:organizations::" in each["errorMessage"] for each in denied) == 3
    assert len(refused) == 2
    assert all(each["requestParameters"] for each in refused)


def test_service_events_name_no_person(changes: list[Record]) -> None:
    """Service events have neither a type of identity nor a request id."""
    events = [each for each in changes if each["eventType"] == "AwsServiceEvent"]
    assert len(events) == 9
    assert all(set(each["userIdentity"]) == {"accountId", "invokedBy"} for each in events)
    assert not any("requestID" in each for each in events)


def test_moves_and_units_fit_together(changes: list[Record]) -> None:
    """Every move starts where the account is, and only existing units are used."""
    parents: dict[str, str] = {}
    units = {"r-exam"}
    for record in changes:
        request, response = record["requestParameters"], record["responseElements"]
        if "errorCode" in record:
            continue
        if record["eventName"] == "CreateOrganizationalUnit":
            assert request["parentId"] in units
            units.add(response["organizationalUnit"]["id"])
        if record["eventName"] == "DeleteOrganizationalUnit":
            units.remove(request["organizationalUnitId"])
            assert request["organizationalUnitId"] not in parents.values()
        if record["eventName"] == "MoveAccount":
            account, target = request["accountId"], request["destinationParentId"]
            assert request["sourceParentId"] == parents.get(account, "r-exam")
            assert target in units
            parents[account] = target


def test_texts_that_want_to_be_run_are_there(bodies: dict[str, bytes]) -> None:
    """Markup, terminal escapes, formulas and direction marks reach whoever reads the logs."""
    text = b"".join(bodies.values()).decode()
    assert "<script>alert(1)</script> \\u001b[31m" in text
    assert ":=HYPERLINK(" in text
    assert '"value":"=SUM(' in text
    assert "Experiments | \u202e" in text


def test_background_has_the_size_of_the_real_thing(script: ModuleType) -> None:
    """Background for a benchmark is repeatable and 1.1 to 1.4 kB of JSON a record."""
    start = datetime(2026, 9, 1, tzinfo=UTC)
    made = [
        script.noise_records(Random(7), "444455556666", "us-east-1", start, 2000)  # noqa: S311
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert len(made[0]) == 2000
    size = len(gzip.decompress(script.log_file_bytes(made[0]))) / 2000
    assert 1100 <= size <= 1400


def _bodies(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): gzip.decompress(path.read_bytes())
        for path in sorted((folder / "AWSLogs").rglob("*"))
        if path.is_file()
    }


def _delivered(path: str) -> datetime:
    return datetime.strptime(path.split("_")[-2], "%Y%m%dT%H%MZ").replace(tzinfo=UTC)


def _time(record: Record) -> datetime:
    return datetime.fromisoformat(record["eventTime"])
