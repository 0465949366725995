"""Event history as a source: LookupEvents, page by page, day by day, at its own pace."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

import trailscan as ts
from trailscan.aws.event_history import EventHistory, Pace
from trailscan.aws.session import AwsOptions
from trailscan.errors import AccessError, TrailscanError
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.render.summary_text import reject_text
from trailscan.window import Window

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ORGANIZATIONS = "organizations.amazonaws.com"


def record(number: int, when: datetime, **changed):
    """A record of a policy attached."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": "alice"},
        "eventTime": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": ORGANIZATIONS,
        "eventName": "AttachPolicy",
        "awsRegion": "us-east-1",
        "requestParameters": {"policyId": "p-examplepol", "targetId": "r-exam"},
        "eventID": f"00000000-0000-4000-8000-{number:012d}",
        "recipientAccountId": "111122223333",
        **changed,
    }


class History:
    """A CloudTrail that remembers; answers pages of 50, the latest first."""

    def __init__(self, cloud) -> None:
        self.cloud = cloud
        self.records: list[dict] = []
        self.asked: list[dict] = []
        cloud.services["LookupEvents"] = self.answer

    def add(self, count: int, when: datetime, **changed) -> None:
        """More events, a second apart."""
        start = len(self.records)
        self.records += [
            record(start + n, when + timedelta(seconds=n), **changed) for n in range(count)
        ]

    def answer(self, request):
        """The answer to LookupEvents."""
        asked = {**json.loads(request.body), "host": request.host}
        self.asked.append(asked)
        wanted = {one["AttributeValue"] for one in asked.get("LookupAttributes", [])}
        found = [
            one
            for one in self.records
            if asked["StartTime"]
            <= datetime.fromisoformat(one["eventTime"]).timestamp()
            <= asked["EndTime"]
            and (not wanted or one["eventSource"] in wanted)
        ]
        found.sort(key=lambda one: one["eventTime"], reverse=True)
        start = int(asked.get("NextToken", 0))
        more = {"NextToken": str(start + 50)} if start + 50 < len(found) else {}
        events = [
            {
                "EventId": one["eventID"],
                "EventName": one["eventName"],
                "ReadOnly": "false",
                "EventTime": datetime.fromisoformat(one["eventTime"]).timestamp(),
                "EventSource": one["eventSource"],
                "Username": "alice",
                "Resources": [],
                "CloudTrailEvent": json.dumps(one),
            }
            for one in found[start : start + 50]
        ]
        return self.cloud.json_answer({"Events": events, **more})


@pytest.fixture
def history(cloud, monkeypatch):
    """An Event history that need not be waited for."""
    monkeypatch.setattr("trailscan.aws.event_history._INTERVAL", 0.0)
    return History(cloud)


@pytest.fixture
def load(tmp_path):
    """Loads Event history into a store."""

    def run(source: str = "event-history", **options):
        return run_load([source], str(tmp_path / "store"), LoadOptions(**options), NOW)

    return run


@pytest.fixture
def at(cloud):
    """Sets AWS's clock."""

    def set_clock(when: datetime) -> None:
        def identity(_):
            return cloud.identity(when)

        cloud.services["GetCallerIdentity"] = identity

    set_clock(NOW)
    return set_clock


def test_every_page_of_every_day_is_loaded_with_evidence(history, at, load, tmp_path):
    """Each event names account, region, day and position in what was answered for that day."""
    history.add(120, NOW - timedelta(days=3))
    history.add(1, NOW - timedelta(days=80))
    history.add(5, NOW - timedelta(days=3), eventSource="s3.amazonaws.com")
    summary = load()
    assert (summary.records, summary.kept, summary.complete) == (121, 121, True)
    assert (summary.listed, summary.done, len(history.asked)) == (91, 91, 93)
    assert summary.notes[0] == (
        "event-history: the last 90 days of account 111122223333 only, in us-east-1; "
        "load a trail to see other accounts"
    )
    events = ts.open(str(tmp_path / "store")).events()
    assert set(events["log_file_bucket"]) == {"event-history"}
    day = "111122223333/CloudTrail/us-east-1/2026/11/20/20261120T000000Z_20261121T000000Z.json"
    assert events["log_file_key"].value_counts()[day] == 120
    assert sorted(events[events["log_file_key"] == day]["record_index"]) == list(range(120))
    assert {one["host"] for one in history.asked} == {"cloudtrail.us-east-1.amazonaws.com"}


def test_what_is_settled_is_never_asked_for_again(history, at, load):
    """A second load asks for the latest days only; what it finds again is a duplicate."""
    history.add(3, NOW - timedelta(days=40))
    history.add(3, NOW - timedelta(hours=30))
    history.add(3, NOW - timedelta(hours=2))
    load()
    history.asked.clear()
    history.add(1, NOW - timedelta(hours=30, minutes=1))  # arrived late
    at(NOW + timedelta(hours=1))
    summary = load()
    assert (summary.kept, summary.duplicates, summary.known) == (1, 6, 89)
    asked = sorted(datetime.fromtimestamp(one["StartTime"], UTC).day for one in history.asked)
    assert asked == [22, 23]
    at(NOW + timedelta(days=3))
    history.asked.clear()
    assert load().kept == 0
    asked = sorted(datetime.fromtimestamp(one["StartTime"], UTC).day for one in history.asked)
    assert asked == [22, 23, 24, 25, 26]


def test_the_local_clock_decides_nothing(history, at, tmp_path):
    """AWS's own time says what is present, settled and in reach."""
    history.add(2, NOW - timedelta(hours=1))
    wrong = NOW + timedelta(days=400)
    summary = run_load(["event-history"], str(tmp_path / "s"), LoadOptions(), wrong)
    assert (summary.kept, summary.listed) == (2, 91)


def test_a_load_that_breaks_off_goes_on_where_it_was(history, at, load):
    """Days already committed are not asked for again, and no event is lost or doubled."""
    for days in (50, 40, 30, 20):
        history.add(60, NOW - timedelta(days=days))
    history.cloud.services["LookupEvents"] = lambda request: (
        history.answer(request)
        if json.loads(request.body)["StartTime"] < (NOW - timedelta(days=30)).timestamp()
        else history.cloud.json_error("AccessDeniedException", "no more")
    )
    summary = load()
    assert (summary.kept, summary.complete) == (180, False)
    assert "no more" in str(summary.rejected[0])
    history.cloud.services["LookupEvents"] = history.answer
    history.asked.clear()
    summary = load()
    assert (summary.kept, summary.duplicates, summary.complete) == (60, 0, True)
    assert min(one["StartTime"] for one in history.asked) > (NOW - timedelta(days=31)).timestamp()


def test_since_and_until_choose_days(history, at, load):
    """Whole UTC days that the window touches; older ones than there are make it incomplete."""
    window = Window(datetime(2026, 11, 10, 12, tzinfo=UTC), datetime(2026, 11, 12, tzinfo=UTC))
    assert load(window=window).listed == 2
    asked = sorted(datetime.fromtimestamp(one["StartTime"], UTC) for one in history.asked)
    assert asked == [datetime(2026, 11, 10, tzinfo=UTC), datetime(2026, 11, 11, tzinfo=UTC)]
    summary = load(window=Window(datetime(2026, 1, 1, tzinfo=UTC)))
    assert not summary.complete
    assert summary.failures == [
        "event-history before 2026-08-25T09:05:00Z: CloudTrail keeps 90 days"
    ]


def test_other_sources_and_regions(history, at, load):
    """--event-source and --from-region ask for others; 'all' asks without a filter."""
    history.add(2, NOW - timedelta(days=2))
    history.add(3, NOW - timedelta(days=2), eventSource="account.amazonaws.com")
    window = Window(NOW - timedelta(days=2), NOW - timedelta(days=1))
    both = load(window=window, event_sources=(ORGANIZATIONS, "account.amazonaws.com"))
    assert (both.kept, both.filtered_out) == (5, 0)
    history.asked.clear()
    regions = frozenset({"eu-west-1", "us-west-2"})
    assert load(window=window, event_sources=None, regions=regions).duplicates == 10
    assert {one["host"] for one in history.asked} == {
        "cloudtrail.eu-west-1.amazonaws.com",
        "cloudtrail.us-west-2.amazonaws.com",
    }
    assert not any("LookupAttributes" in one for one in history.asked)


@pytest.mark.parametrize(
    ("region", "asked"),
    [
        ("cn-north-1", "cloudtrail.cn-northwest-1.amazonaws.com.cn"),
        ("us-gov-east-1", "cloudtrail.us-gov-west-1.amazonaws.com"),
    ],
)
def test_each_partition_has_its_own_region(history, cloud, load, region, asked):
    """The region of Organizations is found from the partition of whoever is signed in."""
    partition = "aws-cn" if region.startswith("cn") else "aws-us-gov"
    cloud.services["GetCallerIdentity"] = lambda _: cloud.identity(NOW, partition)
    load(aws=AwsOptions(region=region))
    assert {one["host"] for one in history.asked} == {asked}


def test_too_many_requests_are_repeated(history, at, load, monkeypatch):
    """A throttled request is made again after a while, and nothing is missing."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    history.add(60, NOW - timedelta(days=2))
    refusals = iter([True] * 5)
    history.cloud.services["LookupEvents"] = lambda request: (
        history.cloud.json_error("ThrottlingException", "Rate exceeded")
        if next(refusals, False)
        else history.answer(request)
    )
    summary = load(window=Window(NOW - timedelta(days=2), NOW - timedelta(days=1)))
    assert (summary.kept, summary.complete) == (60, True)


def test_requests_for_ever_refused_make_a_named_shortfall(history, at, load, monkeypatch):
    """After its attempts a day is a reject, tried again by the next load."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    history.cloud.services["LookupEvents"] = lambda _: history.cloud.json_error(
        "ThrottlingException", "Rate exceeded"
    )
    window = Window(NOW - timedelta(days=2), NOW - timedelta(days=2) + timedelta(minutes=1))
    summary = load(window=window)
    assert (summary.listed, summary.rejected_log_files) == (1, 1)
    assert "Rate exceeded" in summary.rejected[0].message
    assert reject_text(summary.rejected[0]).endswith(
        "(at event-history:111122223333/CloudTrail/us-east-1/2026/11/21/"
        "20261121T000000Z_20261122T000000Z.json)"
    )


@pytest.mark.parametrize(
    "body", [{}, {"Events": [], "NextToken": "same"}], ids=["no events", "one page for ever"]
)
def test_an_answer_that_is_none_is_no_quiet_day(history, at, load, body):
    """What does not look like CloudTrail, or never ends, is a reject."""
    history.cloud.services["LookupEvents"] = lambda _: history.cloud.json_answer(body)
    window = Window(NOW - timedelta(days=2), NOW - timedelta(days=2) + timedelta(minutes=1))
    summary = load(window=window)
    assert (summary.rejected_log_files, summary.done) == (1, 0)


def test_an_event_without_its_record_is_a_reject(history, at, load):
    """It is counted and shown with its place; its neighbours are kept."""
    history.add(2, NOW - timedelta(days=2))
    whole = history.answer

    def broken(request):
        answer = json.loads(whole(request).body)
        if answer["Events"]:
            del answer["Events"][0]["CloudTrailEvent"]
        return history.cloud.json_answer(answer)

    history.cloud.services["LookupEvents"] = broken
    window = Window(NOW - timedelta(days=2), NOW - timedelta(days=2) + timedelta(minutes=1))
    summary = load(window=window)
    assert (summary.records, summary.kept, summary.rejects) == (2, 1, 1)


def test_a_caller_who_may_not_look_up_is_told(history, at, cloud):
    """The missing permission is in the error."""
    cloud.services["LookupEvents"] = lambda _: cloud.json_error(
        "AccessDeniedException", "not authorized to perform: cloudtrail:LookupEvents"
    )
    opened = EventHistory(AwsOptions(), NOW)
    with pytest.raises(AccessError, match="cloudtrail:LookupEvents"):
        opened.lookup("us-east-1", None, NOW - timedelta(days=1), NOW)


def test_without_a_region_of_the_partition_there_is_no_answer(history, at, load):
    """A region of another partition is none of this account's."""
    with pytest.raises(TrailscanError, match="none of the regions cn-north-1"):
        load(regions=frozenset({"cn-north-1"}))


def test_the_pace_keeps_requests_apart():
    """The first goes at once, each other so long after the one before, however late it comes."""
    clock, slept = [100.0], []

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))
        clock[0] += seconds

    pace = Pace(0.5, lambda: clock[0], sleep)
    for work in (0.0, 0.2, 0.9, 0.0):
        clock[0] += work
        pace.wait()
    assert slept == [0.3, 0.5]


def test_every_request_is_paced_a_repeated_one_too(history, at, cloud, monkeypatch):
    """The library asks the pace before each attempt."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    waits = []

    class Counting(Pace):
        def wait(self, **_):
            waits.append(1)

    refusals = iter([True] * 2)
    cloud.services["LookupEvents"] = lambda request: (
        cloud.json_error("ThrottlingException")
        if next(refusals, False)
        else history.answer(request)
    )
    opened = EventHistory(AwsOptions(), NOW, lambda: Counting(0.5))
    history.add(60, NOW - timedelta(hours=2))
    found = opened.lookup("us-east-1", ORGANIZATIONS, NOW - timedelta(days=1), NOW)
    assert (len(found), len(waits)) == (60, 4)


def test_sessions_are_traced_by_asking_for_the_second_of_their_record(history, at, load):
    """The record of AWS STS is looked up in the second in which the session began."""
    began = NOW - timedelta(hours=5)
    role = "arn:aws:iam::111122223333:role/deploy"
    session = {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE:build",
        "arn": "arn:aws:sts::111122223333:assumed-role/deploy/build",
        "accountId": "111122223333",
        "accessKeyId": "ASIAEXAMPLE1",
        "sessionContext": {
            "attributes": {"creationDate": f"{began:%Y-%m-%dT%H:%M:%SZ}"},
            "sessionIssuer": {"type": "Role", "arn": role, "userName": "deploy"},
        },
    }
    history.add(1, NOW - timedelta(hours=4), userIdentity=session)
    history.add(
        1,
        began,
        eventSource="sts.amazonaws.com",
        eventName="AssumeRole",
        requestParameters={"roleArn": role, "roleSessionName": "build"},
        responseElements={"credentials": {"accessKeyId": "ASIAEXAMPLE1"}},
    )
    summary = load()
    assert (summary.tracing.sessions, summary.tracing.traced) == (1, 1)
    asked = [one for one in history.asked if "sts" in str(one.get("LookupAttributes"))]
    assert [(one["StartTime"], one["EndTime"]) for one in asked] == [(began.timestamp(),) * 2]
    again = load()
    assert (again.kept, again.tracing) == (0, None)
