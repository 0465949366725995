"""`trailscan doctor`: the least policy, and each permission tried once."""

from __future__ import annotations

import contextlib
import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from services.command import run_command
from services.iam import is_allowed
from services.inventory import data_file, inventory, row

import trailscan as ts
from trailscan.aws.session import AwsOptions
from trailscan.doctor.examine import examine, is_healthy, to_line, to_table
from trailscan.doctor.permissions import evidence_needs, needs, to_policy
from trailscan.errors import AccessError, TrailscanError
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.ingest.validation.run import ValidateOptions, run_validate
from trailscan.window import Window

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
KEY = (
    "AWSLogs/o-exampleorg1/111122223333/CloudTrail/us-east-1/2026/11/22/"
    "111122223333_CloudTrail_us-east-1_20261122T1205Z_000000000000000{}.json.gz"
)
KMS = "arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-444444444444"
RECORD = {
    "eventVersion": "1.11",
    "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": "alice"},
    "eventTime": "2026-11-22T12:00:00Z",
    "eventSource": "organizations.amazonaws.com",
    "eventName": "CreateOrganizationalUnit",
    "awsRegion": "us-east-1",
    "eventID": "00000000-0000-4000-8000-000000000001",
    "recipientAccountId": "111122223333",
}
TRAIL, STORE = "s3://trail", "s3://store/here"
BODY = gzip.compress(json.dumps({"Records": [RECORD]}).encode(), mtime=0)
KEYS = [KEY.format(1), KEY.format(2), KEY.format(1).replace("CloudTrail/", "CloudTrail-Digest/")]
INVENTORY = inventory("trail", [row("trail", key, BODY) for key in KEYS])
NEWEST = row("trail", ".hidden/", LastModifiedDate=datetime(2026, 11, 25, tzinfo=UTC))
INVENTORY["table/2026_abcd"] = data_file(
    [NEWEST, *(row("trail", key, BODY) for key in KEYS)], "Parquet"
)
MANIFEST = "s3://inventories/inventory/trail/all/2026-11-25T01-00Z/manifest.json"


@pytest.fixture
def aws(cloud):
    """A trail's bucket with a log file and what else stands in one, and an empty one for a store."""
    cloud.add("trail", objects=dict.fromkeys(KEYS, BODY))
    cloud.add("store")
    return cloud


def look(source: str | None = TRAIL, store: str = STORE, **options):
    """The status of each action, by action; of two for one action the latter has a star."""
    found: dict[str, str] = {}
    for check in examine(source, store, AwsOptions(**options), NOW):
        found[f"{check.action}{'*' * (check.action in found)}"] = check.status
    return found


ALL_WELL = {
    "sts:GetCallerIdentity": "ok",
    "s3:ListBucket": "ok",
    "s3:GetBucketLocation": "ok",
    "s3:GetObject": "ok",
    "kms:Decrypt": "not tried",
    "cloudtrail:ListPublicKeys": "ok",
    "organizations:DescribeOrganization": "ok",
    "organizations:ListAccounts": "ok",
    "s3:ListBucket*": "ok",
    "s3:GetObject*": "ok",
    "s3:PutObject": "ok",
    "s3:DeleteObject": "ok",
}


def test_where_all_is_allowed_all_is_well(aws):
    """Every call is made once; what was written is removed."""
    checks = examine(TRAIL, STORE, AwsOptions(), NOW)
    assert look() == ALL_WELL
    assert is_healthy(checks)
    assert aws.buckets["store"].objects == {}
    assert to_line(checks[0]) == (
        "ok         sts:GetCallerIdentity              "
        "signed in as arn:aws:sts::111122223333:assumed-role/Auditor/alice"
    )
    assert to_table(checks).notes == ("no permission is missing",)


MISSING = {
    "s3:ListBucket": "on arn:aws:s3:::trail, needed by load: AccessDenied: no s3:ListBucket",
    "s3:GetObject": "on arn:aws:s3:::trail/*, needed by load: 403: Forbidden",
    "cloudtrail:ListPublicKeys": "on *, needed by validate: AccessDeniedException: no ListPublicKeys",
    "organizations:ListAccounts": (
        "on *, needed by nothing; they provide the names of accounts: "
        "AccessDeniedException: no ListAccounts (optional)"
    ),
    "s3:GetBucketLocation": (
        "on arn:aws:s3:::trail, needed by nothing; it finds the region of a bucket that cannot "
        "be listed: AccessDenied: no s3:GetBucketLocation (optional)"
    ),
}


@pytest.mark.parametrize("action", MISSING)
def test_what_is_missing_is_named_with_its_resource(aws, action):
    """One line: the action, the ARN to allow it on, what for, and what AWS said."""
    denied = action if action.startswith("s3:") else action.partition(":")[2]
    aws.denied[denied] = f"no {denied}"
    checks = examine(TRAIL, "folder", AwsOptions(), NOW)
    lines = [to_line(check) for check in checks if check.status == "missing"]
    assert lines == [f"missing    {action:<34} allow it {MISSING[action]}"]
    assert is_healthy(checks) is ("optional" in MISSING[action])


def test_what_cannot_be_tried_says_why(aws):
    """Where nothing may be listed no log file can be read; a folder needs nothing of AWS."""
    aws.denied["s3:ListBucket"] = "no"
    lines = [to_line(check) for check in examine(TRAIL, "folder", AwsOptions(), NOW)]
    assert lines[3] == "not tried  s3:GetObject                       nothing could be listed"
    assert lines[-1] == (
        "not tried  -                                  "
        "folder: not in S3: no AWS permission is needed"
    )


def test_an_empty_trail_is_not_well(aws):
    """Reading could not be tried, so nobody can say that it works."""
    aws.buckets["trail"].objects.clear()
    checks = examine(TRAIL, "folder", AwsOptions(), NOW)
    assert checks[3].detail == "no log file was found at s3://trail"
    assert not is_healthy(checks)


@pytest.mark.parametrize(
    ("code", "message", "status"),
    [
        ("AccessDenied", "is not authorized to perform: kms:Decrypt on this resource", "missing"),
        ("AccessDenied", "Access Denied", "missing"),
        ("KMS.DisabledException", "the key is disabled", "failed"),
    ],
)
def test_a_key_that_may_not_be_used_is_told_from_the_object(aws, code, message, status):
    """HEAD answers and GET does not: the key's ARN is named, not the object's."""
    aws.buckets["trail"].key_arn = KMS
    aws.services["s3:GetObject"] = lambda request: (
        aws.plain(request) if request.method == "HEAD" else aws.s3_error(403, code, message)
    )
    checks = examine(TRAIL, "folder", AwsOptions(), NOW)
    (kms,) = [check for check in checks if check.action == "kms:Decrypt"]
    assert (kms.status, kms.resource, kms.optional) == (status, KMS, False)
    assert [check.status for check in checks if check.action == "s3:GetObject"] == ["ok"]
    assert not is_healthy(checks)


def test_a_key_that_may_be_used_is_named(aws):
    """Reading an encrypted log file shows that its key may be used."""
    aws.buckets["trail"].key_arn = KMS
    checks = examine(TRAIL, "folder", AwsOptions(), NOW)
    (kms,) = [check for check in checks if check.action == "kms:Decrypt"]
    assert (kms.status, kms.resource) == ("ok", KMS)


def test_an_archived_log_file_is_no_missing_permission(aws):
    """What must be restored first is a failure of another kind; the latest day is tried."""
    old = KEY.format(1).replace("/11/22/", "/01/02/").replace("20261122", "20260102")
    aws.buckets["trail"].objects[old] = b"old"
    aws.services["s3:GetObject"] = lambda request: (
        aws.plain(request)
        if request.method == "HEAD" or "/11/22/" in request.object_key
        else aws.s3_error(403, "InvalidObjectState", "archived")
    )
    assert look(store="folder")["s3:GetObject"] == "ok"
    for key in [key for key in aws.buckets["trail"].objects if "/11/22/" in key]:
        del aws.buckets["trail"].objects[key]
    assert look(store="folder")["s3:GetObject"] == "failed"


def test_one_log_file_as_a_source(aws):
    """The key of one log file is read, and its ARN is the one to allow."""
    aws.denied["s3:GetObject"] = "no"
    checks = examine(f"s3://trail/{KEY.format(1)}", "folder", AwsOptions(), NOW)
    assert f"arn:aws:s3:::trail/{KEY.format(1)}" in checks[3].resource.split()


def test_a_store_that_is_there_is_changed_in_nothing(aws):
    """Its marker is read, created once more in vain, and nothing is deleted."""
    load()
    before = dict(aws.buckets["store"].objects)
    assert look() == ALL_WELL
    assert aws.buckets["store"].objects == before
    aws.buckets["store"].honours_conditions = False
    checks = examine(TRAIL, STORE, AwsOptions(), NOW)
    (put,) = [check for check in checks if check.action == "s3:PutObject"]
    assert (put.status, put.detail) == ("failed", "the server does not honour If-None-Match")
    assert aws.buckets["store"].objects == before


@pytest.mark.parametrize("there", [False, True], ids=["new", "there"])
@pytest.mark.parametrize("action", ["s3:PutObject", "s3:DeleteObject"])
def test_what_a_store_lacks_is_named(aws, there, action):
    """Writing must be allowed; deleting need not."""
    if there:
        load()
    aws.denied[action] = f"no {action}"
    checks = examine(TRAIL, STORE, AwsOptions(), NOW)
    assert [check.action for check in checks if check.status == "missing"] == [action]
    assert is_healthy(checks) is (action == "s3:DeleteObject")


def test_a_server_that_ignores_conditions_is_named(aws):
    """The probe says how many won."""
    aws.buckets["store"].honours_conditions = False
    checks = examine(TRAIL, STORE, AwsOptions(), NOW)
    (put,) = [check for check in checks if check.action == "s3:PutObject"]
    assert put.status == "failed"
    assert put.detail.endswith("of 8 writers at once, 8 created one object")
    assert aws.buckets["store"].objects == {}


def test_without_a_source_the_store_is_only_read(aws):
    """A reader of reports need not be allowed to write."""
    found = look(None)
    assert found == {
        "sts:GetCallerIdentity": "ok",
        "s3:ListBucket": "ok",
        "s3:GetObject": "not tried",
    }
    load()
    aws.requests.clear()
    assert look(None)["s3:GetObject"] == "ok"
    assert aws.asked("s3:PutObject") == []


def test_event_history_needs_one_permission(aws):
    """LookupEvents, in the region of Organizations."""
    assert look("event-history", "folder")["cloudtrail:LookupEvents"] == "ok"
    (asked,) = aws.asked("LookupEvents")
    assert asked.host == "cloudtrail.us-east-1.amazonaws.com"
    aws.denied["LookupEvents"] = "no"
    assert not is_healthy(examine("event-history", "folder", AwsOptions(), NOW))


def test_partitions_have_arns_of_their_own(aws):
    """The partition is that of whoever is signed in."""
    aws.services["GetCallerIdentity"] = lambda _: aws.identity(NOW, "aws-cn")
    for bucket in aws.buckets.values():
        bucket.region = "cn-north-1"
    aws.denied |= {"s3:ListBucket": "no"}
    checks = examine(TRAIL, STORE, AwsOptions(region="cn-north-1"), NOW)
    missing = {check.resource for check in checks if check.status == "missing"}
    assert missing == {"arn:aws-cn:s3:::trail", "arn:aws-cn:s3:::store"}
    (asked,) = aws.asked("ListPublicKeys")
    assert asked.host == "cloudtrail.cn-northwest-1.amazonaws.com.cn"


def test_nobody_signed_in_is_no_answer(aws, monkeypatch):
    """Without credentials there is nothing to try; expired ones are said to be."""
    aws.services["GetCallerIdentity"] = lambda _: aws.xml_error("ExpiredToken", "it has expired")
    with pytest.raises(AccessError, match="expired"):
        look()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AccessError, match="no AWS credentials found"):
        look()


def test_a_public_bucket_can_be_looked_at_unsigned(aws):
    """Only S3 answers those who do not sign."""
    aws.buckets["trail"].public = True
    found = look(store="folder", no_sign_request=True)
    assert (found["s3:GetObject"], found["cloudtrail:ListPublicKeys"]) == ("ok", "not tried")


def test_a_server_of_s3_alone_is_not_asked_for_more(aws):
    """An S3-like server has neither STS nor CloudTrail, and AWS has nothing to say about it."""
    options = AwsOptions(endpoint_url="http://minio.example.com:9000")
    checks = examine(TRAIL, STORE, options, NOW)
    assert is_healthy(checks)
    assert {request.host for request in aws.requests} == {"minio.example.com"}
    found = {check.action: check for check in checks}
    assert found["cloudtrail:ListPublicKeys"].detail.endswith("serves S3 only")
    assert found["sts:GetCallerIdentity"].status == "not tried"


def test_a_bucket_that_is_not_there_is_said_to_be_none(aws):
    """That is no missing permission."""
    checks = examine("s3://nowhere", "folder", AwsOptions(), NOW)
    assert checks[1].status == "failed"
    assert "NoSuchBucket" in to_line(checks[1])


# The policy


def load(source: str = TRAIL, **options):
    """A load into the store, up to a day before the inventory if there is one."""
    end = datetime(2026, 11, 23, 12, tzinfo=UTC)
    asked = LoadOptions(window=Window(datetime(2026, 11, 1, tzinfo=UTC), end), **options)
    return run_load([source], STORE, asked, NOW)


@pytest.mark.parametrize(
    ("source", "manifest"),
    [
        (TRAIL, None),
        ("s3://trail/AWSLogs", None),
        ("s3://trail/AWSLogs/", None),
        ("event-history", None),
        (TRAIL, MANIFEST),
        (TRAIL, "s3://inventories/table/"),
    ],
)
def test_the_policy_allows_all_that_a_load_asks_for(aws, source, manifest, monkeypatch):
    """Twice under the printed policy, with and without what is optional: nothing is refused."""
    monkeypatch.setattr("trailscan.aws.event_history._INTERVAL", 0.0)
    aws.add("inventories", objects=INVENTORY)
    whole = to_policy(needs(source, STORE, "aws", manifest))
    least = [one for one in whole["Statement"] if not one["Sid"].startswith("Optional")]
    for statements in (least, whole["Statement"]):
        aws.policy = {"Statement": statements}
        assert load(source, inventory=manifest).complete
        assert load(source, inventory=manifest).complete
        assert len(ts.open(STORE).events()) == (source != "event-history")
        checks = examine(source, STORE, AwsOptions(), NOW, manifest)
        assert is_healthy(checks), [one for one in checks if one.status != "ok"]
    assert [check.action for check in checks if check.status == "missing"] == []
    refused = [one for one in aws.requests if one.host[:3] != "sts" and not is_allowed(whole, one)]
    # A bucket names its region to those too who may not list it.
    assert {(one.method, one.path) for one in refused} <= {("HEAD", "/")}


SAMPLES = Path(__file__).parent.parent.parent / "sample_logs"


def test_the_policy_allows_all_that_validate_asks_for(aws):
    """Digests read, public keys asked for, verdicts kept in the store: nothing is refused."""
    aws.buckets["trail"].objects.clear()
    for path in sorted(SAMPLES.glob("AWSLogs/**/us-east-1/2026/10/0[1-3]/*.gz")):
        aws.buckets["trail"].objects[path.relative_to(SAMPLES).as_posix()] = path.read_bytes()
    load()
    policy = to_policy(needs(TRAIL, STORE, "aws"))
    least = [one for one in policy["Statement"] if not one["Sid"].startswith("Optional")]
    aws.policy = {"Statement": least}
    aws.requests.clear()
    run_validate(TRAIL, STORE, ValidateOptions(), NOW)
    asked = {request.iam_action for request in aws.requests}
    assert asked >= {"cloudtrail:ListPublicKeys", "s3:GetObject", "s3:ListBucket", "s3:PutObject"}
    refused = [one for one in aws.requests if not is_allowed(policy, one)]
    assert [(one.iam_action, one.object_key) for one in refused] == []


@pytest.mark.parametrize(
    ("sid", "manifest"),
    [
        *((sid, None) for sid in ("TrailList", "TrailRead", "StoreList", "StoreRead")),
        *((sid, None) for sid in ("StoreWrite", "StoreCommit")),
        ("InventoryRead", MANIFEST),
    ],
)
def test_no_statement_can_be_spared(aws, sid, manifest):
    """Without any one of them a load has no answer, or is incomplete, and doctor names it."""
    aws.add("inventories", objects=INVENTORY)
    whole = to_policy(needs(TRAIL, STORE, "aws", manifest))
    assert sid in {one["Sid"] for one in whole["Statement"]}
    aws.policy = {"Statement": [one for one in whole["Statement"] if one["Sid"] != sid]}
    with contextlib.suppress(TrailscanError):
        assert not load(inventory=manifest).complete
    if sid != "StoreWrite":  # a probe of data would look like data
        assert not is_healthy(examine(TRAIL, STORE, AwsOptions(), NOW, manifest))


def test_reading_a_store_needs_no_more_than_reading(aws):
    """The policy without a source lets reports run, and nothing be written."""
    load()
    policy = to_policy(needs(None, STORE, "aws"))
    actions = {action for one in policy["Statement"] for action in [one["Action"]]}
    assert actions == {"s3:ListBucket", "s3:GetObject", "kms:Decrypt"}
    aws.policy = policy
    assert len(ts.open(STORE).changes()) == 1


def test_a_commit_without_its_condition_is_not_allowed(aws):
    """The policy lets the ledger be added to, never be overwritten."""
    policy = to_policy(needs(TRAIL, STORE, "aws"))
    load()
    commits = [one for one in aws.asked("s3:PutObject") if "/_ledger/" in one.object_key]
    assert commits
    for request in commits:
        assert is_allowed(policy, request)
        bare = {name: text for name, text in request.headers.items() if name != "if-none-match"}
        assert not is_allowed(policy, replace(request, headers=bare))


def test_the_policy_of_a_place_says_no_more_than_the_place():
    """Another prefix of the same bucket is not in it."""
    policy = json.dumps(to_policy(needs("s3://trail/here", "s3://store/there", "aws-us-gov")))
    assert '"arn:aws-us-gov:s3:::trail/here/*"' in policy
    assert '"arn:aws-us-gov:s3:::trail/*"' in policy  # of KMS's context alone
    assert json.loads(policy)["Statement"][1]["Resource"] == [
        "arn:aws-us-gov:s3:::trail/here",
        "arn:aws-us-gov:s3:::trail/here/*",
    ]
    assert needs("folder", "folder", "aws", "manifest.json") == ()


# The command


def trailscan(*words: str):
    """Run the command; gives exit code, stdout and stderr."""
    done = run_command("doctor", *words)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_the_command_ends_in_0_4_or_5(aws, monkeypatch):
    """All well, something missing, nobody signed in; what an answer says cannot fool a terminal."""
    code, out, err = trailscan(TRAIL, "--store", STORE)
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == len(ALL_WELL)
    aws.denied["ListPublicKeys"] = "no\x1b[31m\nok  all is well"
    code, out, err = trailscan(TRAIL, "--store", STORE)
    assert (code, err) == (
        4,
        "trailscan: some required permissions are missing or could not be checked; see above\n",
    )
    assert len(out.splitlines()) == len(ALL_WELL)
    assert r"no\x1b[31m ok all is well" in out
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    code, out, err = trailscan(TRAIL, "--store", STORE)
    assert (code, out) == (5, "")
    assert err.startswith("trailscan: no AWS credentials found")


def test_the_answer_has_the_forms_of_a_report(aws):
    """The same rows as JSON, for scripts."""
    code, out, _ = trailscan(TRAIL, "--store", STORE, "--format", "json")
    rows = json.loads(out)["rows"]
    assert code == 0
    assert rows[1] == {
        "status": "ok",
        "action": "s3:ListBucket",
        "resource": "arn:aws:s3:::trail",
        "needed_by": "load",
        "optional": False,
        "detail": "with any prefix",
    }


def test_the_policy_is_printed_without_asking_anybody(aws, tmp_path):
    """Its partition is that of the region; no request is made."""
    code, out, err = trailscan(TRAIL, "--policy", "--store", STORE, "--region", "us-gov-east-1")
    assert (code, err) == (0, "")
    assert json.loads(out) == to_policy(needs(TRAIL, STORE, "aws-us-gov"))
    assert aws.requests == []
    code, out, _ = trailscan(TRAIL, "--policy", "--output", str(tmp_path / "policy.json"))
    assert (code, out) == (0, "")
    policy = json.loads((tmp_path / "policy.json").read_text())
    assert policy == to_policy(needs(TRAIL, "folder", "aws"))


EVIDENCE = "s3://evidence/nights"


def test_what_packages_need_is_tried_at_their_bucket(aws, monkeypatch):
    """An object is created once and stays; the key must be one of Ed25519, and signs."""
    aws.add("evidence")
    spki = {KMS: bytes.fromhex("302a300506032b6570032100") + bytes(32), "rsa": b"0"}
    monkeypatch.setattr("trailscan.doctor.evidence.find_public_key", lambda _, arn: spki[arn])
    monkeypatch.setattr("trailscan.doctor.evidence.sign", lambda *_: bytes(64))
    aws.denied["s3:GetBucketObjectLockConfiguration"] = "no"

    def seen(key: str = KMS) -> list[tuple[str, str, str]]:
        """What was tried at the bucket, and with the key."""
        checks = examine(None, "folder", AwsOptions(), NOW, to=EVIDENCE, kms_key=key)[2:]
        return [(check.action, check.status, check.detail.partition(":")[0]) for check in checks]

    well = [
        ("s3:ListBucket", "ok", ""),
        ("s3:PutObject", "ok", "If-None-Match is honoured; doctor.txt stays there"),
        ("s3:GetObject", "ok", "read doctor.txt"),
        ("s3:GetBucketObjectLockConfiguration", "missing", "AccessDenied"),
        ("s3:PutObjectRetention", "not tried", "it would lock an object"),
        (
            "kms:GenerateDataKey",
            "not tried",
            "what the bucket encrypts with by itself was tried with s3",
        ),
        ("kms:GetPublicKey", "ok", "it is an Ed25519 key"),
        ("kms:Sign", "ok", "signed a text"),
    ]
    assert seen() == seen() == well
    assert list(aws.buckets["evidence"].objects) == ["nights/doctor.txt"]
    assert seen("rsa")[6:] == [("kms:GetPublicKey", "failed", "it is not an Ed25519 key")]
    aws.buckets["evidence"].honours_conditions = False
    assert ("s3:PutObject", "failed", "the server does not honour If-None-Match") in seen()
    aws.denied["s3:PutObject"] = "no"
    assert ("s3:PutObject", "missing", "s3") in seen()
    policy = to_policy(evidence_needs(EVIDENCE, KMS, "aws"))
    assert {one["Sid"]: one["Action"] for one in policy["Statement"]} == {
        "EvidenceList": "s3:ListBucket",
        "EvidenceRead": "s3:GetObject",
        "EvidenceCreate": "s3:PutObject",
        "SealSign": ["kms:GetPublicKey", "kms:Sign"],
        "OptionalEvidenceLock": "s3:PutObjectRetention",
        "OptionalEvidenceIsLocked": "s3:GetBucketObjectLockConfiguration",
        "OptionalEvidenceEncrypt": ["kms:Decrypt", "kms:GenerateDataKey"],
    }
