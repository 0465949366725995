"""Bad input through the command line: one clear line, an exit code, and nothing else lost."""

from __future__ import annotations

import gzip
import json
import os
import struct
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from services.command import run_command

import trailscan as ts
from trailscan.cli.app import main

NAME = "111122223333_CloudTrail_us-east-1_20261122T1205Z_{:016d}.json.gz"
GOOD = (1, 2)
BAD = 5
INCOMPLETE = "trailscan: incomplete: see above; `trailscan rejects` lists the rejects\n"
WINDOW = "2026-11-02T00:00:00Z to 2026-11-01T00:00:00Z"
WHEN = (
    "is not a date (2026-11-22), a month (2026-11), today, yesterday, last-week, "
    "an ISO instant (2026-11-22T14:05Z) or an age (60min, 36h, 7d, 2w, 3mo, 1y)"
)


class Said(NamedTuple):
    """What a command ended with."""

    code: int
    out: list[str]
    err: str


def trailscan(*words: object, **environment: str | None) -> Said:
    """Run the command; variables that are None are not there."""
    given = {**os.environ, "NO_COLOR": "1", **environment}
    done = run_command(
        *words,
        env={name: value for name, value in given.items() if value is not None},
    )
    return Said(done.returncode, done.stdout.decode().splitlines(), done.stderr.decode())


def event(number: int, **changed: Any) -> dict[str, Any]:
    """A record of Organizations; what is changed to None is left out."""
    record = {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": "alice"},
        "eventTime": "2026-11-22T12:00:00Z",
        "eventSource": "organizations.amazonaws.com",
        "eventName": "LeaveOrganization",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "aws-cli/2.30",
        "eventID": f"00000000-0000-4000-8000-{number:012d}",
        "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333",
    }
    return {name: value for name, value in (record | changed).items() if value is not None}


def packed(*records: dict[str, Any] | str) -> bytes:
    """A log file as delivered; text stands for a record as it is."""
    texts = [one if isinstance(one, str) else json.dumps(one) for one in records]
    return gzip.compress(f'{{"Records":[{",".join(texts)}]}}'.encode(), mtime=0)


def ids(store: Path) -> list[int]:
    """The numbers of the events in a store."""
    return sorted(int(event_id[-12:]) for event_id in ts.open(str(store)).events()["event_id"])


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with two good log files, and room for a bad one between them."""
    place = tmp_path / "logs"
    place.mkdir()
    for number in GOOD:
        (place / NAME.format(10 * number)).write_bytes(packed(event(number)))
    return place


WHOLE = packed(event(BAD))
LOG_FILES = {
    "empty": (b"", "the log file is empty"),
    "truncated": (WHOLE[:-30], "the gzip data ends before its trailer"),
    "truncated in its trailer": (WHOLE[:-4], "the gzip data ends before its trailer"),
    "neither gzip nor JSON": (
        b"\x89PNG\r\n",
        "neither gzip nor JSON: expected a JSON object or array at byte 0, found '\\x89PNG'",
    ),
    "gzip of no JSON": (
        gzip.compress(b"<html>busy</html>"),
        "expected a JSON object or array at byte 0, found '<html>busy</html>'",
    ),
    "gzip of half a JSON": (
        gzip.compress(gzip.decompress(WHOLE)[:-20]),
        "the JSON ends inside a string",
    ),
    "JSON of something else": (gzip.compress(b'{"a":1}'), "no CloudTrail records in '{\"a\":1}'"),
    "a trailer that claims 4 GB": (
        WHOLE[:-4] + struct.pack("<I", 0xFFFFFFFF),
        "the gzip data is damaged: incorrect length check",
    ),
    "a wrong checksum": (
        WHOLE[:-8] + b"\0\0\0\0" + WHOLE[-4:],
        "the gzip data is damaged: incorrect data check",
    ),
}


@pytest.mark.parametrize(("data", "words"), LOG_FILES.values(), ids=LOG_FILES)
def test_a_log_file_that_cannot_be_read_is_one_line(folder, tmp_path, data, words):
    """It is rejected with its name and reason; the log files before and behind it are loaded."""
    bad, store = folder / NAME.format(15), tmp_path / "store"
    bad.write_bytes(data)
    said = trailscan("load", folder, "--store", store)
    assert (said.code, said.err) == (4, INCOMPLETE)
    assert [line for line in said.out if line.startswith("reject")] == [
        f"reject: {words} (at {bad})"
    ]
    assert said.out[-2].startswith("log files listed 3 = done 2 + known 0 + rejected 1; ")
    assert said.out[-1] == "read 2 = kept 2 + filtered out 0 + duplicates 0 + rejects 0"
    assert ids(store) == [1, 2]
    assert list(ts.open(str(store)).rejects()["message"]) == [words]


RECORDS = {
    "a number": ("3", "the record is not a JSON object but a number", ""),
    "null": ("null", "the record is not a JSON object but null", ""),
    "text": ('"organizations.amazonaws.com"', "the record is not a JSON object but a string", ""),
    "no eventTime": (event(BAD, eventTime=None), "eventTime is missing", " $.eventTime"),
    "no eventID": (event(BAD, eventID=None), "eventID is missing", " $.eventID"),
    "a lone surrogate": (
        json.dumps(event(BAD, userAgent="\ud800")),
        "the record is not valid JSON: unexpected end of escaped utf-16 surrogate pair (byte 307)",
        "",
    ),
    "a user agent of 1 MB": (
        event(BAD, userAgent="A" * 1_000_000),
        "the record has 1,000,419 bytes, expected at most 524,288",
        "",
    ),
}


@pytest.mark.parametrize(("record", "words", "path"), RECORDS.values(), ids=RECORDS)
def test_a_record_that_cannot_be_used_is_one_line(folder, tmp_path, record, words, path):
    """It is rejected with its log file, position, reason and path; its neighbours are kept."""
    bad, store = folder / NAME.format(15), tmp_path / "store"
    bad.write_bytes(packed(event(3), record, event(4)))
    said = trailscan("load", folder, "--store", store)
    assert (said.code, said.err) == (4, INCOMPLETE)
    assert [line for line in said.out if line.startswith("reject")] == [
        f"reject: {words} (at {bad}#1{path})"
    ]
    assert said.out[-2].startswith("log files listed 3 = done 3 + known 0 + rejected 0; ")
    assert said.out[-1] == "read 5 = kept 4 + filtered out 0 + duplicates 0 + rejects 1"
    assert ids(store) == [1, 2, 3, 4]
    assert list(ts.open(str(store)).rejects()["record_index"]) == [1]


@pytest.mark.parametrize(
    ("data", "how"),
    [
        (gzip.compress(b'{"Records":[') + gzip.compress(json.dumps(event(BAD)).encode() + b"]}"),
         "gzip_members"),
        (WHOLE + b"more", "trailing_bytes"),
        (WHOLE + bytes(4), "trailing_bytes"),
        (gzip.decompress(WHOLE), "plain"),
    ],
    ids=["members", "trailing", "trailing zeros", "plain"],
)  # fmt: skip
def test_a_log_file_that_is_not_as_delivered_is_read_and_said(folder, tmp_path, data, how):
    """Several gzip members, trailing bytes or no gzip at all: complete, and flagged."""
    (folder / NAME.format(15)).write_bytes(data)
    said = trailscan("load", folder, "--store", tmp_path / "store")
    assert (said.code, said.err) == (0, "")
    flagged = [line for line in said.out if line.startswith("log files read but not as")]
    assert flagged == [f"log files read but not as CloudTrail delivers them: 1 {how}"]
    assert said.out[-1] == "read 3 = kept 3 + filtered out 0 + duplicates 0 + rejects 0"
    assert ids(tmp_path / "store") == [1, 2, BAD]


def test_a_missing_folder_is_one_line(tmp_path):
    """No such source, no answer, no store."""
    said = trailscan("load", tmp_path / "nowhere", "--store", tmp_path / "store")
    assert said == (5, [], f"trailscan: {tmp_path}/nowhere does not exist\n")
    assert not (tmp_path / "store").exists()


def test_a_folder_that_may_not_be_read_is_one_line(folder, tmp_path, monkeypatch, capsys):
    """A folder that the system refuses to list gives no answer."""
    scandir = os.scandir

    def refuse(path):  # root is refused nothing by the system itself
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    words = ["trailscan", "load", str(folder), "--store", str(tmp_path / "store")]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 5
    assert tuple(capsys.readouterr()) == ("", f"trailscan: {folder}: Permission denied\n")


def test_a_store_that_cannot_be_made_is_one_line(folder, tmp_path):
    """A store in the place of a file gives no answer."""
    (tmp_path / "file").write_bytes(b"")
    said = trailscan("load", folder, "--store", tmp_path / "file")
    assert said == (5, [], f"trailscan: {tmp_path}/file/_store.json: Not a directory\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["load", "x", "--since", "tomorrow"],
            f"Invalid value for --since: 'tomorrow' {WHEN} (see: trailscan load --help)",
        ),
        (
            ["report", "changes", "--since", "2026-13-45"],
            f"Invalid value for --since: '2026-13-45' {WHEN} (see: trailscan report changes --help)",
        ),
        (
            ["report", "changes", "--until", "soon"],
            f"Invalid value for --until: 'soon' {WHEN} (see: trailscan report changes --help)",
        ),
        (
            ["load", "x", "--since", "2026-11-02", "--until", "2026-11-01"],
            (
                f"Invalid value for --until: the window ends before it starts: {WINDOW} "
                "(see: trailscan load --help)"
            ),
        ),
        (
            ["load", "x", "--look-back", "long"],
            (
                "Invalid value for --look-back: 'long' is not a number of days such as 30d "
                "(see: trailscan load --help)"
            ),
        ),
        (["load"], "Missing argument 'SOURCE…'. (see: trailscan load --help)"),
        (["nonsense"], "No such command 'nonsense'. (see: trailscan --help)"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_was_mistyped_is_one_line(tmp_path, words, said):
    """A usage error says which option, what is wrong and what was expected, with code 2."""
    assert trailscan(*words, TRAILSCAN_STORE=str(tmp_path)) == (2, [], f"trailscan: {said}\n")


def test_no_credentials_are_one_line(tmp_path):
    """Without credentials no bucket is asked."""
    nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    keys = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"))
    environment = {**nothing, **keys, "AWS_EC2_METADATA_DISABLED": "true"}
    said = trailscan("load", "s3://trail-bucket", "--store", tmp_path / "store", **environment)
    assert said.code == 5
    assert said.err == (
        "trailscan: no AWS credentials found\n"
        "  give --profile, run `aws configure`, or use a role\n"
    )


class TestInS3:
    """The same from a real S3 server."""

    def test_a_missing_bucket_is_one_line(self, ceph_bucket, tmp_path):
        """No such bucket, no answer."""
        said = trailscan("load", f"s3://{ceph_bucket}-not", "--store", tmp_path / "store")
        assert (said.code, said.out, said.err.count("\n")) == (5, [], 1)
        assert said.err.startswith(f"trailscan: s3://{ceph_bucket}-not/ does not exist")

    def test_a_wrong_key_is_one_line(self, ceph_bucket, tmp_path):
        """Whoever S3 does not believe gets no answer, and no secret is shown."""
        words = ("load", f"s3://{ceph_bucket}", "--store", tmp_path / "store")
        said = trailscan(*words, AWS_SECRET_ACCESS_KEY="swordfish")
        assert (said.code, said.out, said.err.count("\n")) == (5, [], 1)
        assert said.err.startswith(f"trailscan: s3://{ceph_bucket}/")
        assert "SignatureDoesNotMatch" in said.err
        assert "swordfish" not in said.err

    def test_a_bucket_that_may_not_be_listed_is_one_line(self, ceph_s3, ceph_bucket, tmp_path):
        """A refused listing gives no answer, and says what was refused."""
        refuse(ceph_s3, ceph_bucket, "s3:ListBucket", "")
        said = trailscan("load", f"s3://{ceph_bucket}", "--store", tmp_path / "store")
        assert (said.code, said.out, said.err.count("\n")) == (5, [], 1)
        assert said.err.startswith(f"trailscan: s3://{ceph_bucket}/")
        assert "AccessDenied" in said.err

    def test_an_object_that_may_not_be_read_is_one_reject(self, ceph_s3, ceph_bucket, tmp_path):
        """A refused log file costs no other, and is tried again when it may be read."""
        client, key = ceph_s3.client(), f"logs/{NAME.format(15)}"
        for number in GOOD:
            name = f"logs/{NAME.format(10 * number)}"
            client.put_object(Bucket=ceph_bucket, Key=name, Body=packed(event(number)))
        client.put_object(Bucket=ceph_bucket, Key=key, Body=WHOLE)
        refuse(ceph_s3, ceph_bucket, "s3:GetObject", f"/{key}")
        words = ("load", f"s3://{ceph_bucket}/logs", "--store", tmp_path / "store")
        said = trailscan(*words, "--since", "2026-01-01")
        rejects = [line for line in said.out if line.startswith("reject")]
        assert (said.code, said.err, len(rejects)) == (4, INCOMPLETE, 1)
        assert f"s3://{ceph_bucket}/{key}" in rejects[0]
        assert ids(tmp_path / "store") == [1, 2]
        client.delete_bucket_policy(Bucket=ceph_bucket)
        assert trailscan(*words, "--since", "2026-01-01").code == 0
        assert ids(tmp_path / "store") == [1, 2, BAD]


def refuse(server: Any, bucket: str, action: str, below: str) -> None:
    """Forbid everybody an action in a bucket, its owner too."""
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": f"arn:aws:s3:::{bucket}{below}",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    server.client().put_bucket_policy(Bucket=bucket, Policy=policy)
