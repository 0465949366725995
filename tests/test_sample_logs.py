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
    r"AWSLogs/(?P<trail>o-exampleorg1/)?(?P<account>\d{12})/CloudTrail/(?P<region>[a-z0-9-]+)/"
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
    "121212121212",
    "141414141414",
}
SERVICE_EVENTS = {
    "AccountDepartedOrganization",
    "AccountJoinedOrganization",
    "CloseAccountResult",
    "CreateAccountResult",
    "EffectivePolicyValidation",
    "ResponsibilityTransferAccepted",
    "ResponsibilityTransferTerminated",
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
def operations() -> dict[str, bool]:
    """Every operation of the Organizations API by botocore's model, and whether it only reads."""
    from botocore.session import get_session

    names = get_session().get_service_model("organizations").operation_names
    return {name: name.startswith(("Describe", "List")) for name in names}


@pytest.fixture(scope="module")
def told(records: dict[str, list[Record]]) -> list[Record]:
    """Each Organizations event, reads too, once."""
    events = {
        record["eventID"]: record
        for found in records.values()
        for record in found
        if record["eventSource"] == ORGANIZATIONS
    }
    return sorted(events.values(), key=lambda record: record["eventTime"])


@pytest.fixture(scope="module")
def changes(told: list[Record]) -> list[Record]:
    """Each Organizations event that is not a read, once."""
    return [each for each in told if not each["eventName"].startswith(("List", "Describe"))]


@pytest.fixture(scope="module")
def made(script: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the script has written the sample logs again."""
    folder = tmp_path_factory.mktemp("made")
    script.write_log_files(folder)
    return folder


def test_making_them_again_gives_the_committed_files(made: Path, bodies: dict[str, bytes]) -> None:
    """The script writes the same names and the same decompressed bytes as are committed."""
    assert _bodies(made) == bodies


def test_making_them_again_gives_the_committed_digests(made: Path) -> None:
    """Digests, what was saved of their metadata, and the public key are made again alike."""
    assert _digests(made) == _digests(FOLDER)
    keys = "public-keys.json"
    assert (made / keys).read_bytes() == (FOLDER / keys).read_bytes()


def test_every_log_file_is_in_one_digest(bodies: dict[str, bytes]) -> None:
    """The digests attest each log file once, one of them in a backfill digest, some days none."""
    digests = {
        path: json.loads(body) for path, body in _digests(FOLDER).items() if path.endswith(".gz")
    }
    named = [log["s3Object"] for digest in digests.values() for log in digest["logFiles"]]
    assert sorted(named) == sorted(bodies)
    backfill = [digest for path, digest in digests.items() if "_backfill" in path]
    assert [len(digest["logFiles"]) for digest in backfill] == [1]
    assert any(not digest["logFiles"] for digest in digests.values())


def test_the_whole_archive_is_small() -> None:
    """Log files and digests stay under 3 MB together."""
    files = [path for path in (FOLDER / "AWSLogs").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 3_000_000


def test_logs_of_others_are_never_deleted(script: ModuleType, tmp_path: Path) -> None:
    """A folder with another organization's logs is refused and left as it is."""
    log = tmp_path / "AWSLogs" / "o-another" / "log.json.gz"
    log.parent.mkdir(parents=True)
    log.write_bytes(b"kept")
    with pytest.raises(FileExistsError, match="holds other logs"):
        script.write_log_files(tmp_path)
    assert log.read_bytes() == b"kept"


def test_they_are_small(bodies: dict[str, bytes]) -> None:
    """All log files together stay under 2.5 MB and about a thousand files."""
    assert sum((FOLDER / path).stat().st_size for path in bodies) < 2_500_000
    assert 600 <= len(bodies) <= 1000


def test_every_path_is_the_one_of_an_organization_trail(bodies: dict[str, bytes]) -> None:
    """Names follow CloudTrail's pattern, over at least 6 accounts, 60 days and 2 regions.

    One file more is from the month before, when the account had a trail of its own.
    """
    found = [KEY.fullmatch(path) for path in bodies]
    assert all(found)
    keys = [key for key in found if key and key["trail"]]
    assert len(keys) == len(bodies) - 1
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


def test_the_story_has_all_that_an_organization_can_do(
    told: list[Record], operations: dict[str, bool]
) -> None:
    """Every operation of the API and every service event happens, and nothing that does not exist."""
    succeeded = {(each["eventType"], each["eventName"]) for each in told if "errorCode" not in each}
    assert {name for kind, name in succeeded if kind == "AwsApiCall"} == set(operations)
    assert {name for kind, name in succeeded if kind == "AwsServiceEvent"} == SERVICE_EVENTS


def test_every_operation_is_denied_once_and_shows_no_request(
    told: list[Record], operations: dict[str, bool]
) -> None:
    """A denied call has neither request nor response; what it wanted is an ARN in the message."""
    denied = [each for each in told if each.get("errorCode") == "AccessDenied"]
    assert {each["eventName"] for each in denied} == set(operations)
    for each in denied:
        assert each["requestParameters"] is None
        assert each["responseElements"] is None
        caller = re.escape(each["userIdentity"]["arn"])
        action = f"organizations:{each['eventName']}"
        message = f"User: {caller} is not authorized to perform: {action} on resource: (\\S+) .*"
        named = re.fullmatch(message, each["errorMessage"])
        assert named
        assert named[1] == "*" or named[1].startswith("arn:aws:organizations::111122223333:")


def test_one_session_of_one_night_was_denied_everything(
    told: list[Record], operations: dict[str, bool]
) -> None:
    """One role session tries each operation once within an hour, and succeeds with none."""
    tries = [each for each in told if "botocore-session-" in each["userIdentity"].get("arn", "")]
    assert sorted(each["eventName"] for each in tries) == sorted(operations)
    assert {each.get("errorCode") for each in tries} == {"AccessDenied"}
    assert _time(tries[-1]) - _time(tries[0]) < timedelta(hours=1)
    assert sum("arn:aws:organizations::" in each["errorMessage"] for each in tries) == 37


def test_what_the_service_refuses_keeps_its_request(changes: list[Record]) -> None:
    """A call that the service refuses, rather than a policy, shows what was asked."""
    refused = [each for each in changes if each.get("errorCode", "").endswith("Exception")]
    assert len(refused) == 2
    assert all(each["requestParameters"] for each in refused)


def test_read_only_is_said_of_reads(told: list[Record], operations: dict[str, bool]) -> None:
    """`readOnly` follows the operation, and a read shows no response."""
    calls = [each for each in told if each["eventType"] == "AwsApiCall"]
    assert all(each["readOnly"] is operations[each["eventName"]] for each in calls)
    assert all(each["responseElements"] is None for each in calls if each["readOnly"])


def test_void_calls_have_no_response(changes: list[Record]) -> None:
    """Operations without response members answer null; the others answer something."""
    from botocore.session import get_session

    model = get_session().get_service_model("organizations")
    for each in changes:
        if each["eventType"] == "AwsApiCall" and "errorCode" not in each:
            shape = model.operation_model(each["eventName"]).output_shape
            answers = shape is not None and bool(shape.members)
            assert (each["responseElements"] is not None) is answers, each["eventName"]


def test_requests_have_the_members_of_the_model(told: list[Record]) -> None:
    """A request has every member that the API requires and none that it does not know."""
    from botocore.session import get_session

    model = get_session().get_service_model("organizations")
    for each in told:
        if each["eventType"] == "AwsServiceEvent" or each.get("errorCode") == "AccessDenied":
            continue
        shape = model.operation_model(each["eventName"]).input_shape
        members = {_lower(name) for name in shape.members} if shape else set()
        required = {_lower(name) for name in shape.required_members} if shape else set()
        given = set(each["requestParameters"] or ())
        assert required <= given <= members, each["eventName"]


def test_what_cloudtrail_hides_is_hidden(changes: list[Record]) -> None:
    """Names and addresses of new accounts are asterisks; the resource policy's text has a phrase."""
    asked = [
        each["requestParameters"]
        for each in changes
        if each["eventName"] in {"CreateAccount", "CreateGovCloudAccount"}
        and "errorCode" not in each
    ]
    assert len(asked) == 3
    assert {(each["email"], each["accountName"]) for each in asked} == {("****", "****")}
    written = _succeeded(changes, "PutResourcePolicy")
    hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"
    assert {each["requestParameters"]["content"] for each in written} == {hidden}
    assert {each["responseElements"]["resourcePolicy"]["content"] for each in written} == {hidden}


def test_a_disabled_policy_type_is_still_shown_enabled(changes: list[Record]) -> None:
    """The answer of DisablePolicyType shows the root as it was before."""
    for each in _succeeded(changes, "DisablePolicyType"):
        types = each["responseElements"]["root"]["policyTypes"]
        assert {"status": "ENABLED", "type": each["requestParameters"]["policyType"]} in types


def test_inner_times_have_both_forms(told: list[Record]) -> None:
    """Times inside of events are Java's, with a comma after the year in newer ones only."""
    text = json.dumps(told)
    times = re.findall(r'imestamp": "(\w{3} \d{1,2}, 2026(,?) \d{1,2}:\d\d:\d\d [AP]M)"', text)
    assert {comma for _, comma in times} == {"", ","}
    (result, *_) = _succeeded(told, "CreateAccountResult")
    status = result["serviceEventDetails"]["createAccountStatus"]
    assert status["completedTimestamp"] == "Sep 15, 2026 12:10:09 PM"
    (validation, *_) = _succeeded(told, "EffectivePolicyValidation")
    assert validation["serviceEventDetails"]["requestTimestamp"] == "Sep 28, 2026, 8:12:01 AM"
    assert validation["readOnly"] is True


def test_service_events_name_no_person(changes: list[Record]) -> None:
    """Service events have neither a type of identity nor a request id."""
    events = [each for each in changes if each["eventType"] == "AwsServiceEvent"]
    assert len(events) == 18
    assert all(set(each["userIdentity"]) == {"accountId", "invokedBy"} for each in events)
    assert not any("requestID" in each for each in events)


def test_many_kinds_of_caller_change_things(changes: list[Record]) -> None:
    """People, root users, IAM users, pipelines and services all change the organization."""
    callers = {
        each["userIdentity"].get("sessionContext", {}).get("sessionIssuer", {}).get("userName")
        or each["userIdentity"].get("type")
        for each in changes
        if "errorCode" not in each
    }
    assert callers >= {
        "AWSReservedSSO_OrgAdmin_0a1b2c3d4e5f6071",
        "terraform-organization",
        "github-actions-organization",
        "cfn-organization",
        "AWSControlTowerAdmin",
        "IAMUser",
        "Root",
    }


def test_one_event_is_shared_by_two_accounts(told: list[Record]) -> None:
    """Two accounts have one call with one sharedEventID; only the caller's copy says who."""
    ours, theirs = [each for each in told if "sharedEventID" in each]
    if "arn" in theirs["userIdentity"]:
        ours, theirs = theirs, ours
    assert ours["sharedEventID"] == theirs["sharedEventID"]
    assert ours["eventID"] != theirs["eventID"]
    assert ours["eventName"] == theirs["eventName"] == "AcceptHandshake"
    assert (ours["recipientAccountId"], theirs["recipientAccountId"]) == (
        "777788889999",
        "111122223333",
    )
    assert theirs["userIdentity"]["type"] == "AWSAccount"
    assert "arn" not in theirs["userIdentity"]


def test_a_policy_loses_a_statement_then_only_its_layout_changes(changes: list[Record]) -> None:
    """One update takes a statement away, the next changes nothing but white space."""
    texts = [
        each["requestParameters"]["content"]
        for each in changes
        if each["eventName"] in {"CreatePolicy", "UpdatePolicy"}
        and "errorCode" not in each
        and each["responseElements"]["policy"]["policySummary"]["id"] == "p-exsandb8"
        and "content" in each["requestParameters"]
    ]
    made, loosened, laid_out = texts
    before, after = json.loads(made)["Statement"], json.loads(loosened)["Statement"]
    assert len(before) == 2
    assert after == before[:1]
    assert loosened != laid_out
    assert json.loads(loosened) == json.loads(laid_out)


def test_control_tower_tells_names(records: dict[str, list[Record]]) -> None:
    """Lifecycle events of Control Tower tell the names of accounts and units in clear."""
    events = _of_source(records, "controltower.amazonaws.com")
    assert {each["eventType"] for each in events} == {"AwsServiceEvent"}
    made = [
        each["serviceEventDetails"]["createManagedAccountStatus"]
        for each in events
        if each["eventName"] == "CreateManagedAccount"
    ]
    accounts = {each["account"]["accountId"]: each["account"]["accountName"] for each in made}
    assert accounts == {
        "121212121212": "gov-reports",
        "444455556666": "workloads",
        "555566667777": "sandbox",
        "666677778888": "payments",
        "777788889999": "acquired-shop",
    }
    assert all(
        set(each["organizationalUnit"]) == {"organizationalUnitName", "organizationalUnitId"}
        for each in made
    )
    assert {"RegisterOrganizationalUnit", "SetupLandingZone"} <= {
        each["eventName"] for each in events
    }


def test_namesakes_of_other_services_are_there(records: dict[str, list[Record]]) -> None:
    """Account closures and sign-ups of other services share their names with Organizations."""
    (closed,) = _of_source(records, "account.amazonaws.com")
    (made,) = _of_source(records, "signup.amazonaws.com")
    assert (closed["eventName"], made["eventName"]) == ("CloseAccount", "CreateAccount")
    assert closed["userIdentity"]["type"] == "Root"


def test_one_file_is_older_than_the_organization_trail(records: dict[str, list[Record]]) -> None:
    """The account's own trail of the month before tells how the organization came to be."""
    ((path, found),) = [each for each in records.items() if "o-exampleorg1" not in each[0]]
    assert path.startswith("AWSLogs/111122223333/CloudTrail/us-east-1/2026/08/03/111122223333_")
    told = [each for each in found if each["eventSource"] == ORGANIZATIONS]
    assert Counter(each["eventName"] for each in told if not each["readOnly"]) == {
        "AcceptHandshake": 1,
        "AccountDepartedOrganization": 1,
        "AccountJoinedOrganization": 2,
        "CreateOrganization": 2,
        "CreateOrganizationalUnit": 2,
        "DeleteOrganization": 1,
        "EnableAllFeatures": 1,
    }
    assert len(told) < len(found)


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
    units = [
        name
        for name in re.findall(r'"organizationalUnit":\{[^}]*"name":("(?:[^"\\]|\\.)*")', text)
        if "HYPERLINK" in name
    ]
    assert units
    for name in map(json.loads, units):
        assert name.startswith("=HYPERLINK(")
        assert all(mark in name for mark in ("\x1b[", "\x07", "\r\n", "<script>", "\u202e"))
    assert '"userAgent":"=HYPERLINK(' in text


def test_background_has_the_size_of_the_real_thing(script: ModuleType) -> None:
    """Background for a benchmark is repeatable and 1.1 to 1.4 kB of JSON a record."""
    start = datetime(2026, 9, 1, tzinfo=UTC)
    made = [
        script.noise_records(Random(7), "444455556666", "us-east-1", start, 2000) for _ in range(2)
    ]
    assert made[0] == made[1]
    assert len(made[0]) == 2000
    size = len(gzip.decompress(script.log_file_bytes(made[0]))) / 2000
    assert 1100 <= size <= 1400


def _bodies(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): gzip.decompress(path.read_bytes())
        for path in sorted((folder / "AWSLogs").rglob("*"))
        if path.is_file() and "CloudTrail" in path.parts
    }


def _digests(folder: Path) -> dict[str, bytes]:
    """Digests by path, uncompressed, and what was saved of their metadata as it is."""
    return {
        path.relative_to(folder).as_posix(): (
            gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        )
        for path in sorted((folder / "AWSLogs").rglob("*"))
        if path.is_file() and "CloudTrail-Digest" in path.parts
    }


def _succeeded(events: list[Record], name: str) -> list[Record]:
    return [each for each in events if each["eventName"] == name and "errorCode" not in each]


def _of_source(records: dict[str, list[Record]], source: str) -> list[Record]:
    return [each for found in records.values() for each in found if each["eventSource"] == source]


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]


def _delivered(path: str) -> datetime:
    return datetime.strptime(path.split("_")[-2], "%Y%m%dT%H%MZ").replace(tzinfo=UTC)


def _time(record: Record) -> datetime:
    return datetime.fromisoformat(record["eventTime"])


def test_one_change_of_the_pipeline_is_somebody_elses(tmp_path: Path) -> None:
    """Only the chain of sessions says who widened the region guardrail, and by which roles."""
    import trailscan as ts

    ts.load(str(FOLDER / "AWSLogs"), str(tmp_path / "store"))
    rows = ts.open(str(tmp_path / "store")).report("changes", principal="chen.li@example.com")
    borrowed = rows.records()[-1]
    assert borrowed["principal"] == (
        "chen.li@example.com (PowerUser through Identity Center, account 555566667777), "
        "by role terraform-organization, role ci-runner"
    )
    assert borrowed["source_ip_address"] == "198.51.100.77"
    names = [hop["name"] for hop in borrowed["principal_chain"]]
    assert names == ["ci-runner", "chen.li@example.com"]
