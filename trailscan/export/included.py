"""The log files of a night as they are stored, read again for `--with-log-files`."""

from __future__ import annotations

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trailscan.buckets import LocalBucket, open_bucket
from trailscan.errors import DecodeError, TrailscanError
from trailscan.location import EVENT_HISTORY, LOCAL, STDIN, S3Location, object_uri
from trailscan.numbers import counted
from trailscan.trail.gunzip import inflate

if TYPE_CHECKING:
    from trailscan.aws.session import AwsOptions
    from trailscan.buckets import Bucket
    from trailscan.export.evidence import Evidence

FOLDER = "log-files/"
_MOST_BYTES = 1 << 30  # of an uncompressed log file
_READERS = 16
_SHOWN = 3
_PART = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._=+-]{1,255}"
_PLAIN = re.compile(f"{_PART}(?:/{_PART})*")


def read_log_files(evidence: Evidence, aws: AwsOptions) -> tuple[dict[str, bytes], list[str]]:
    """The log files by path, and why some could not be included; the first few are named."""
    rows = [row for row in evidence.log_files if row["status"] == "done"]
    buckets = {name: _open(name, aws) for name in {row["bucket"] for row in rows}}
    with ThreadPoolExecutor(_READERS) as readers:
        found = list(readers.map(lambda row: _read(buckets[row["bucket"]], row), rows))
    files: dict[str, bytes] = {}
    failures: list[str] = []
    for row, data in zip(rows, found, strict=True):
        if isinstance(data, str):
            failures.append(data)
            continue
        path = f"{FOLDER}{row['log_file']}"
        if not _PLAIN.fullmatch(row["log_file"]) or files.get(path, data) != data:
            path = f"{FOLDER}other/{hashlib.sha256(data).hexdigest()}"
        files[path] = data
    if not failures:
        return files, []
    more = "" if len(failures) <= _SHOWN else f"; and {len(failures) - _SHOWN:,} more"
    text = f"{counted(len(failures), 'log file')} could not be included: "
    return files, [f"{text}{'; '.join(failures[:_SHOWN])}{more}"]


def _open(name: str, aws: AwsOptions) -> Bucket | str:
    """The bucket of log files, or why it cannot be read again."""
    if name in (STDIN, EVENT_HISTORY):
        return f"{name} cannot be read again"
    if name == LOCAL:
        return LocalBucket(Path("/"))
    try:
        return open_bucket(str(S3Location(name)), aws)
    except TrailscanError as error:
        return str(error)


def _read(bucket: Bucket | str, row: dict[str, Any]) -> bytes | str:
    """The bytes of a log file, which are those that the store read; or why there are none."""
    where = object_uri(row["bucket"], row["key"])
    if isinstance(bucket, str):
        return f"{where}: {bucket}"
    try:
        data = bucket.read(row["key"], row["etag"])
        body = inflate(data, _MOST_BYTES).body if row["sha256"] else data
    except (TrailscanError, DecodeError) as error:
        return str(error).replace(f"//{row['key']}", f"/{row['key']}")
    expected = row["sha256"] or row["stored_sha256"]
    return data if hashlib.sha256(body).hexdigest() == expected else f"{where}: it was changed"
