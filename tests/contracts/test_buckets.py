"""One behaviour of every bucket: a folder, an S3 bucket, and what stands in one under a prefix."""

from __future__ import annotations

import errno
import json
import os
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from trailscan.aws.session import AwsOptions
from trailscan.buckets import (
    Bucket,
    LocalBucket,
    ObjectInfo,
    S3Bucket,
    list_folder,
    open_bucket,
    open_s3,
)
from trailscan.errors import (
    AccessError,
    AlreadyExistsError,
    CredentialsError,
    DecodeError,
    NoAnswerError,
    NotFoundError,
    TrailscanError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PREFIX = "some folder/100%20+"
KINDS = ("local", "s3", "s3 under a prefix")
PLAIN_KEYS = (
    "with space",
    "p%20q",
    "p%2Fq",
    "100%",
    "p+q",
    "ünï/日本",
    "e\u0301",
    "😀",
    "a&b?c#d",
    "a=b/c=d",
    "a...b",
    ".hidden",
    "it's",
    "~t",
    "x{y}^`|<>*",
    'q"q',
    "back\\slash",
)


class Case(NamedTuple):
    """A bucket and its kind."""

    bucket: Bucket
    kind: str


@pytest.fixture(scope="module")
def opened(s3_endpoint: str, s3_client: Any) -> S3Bucket:
    """An S3 bucket, opened once: that takes a fifth of a second."""
    s3_client.create_bucket(Bucket="opened-once")
    return open_s3("s3://opened-once", AwsOptions(endpoint_url=s3_endpoint))


@pytest.fixture
def s3(opened: S3Bucket) -> Iterator[S3Bucket]:
    """An empty S3 bucket."""
    yield opened
    s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[opened.name].keys.clear()


@pytest.fixture(params=KINDS)
def case(request: pytest.FixtureRequest) -> Case:
    """An empty bucket of each kind."""
    if request.param == "local":
        folder = request.getfixturevalue("tmp_path")
        return Case(open_bucket(str(folder), AwsOptions()), request.param)
    if request.param == "s3":
        return Case(request.getfixturevalue("s3"), request.param)
    return Case(request.getfixturevalue("s3").below(f"{PREFIX}/"), request.param)


@pytest.fixture
def bucket(case: Case) -> Bucket:
    """An empty bucket of each kind."""
    return case.bucket


def keys(listed: Iterator[ObjectInfo] | list[ObjectInfo]) -> list[str]:
    """The keys of a listing."""
    return [found.key for found in listed]


def fill(bucket: Bucket, *names: str) -> None:
    """Write objects that hold their own names."""
    for name in names:
        bucket.write(name, name.encode())


def test_a_place_in_a_bucket_is_a_bucket(s3_endpoint: str, s3: Bucket) -> None:
    """What is written under `s3://bucket/prefix`, with or without a last slash, stands there."""
    for place in (PREFIX, f"{PREFIX}/"):
        below = open_bucket(f"s3://{s3.name}/{place}", AwsOptions(endpoint_url=s3_endpoint))
        below.write("a/k", b"1")
        assert (keys(below.list_objects()), keys(s3.list_objects())) == (["a/k"], [f"{PREFIX}/a/k"])


def test_an_empty_bucket_has_nothing(bucket: Bucket) -> None:
    """There is nothing to list in an empty bucket, under no prefix."""
    assert list(bucket.list_objects()) == []
    assert list(bucket.list_objects("no/such/folder/")) == []
    assert list_folder(bucket, "") == ([], [])
    assert list_folder(bucket, "no/such/folder/") == ([], [])


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 1200], ids=[0, 1, 307_200])
def test_what_was_written_is_listed_and_read(bucket: Bucket, data: bytes) -> None:
    """An object comes back whole, its size and version are in the listing."""
    bucket.write("a/b.bin", data)
    [found] = bucket.list_objects()
    assert (found.key, found.size) == ("a/b.bin", len(data))
    assert bucket.read("a/b.bin") == data
    assert bucket.read("a/b.bin", found.etag) == data
    assert list_folder(bucket, "a/") == ([], [found])


def test_a_key_may_have_any_printable_text(bucket: Bucket) -> None:
    """Keys are neither escaped nor normalised: written, listed, read and deleted as they are."""
    inside = [f"folder/{key}" for key in PLAIN_KEYS]
    fill(bucket, *PLAIN_KEYS, *inside)
    assert sorted(keys(bucket.list_objects())) == sorted([*PLAIN_KEYS, *inside])
    assert {
        found.key: bucket.read(found.key, found.etag) for found in bucket.list_objects("folder/")
    } == {key: key.encode() for key in inside}
    for key in PLAIN_KEYS:
        bucket.delete(key)
    assert sorted(keys(bucket.list_objects())) == sorted(inside)


def test_a_folder_shows_its_folders_and_its_objects(bucket: Bucket) -> None:
    """What lies deeper is shown by its folder, once, with its slash."""
    fill(bucket, "a/b/1", "a/b/2", "a/c/d/3", "a/4", "a/5", "6")
    folders, objects = list_folder(bucket, "")
    shown = [folder for folder in folders if folder != "_tmp/"]  # where a LocalBucket writes first
    assert (shown, keys(objects)) == (["a/"], ["6"])
    folders, objects = list_folder(bucket, "a/")
    assert (folders, keys(objects)) == (["a/b/", "a/c/"], ["a/4", "a/5"])
    assert [found.size for found in objects] == [3, 3]


def test_a_listing_goes_all_the_way_down(bucket: Bucket) -> None:
    """All objects under a folder are listed, however deep, and none beside it."""
    fill(bucket, "a/1", "a/b/c/d/2", "ab/3", "4")
    assert keys(bucket.list_objects("a/")) == ["a/1", "a/b/c/d/2"]


def test_a_listing_is_in_the_order_of_keys(bucket: Bucket) -> None:
    """Keys come sorted, as documented."""
    names = ["a/x", "a-b/x", "a.txt", "b", "a/b/c", "Z", "ü"]
    fill(bucket, *names)
    assert keys(bucket.list_objects()) == sorted(names)


def test_a_listing_may_begin_behind_a_key(case: Case) -> None:
    """Nothing behind the key is left out; in S3 nothing before it is given."""
    fill(case.bucket, "d/1", "d/2", "d/3/x", "d/4")
    found = keys(case.bucket.list_objects("d/", after="d/2"))
    assert found[-2:] == ["d/3/x", "d/4"] or sorted(found)[-2:] == ["d/3/x", "d/4"]
    assert case.kind == "local" or found == ["d/3/x", "d/4"]
    assert case.kind == "local" or keys(case.bucket.list_objects("d/", after="d/3")) == found


def test_a_missing_object_is_not_found(bucket: Bucket) -> None:
    """Reading what is not there says so in one line that names it."""
    with pytest.raises(NotFoundError, match=r"^\S.*no/such\.json does not exist$"):
        bucket.read("no/such.json")


def test_a_changed_object_is_not_the_one_listed(bucket: Bucket) -> None:
    """An object replaced after it was listed is refused by its version, and read by the new one."""
    bucket.write("k", b"before")
    [before] = bucket.list_objects()
    bucket.write("k", b"behind it")
    [behind] = bucket.list_objects()
    assert (before.etag == behind.etag, behind.size) == (False, 9)
    with pytest.raises(NotFoundError, match=r"k changed after it was listed$"):
        bucket.read("k", before.etag)
    assert bucket.read("k", behind.etag) == b"behind it"


def test_a_deleted_object_is_not_found_by_its_version(bucket: Bucket) -> None:
    """An object deleted after it was listed is not found, not a crash."""
    bucket.write("k", b"1")
    [found] = bucket.list_objects()
    bucket.delete("k")
    with pytest.raises(NotFoundError):
        bucket.read("k", found.etag)


def test_a_write_replaces_the_whole_object(bucket: Bucket) -> None:
    """Nothing of the longer object before is left."""
    bucket.write("k", b"a long text")
    bucket.write("k", b"short")
    assert (bucket.read("k"), keys(bucket.list_objects())) == (b"short", ["k"])


def test_a_new_object_is_written_once(bucket: Bucket) -> None:
    """The second writer of a new object is refused, and the first one's bytes stay."""
    bucket.write_new("a/k", b"first")
    with pytest.raises(AlreadyExistsError, match=r"^\S.*a/k exists already$"):
        bucket.write_new("a/k", b"second")
    assert (bucket.read("a/k"), keys(bucket.list_objects())) == (b"first", ["a/k"])


def test_a_deleted_object_can_be_written_anew(bucket: Bucket) -> None:
    """After a deletion the key is free again."""
    bucket.write_new("k", b"first")
    bucket.delete("k")
    bucket.write_new("k", b"second")
    assert bucket.read("k") == b"second"


def test_of_many_writers_of_a_new_object_one_wins(bucket: Bucket) -> None:
    """Of eight threads that write the same new object one wins, and it is its bytes that stay."""
    start = threading.Barrier(8)

    def write(number: int) -> int | None:
        start.wait(10)
        try:
            bucket.write_new("k", bytes([number]) * 1000)
        except AlreadyExistsError:
            return None
        return number

    with ThreadPoolExecutor(8) as pool:
        winners = [number for number in pool.map(write, range(8)) if number is not None]
    assert len(winners) == 1
    assert (bucket.read("k"), keys(bucket.list_objects())) == (bytes(winners) * 1000, ["k"])


def test_deleting_what_is_not_there_is_no_error(bucket: Bucket) -> None:
    """Deleting twice is deleting once, and what was never there can be deleted."""
    fill(bucket, "k", "other")
    bucket.delete("k")
    bucket.delete("k")
    bucket.delete("no/such")
    assert keys(bucket.list_objects()) == ["other"]


@pytest.mark.parametrize(
    "odd",
    [
        "a//b",
        "//",
        "a/./b",
        "a/../b",
        "..",
        "a\x01b",
        "a\x7fb",
        "a/",
        pytest.param("/a", id="leading slash"),
    ],
)
def test_a_key_that_no_folder_could_have_is_read_like_any_other(
    s3: Bucket, s3_client: Any, odd: str
) -> None:
    """Whatever others wrote under odd keys is listed and read, and hides no neighbour."""
    folder = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/"
    inside = sorted(folder + name for name in ("+before", odd, "zz behind"))
    names = sorted([*inside, "+before", odd, "zz behind"])
    for name in names:
        s3_client.put_object(Bucket=s3.name, Key=name, Body=name.encode())
    assert keys(s3.list_objects(folder)) == inside
    listed = list(s3.list_objects())
    assert keys(listed) == names
    assert [s3.read(found.key, found.etag) for found in listed] == [name.encode() for name in names]


def test_odd_keys_stand_in_folders_too(s3: Bucket, s3_client: Any) -> None:
    """A folder with odd names is shown as S3 shows it, and can be gone into."""
    for name in ("f/a//b", "f/./c", "f/plain", "f//d"):
        s3_client.put_object(Bucket=s3.name, Key=name, Body=b"1")
    folders, objects = list_folder(s3, "f/")
    assert (sorted(folders), keys(objects)) == (["f/./", "f//", "f/a/"], ["f/plain"])
    assert {folder: keys(list_folder(s3, folder)[1]) for folder in folders} == {
        "f/./": ["f/./c"],
        "f//": ["f//d"],
        "f/a/": [],
    }


def test_an_odd_key_among_thousands_hides_none_and_repeats_none(s3: Bucket) -> None:
    """A listing of several pages is whole and in order, also with one odd key on the second."""
    names = [f"d/{number:04}" for number in range(1050)]
    for name in [*names, "d/1020//odd"]:
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(s3.name, name, b"")
    assert keys(s3.list_objects("d/")) == sorted([*names, "d/1020//odd"])
    assert keys(s3.list_objects("d/", after="d/1019")) == [
        "d/1020",
        "d/1020//odd",
        *names[1021:],
    ]
    assert keys(list_folder(s3, "d/")[1]) == names


@pytest.mark.parametrize("prefix", ["x//y", "../x", "/x", "x/./y", "a\x01b"])
def test_a_store_is_refused_an_odd_prefix(s3_endpoint: str, s3_bucket: str, prefix: str) -> None:
    """Where obstore would write elsewhere than boto3 reads, nothing is written."""
    uri = f"s3://{s3_bucket}/{prefix}"
    assert one_line(uri, AwsOptions(endpoint_url=s3_endpoint)) == (
        TrailscanError,
        (
            f"{uri!r} cannot hold a store: its folders may be neither empty, `.` nor `..`, "
            "nor hold control characters"
        ),
    )


def one_line(place: str, options: AwsOptions, within: float = 3) -> tuple[type, str]:
    """The error of opening a bucket: its type and its one line, in so many seconds."""
    begin = time.perf_counter()
    with pytest.raises(TrailscanError) as raised:
        open_bucket(place, options)
    assert time.perf_counter() - begin < within
    said = raised.value.line
    assert said.splitlines() == [said]
    return raised.type, said


def test_a_missing_bucket_is_not_found(s3_endpoint: str) -> None:
    """A bucket that is not there is named in one line."""
    assert one_line("s3://no-such-bucket/x/", AwsOptions(endpoint_url=s3_endpoint)) == (
        NotFoundError,
        "s3://no-such-bucket/x/ does not exist (NoSuchBucket)",
    )


def test_a_uri_without_a_bucket_is_refused() -> None:
    """A URI that names no bucket says what is expected."""
    assert one_line("s3:///AWSLogs/", AwsOptions()) == (
        TrailscanError,
        "'s3:///AWSLogs/' names no bucket; expected s3://bucket/prefix",
    )


def test_a_server_that_refuses_connections_is_named(
    s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong endpoint is one line that names the endpoint."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    kind, said = one_line("s3://logs/x/", AwsOptions(endpoint_url="http://127.0.0.1:1"))
    assert kind is NoAnswerError
    assert re.match(r"^s3://logs/x/ gave no answer: .*http://127\.0\.0\.1:1/", said)


@pytest.mark.parametrize(
    "endpoint",
    [
        "127.0.0.1:9",
        "nonsense",
        "http://",
        "ftp://127.0.0.1",
    ],
)
def test_an_endpoint_that_is_no_url_is_refused(s3_endpoint: str, endpoint: str) -> None:
    """A mistyped endpoint is one line, not a crash."""
    assert endpoint in one_line("s3://logs/x/", AwsOptions(endpoint_url=endpoint))[1]


@pytest.mark.parametrize("name", ["Logs!", "a b", "l\u00f6gs"])
def test_a_name_that_no_bucket_can_have_is_refused(s3_endpoint: str, name: str) -> None:
    """A mistyped bucket is one line, not a lesson in regular expressions."""
    assert name in one_line(f"s3://{name}/x/", AwsOptions(endpoint_url=s3_endpoint))[1]


def test_an_unknown_profile_is_refused(s3_endpoint: str) -> None:
    """A profile that is not configured is named."""
    assert one_line("s3://logs/", AwsOptions(profile="nobody")) == (
        AccessError,
        "The config profile (nobody) could not be found",
    )


def test_a_caller_without_credentials_is_told_so(
    s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without credentials nothing is tried, and the line says where they may come from."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert one_line("s3://logs/", AwsOptions(endpoint_url=s3_endpoint)) == (
        CredentialsError,
        "no AWS credentials found; give --profile, run `aws configure`, or use a role",
    )


class Answer(BaseHTTPRequestHandler):
    """The same answer to every request."""

    status = 200
    body = b""

    def do_GET(self) -> None:
        """Send it."""
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


NO_PAGE = "s3://logs/x/: the response is not one of S3 (is a proxy altering responses?)"
EXPIRED = (
    "s3://logs/x/: access denied by ListObjectsV2 (ExpiredToken: The token has expired.); "
    "sign in again, then run the same command to resume"
)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            200,
            b"<html>Please log in</html>",
            (NoAnswerError, NO_PAGE),
        ),
        (200, b"", (NoAnswerError, NO_PAGE)),
        (
            403,
            b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
            (
                AccessError,
                "s3://logs/x/: access denied by ListObjectsV2 (AccessDenied: Access Denied)",
            ),
        ),
        (
            400,
            b"<Error><Code>ExpiredToken</Code><Message>The token has expired.</Message></Error>",
            (
                CredentialsError,
                EXPIRED,
            ),
        ),
    ],
    ids=["HTML", "nothing", "denied", "expired"],
)
def test_an_answer_that_is_no_listing_is_no_empty_bucket(
    s3_endpoint: str, status: int, body: bytes, expected: tuple[type, str]
) -> None:
    """A proxy's page, a refusal and an expired token are each told in one line."""
    answer = type("GivenAnswer", (Answer,), {"status": status, "body": body})
    with ThreadingHTTPServer(("127.0.0.1", 0), answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}"
            assert one_line("s3://logs/x/", AwsOptions(endpoint_url=url)) == expected
        finally:
            server.shutdown()
            thread.join()


def test_local_names_may_be_any_bytes(tmp_path: Path) -> None:
    """File names that are no Unicode, or have control characters, are listed and read."""
    for name in (b"caf\xe9.json", b"line\nbreak", b"\x1b[31m"):
        (tmp_path / os.fsdecode(name)).write_bytes(name)
    bucket = LocalBucket(tmp_path)
    listed = list(bucket.list_objects())
    assert [os.fsencode(found.key) for found in listed] == [
        b"\x1b[31m",
        b"caf\xe9.json",
        b"line\nbreak",
    ]
    assert [bucket.read(found.key, found.etag) for found in listed] == [
        os.fsencode(found.key) for found in listed
    ]
    assert list_folder(bucket, "") == ([], listed)


def test_only_regular_files_are_objects(tmp_path: Path) -> None:
    """Pipes, broken links and loops are neither listed nor waited for; a link to a file is one."""
    (tmp_path / "f").write_bytes(b"1")
    (tmp_path / "link").symlink_to("f")
    (tmp_path / "broken").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to(".")
    os.mkfifo(tmp_path / "pipe")
    bucket = LocalBucket(tmp_path)
    assert keys(bucket.list_objects()) == ["f", "link"]
    folders, objects = list_folder(bucket, "")
    assert (folders, keys(objects)) == ([], ["f", "link"])


def test_a_folder_in_the_place_of_a_file_is_an_error_in_words(tmp_path: Path) -> None:
    """A folder cannot be read or written as an object, and that is one line."""
    (tmp_path / "k").mkdir()
    bucket = LocalBucket(tmp_path)
    for act in (bucket.read, lambda key: bucket.write(key, b""), bucket.delete):
        with pytest.raises(TrailscanError, match=f"^{re.escape(str(tmp_path))}/k: Is a directory$"):
            act("k")
    with pytest.raises(AlreadyExistsError, match=r"k exists already$"):
        bucket.write_new("k", b"")


def no_entry(path: object) -> Any:
    """What the operating system says of a folder that may not be read."""
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)


def test_a_folder_that_may_not_be_listed_is_no_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listing that could not see everything says so; nothing proves nothing."""
    fill(LocalBucket(tmp_path), "a/1", "b/2")
    scandir = os.scandir
    monkeypatch.setattr(
        os, "scandir", lambda path: (no_entry if str(path).endswith("a") else scandir)(path)
    )
    with pytest.raises(AccessError, match=r"a: Permission denied$"):
        list(LocalBucket(tmp_path).list_objects())


def test_a_folder_that_may_not_be_looked_into_is_an_error_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder without permission is an AccessError, as a file is."""
    monkeypatch.setattr(os, "scandir", no_entry)
    with pytest.raises(AccessError, match=r"Permission denied$"):
        list_folder(LocalBucket(tmp_path), "")


def test_a_copy_of_a_folder_with_its_times_is_the_same_version(tmp_path: Path) -> None:
    """A version is time and size, as for make and rsync: neither inode nor time of arrival."""
    bucket = LocalBucket(tmp_path)
    bucket.write("k", b"before")
    [before] = bucket.list_objects()
    times = (tmp_path / "k").stat()
    bucket.write("k", b"before")
    os.utime(tmp_path / "k", ns=(times.st_atime_ns, times.st_mtime_ns))
    [behind] = bucket.list_objects()
    assert before == behind


@pytest.mark.parametrize("how", ["write", "write_new"])
def test_a_full_disk_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """A write that fails leaves the object before it, no other, and says why in one line."""
    bucket = LocalBucket(tmp_path)
    bucket.write("k", b"before")
    key = {"write": "k", "write_new": "new"}[how]

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(TrailscanError, match=f"/{key}: No space left on device$"):
            getattr(bucket, how)(key, b"behind")
    assert (keys(bucket.list_objects()), bucket.read("k")) == (["k"], b"before")


def test_a_home_folder_may_be_written_with_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A local place may begin with `~`, as in a shell."""
    monkeypatch.setenv("HOME", str(tmp_path))
    bucket = open_bucket("~/logs", AwsOptions())
    bucket.write("k", b"1")
    assert ((tmp_path / "logs" / "k").read_bytes(), bucket.name) == (b"1", "file")


SIGNED = {"signature": "ab12", "signature-algorithm": "SHA256withRSA"}


@pytest.mark.parametrize("key", ["plain.json.gz", "odd//.json.gz"])
def test_an_s3_object_is_read_with_its_metadata(s3: S3Bucket, s3_client: Any, key: str) -> None:
    """One request gives bytes and metadata, whatever the key; names come in lower case."""
    metadata = {"Signature": "ab12", "signature-algorithm": "SHA256withRSA"}
    s3_client.put_object(Bucket=s3.name, Key=key, Body=b"1", Metadata=metadata)
    found = s3.read_with_metadata(key)
    assert (found.data, {name: found.metadata[name] for name in SIGNED}) == (b"1", SIGNED)
    with pytest.raises(NotFoundError, match="does not exist"):
        s3.read_with_metadata("no/such//key" if "//" in key else "no/such/key")


def test_a_file_has_its_metadata_beside_it(tmp_path: Path) -> None:
    """What head-object printed stands in a file of its own; without one there are none."""
    bucket = LocalBucket(tmp_path)
    bucket.write("k.gz", b"1")
    assert bucket.read_with_metadata("k.gz") == (b"1", {})
    sidecar = {"ContentLength": 1, "Metadata": {"Signature": "ab12"}}
    bucket.write("k.gz.metadata.json", json.dumps(sidecar).encode())
    assert bucket.read_with_metadata("k.gz") == (b"1", {"signature": "ab12"})


@pytest.mark.parametrize(
    "sidecar", [b"", b"[]", b"{}", b'{"Metadata":{"signature":1}}', b"[" * 9999]
)
def test_metadata_in_another_form_are_an_error_in_words(tmp_path: Path, sidecar: bytes) -> None:
    """A file beside an object that is not what head-object prints is no metadata."""
    bucket = LocalBucket(tmp_path)
    bucket.write("k.gz", b"1")
    bucket.write("k.gz.metadata.json", sidecar)
    with pytest.raises(DecodeError, match="not the output of head-object"):
        bucket.read_with_metadata("k.gz")
