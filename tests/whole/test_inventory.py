"""A bucket that is listed by an inventory gives the store that listing it gives."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services.inventory import AS_OF, COLUMNS, inventory, manifest_files, row
from services.stand_in import StandIn
from services.trail import log_file_key, make_event, pack

from trailscan.aws.session import AwsOptions
from trailscan.buckets import LocalBucket
from trailscan.errors import NotFoundError, TrailscanError
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.inventory.folder import LocalFiles
from trailscan.inventory.manifest import parse_manifest
from trailscan.inventory.rows import Left, to_rows
from trailscan.render.summary_json import summary_json
from trailscan.render.summary_text import summary_text
from trailscan.store.reader import StoreReader
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 26, tzinfo=UTC)
UNTIL = Window(datetime(2026, 11, 1, tzinfo=UTC), AS_OF - timedelta(days=1))
OPEN = Window(datetime(2026, 11, 1, tzinfo=UTC))
MANIFEST = "s3://inventories/inventory/trail/all/2026-11-25T01-00Z/manifest.json"
FOLDER = "AWSLogs/o-exampleorg1/111122223333"
NOTE = f"s3://trail is listed by the inventory of 2026-11-25T01:00:00Z ({MANIFEST}): 9 objects"
AFTER = (
    "log files of s3://trail delivered after {}:00:00Z, a day before the time of the inventory, "
    "which may lack them: --then-list lists them, --until leaves them out"
)
DIGEST = f"{FOLDER}/CloudTrail-Digest/us-east-1/2026/11/22/x.json.gz"


@pytest.fixture(scope="module")
def s3() -> Iterator[StandIn]:
    """A server on loopback, with credentials for it set."""
    with pytest.MonkeyPatch.context() as environment, StandIn() as server:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.setenv(name, "testing")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        environment.setenv("NO_PROXY", "127.0.0.1")
        environment.delenv("AWS_SESSION_TOKEN", raising=False)
        yield server


def trail(s3: StandIn, objects: dict[str, bytes]) -> None:
    """Let the bucket hold these objects and no others."""
    for name in ("trail", "inventories"):
        for key in s3.keys(name):
            s3.delete(name, key)
    s3.put_all("trail", [])
    s3.put_all("inventories", [])
    for key, data in objects.items():
        s3.put("trail", key, data)
    s3.heal()


def publish(s3: StandIn, files: dict[str, bytes]) -> None:
    """Put an inventory into its bucket."""
    for key, data in files.items():
        s3.put("inventories", key, data)


def rows_of(objects: dict[str, bytes]) -> list[dict[str, object]]:
    """The rows of an inventory of objects."""
    return [row("trail", key, data) for key, data in objects.items()]


def load(s3: StandIn, store: Path, window: Window = UNTIL, **options: Any) -> Any:
    """Load the bucket."""
    aws = AwsOptions(endpoint_url=s3.endpoint)
    asked = LoadOptions(window=window, aws=aws, workers=0, **options)
    return run_load(["s3://trail"], str(store), asked, NOW)


def held(store: Path) -> tuple[list[Any], list[Any]]:
    """The events and log files of a store, without what differs from load to load."""
    reader = StoreReader(LocalBucket(store), str(store))
    log_files = reader.log_files().sort_by("key").to_pylist()
    return (
        sorted(reader.events(columns=["event_id"])["event_id"].to_pylist()),
        [(one["key"], one["etag"], one["status"], one["records"]) for one in log_files],
    )


OBJECTS = {
    log_file_key(1): pack([make_event(1)]),
    log_file_key(2, day="23"): pack([make_event(2), make_event(3)]),
    log_file_key(3, account="444455556666"): pack([make_event(4)]),
    log_file_key(4, region="eu-west-1"): pack([make_event(5)]),
    DIGEST: b"digest",
    "AWSLogs/111122223333/Config/us-east-1/2026/11/22/ConfigHistory/c.json.gz": b"config",
    "with space+plus/ä\n../README.md": b"text",
    "notes.bin": b"\x01\x02",
    "empty": b"",
}


@pytest.mark.parametrize("form", ["CSV", "Parquet", "ORC"])
def test_each_format_gives_what_a_listing_gives(s3, tmp_path, form):
    """Store and summary are the same, and the bucket gets no LIST request."""
    trail(s3, OBJECTS)
    listed = load(s3, tmp_path / "listed")
    assert s3.counted("LIST") > 0
    publish(s3, inventory("trail", rows_of(OBJECTS), form, files=2))
    s3.heal()
    found = load(s3, tmp_path / "inventoried", inventory=MANIFEST)
    assert s3.counted("LIST") == 0
    assert held(tmp_path / "inventoried") == held(tmp_path / "listed")
    differing = ("load_id", "started", "finished", "seconds", "store", "notes", "rejects")
    one, two = summary_json(listed), summary_json(found)
    assert {k: v for k, v in one.items() if k not in differing} == {
        k: v for k, v in two.items() if k not in differing
    }
    assert found.notes == [
        f"s3://trail is listed by the inventory of 2026-11-25T01:00:00Z ({MANIFEST}): 9 objects"
    ]
    plan = load(s3, tmp_path / "new", inventory=MANIFEST, dry_run=True).planned
    assert (plan.log_files, plan.list_requests) == (5, 0)  # two of them by their first bytes only
    assert plan.get_requests == 5 + len(("manifest", "checksum", "a data file", "another"))


def test_a_second_load_reads_nothing(s3, tmp_path):
    """What the store holds is known by the ledger, also if it was loaded from a listing."""
    trail(s3, OBJECTS)
    publish(s3, inventory("trail", rows_of(OBJECTS)))
    load(s3, tmp_path)
    again = load(s3, tmp_path, inventory=MANIFEST)
    assert (again.done, again.known) == (0, 3)


def test_old_versions_and_delete_markers_are_not_objects(s3, tmp_path):
    """Only the latest version counts, and none if it is a delete marker."""
    key, gone = log_file_key(1), log_file_key(2)
    data = pack([make_event(1)])
    trail(s3, {key: data})
    rows = [
        row("trail", key, b"older", IsLatest=False, VersionId="1"),
        row("trail", key, data, VersionId="2"),
        row("trail", gone, data, IsLatest=False, VersionId="3"),
        row("trail", gone, IsDeleteMarker=True, Size=None, ETag=None, VersionId="4"),
    ]
    publish(s3, inventory("trail", rows))
    found = load(s3, tmp_path, inventory=MANIFEST)
    assert (found.done, found.vanished, found.exit_code) == (1, 0, 0)
    assert found.notes[0].endswith("1 object; left out: 2 older versions, 1 delete marker")


@pytest.mark.parametrize(
    ("columns", "known"),
    [(("Bucket", "Key"), 0), (("Bucket", "Key", "Size", "ETag"), 1), (COLUMNS, 1)],
)
def test_optional_columns_may_be_missing(s3, tmp_path, columns, known):
    """Without Size and ETag the same is loaded; what a listing loaded is then read again."""
    objects = {log_file_key(1): pack([make_event(1)])}
    trail(s3, objects)
    publish(s3, inventory("trail", rows_of(objects), columns=columns))
    found = load(s3, tmp_path / "new", inventory=MANIFEST)
    assert (found.done, found.kept, found.bytes_stored) == (1, 1, len(objects[log_file_key(1)]))
    load(s3, tmp_path / "held")
    before = held(tmp_path / "held")[0]
    again = load(s3, tmp_path / "held", inventory=MANIFEST)
    assert again.known >= known
    assert held(tmp_path / "held")[0] == before


def test_a_live_inventory_table(s3, tmp_path):
    """An exported table of S3 Metadata lists the newest version of each key by its sequence."""
    key, gone = log_file_key(1), log_file_key(2)
    data = pack([make_event(1)])
    trail(s3, {key: data})
    when = [datetime(2026, 11, day, 12, tzinfo=UTC).replace(tzinfo=None) for day in (22, 23)]
    etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
    table = pa.table(
        {
            "bucket": ["trail"] * 4,
            "key": [key, key, gone, gone],
            "sequence_number": ["1a", "1b", "2a", "2b"],
            "is_delete_marker": [False, False, False, True],
            "size": pa.array([1, len(data), 7, None], pa.int64()),
            "last_modified_date": pa.array(when * 2, pa.timestamp("us")),
            "e_tag": ["old", etag, "old", None],
            "storage_class": ["STANDARD"] * 4,
        }
    )
    several = tmp_path / "several"
    several.mkdir()
    pq.write_table(table, tmp_path / "table.parquet")
    for number in range(2):  # as Athena names them, the newest rows first
        pq.write_table(table.take([3 - number, 1 - number]), several / f"2026_{number}_abcd")
    for path in several.iterdir():
        s3.put("inventories", f"export/{path.name}", path.read_bytes())
    s3.put("inventories", "export/_SUCCESS", b"")
    s3.heal()
    for where in (tmp_path / "table.parquet", several, "s3://inventories/export/"):
        found = load(s3, tmp_path / f"store-{str(where)[-5:-1]}", inventory=str(where))
        assert (found.done, found.vanished) == (1, 0)
        assert found.failures == [AFTER.format("2026-11-22T12")]
    assert {asked for asked in s3.requests if asked[0] == "LIST"} == {("LIST", "export/")}
    with pytest.raises(NotFoundError, match="has no Parquet files"):
        load(s3, tmp_path / "store", inventory="s3://inventories/none/")


def test_newer_log_files_are_named_or_listed(s3, tmp_path):
    """Without an end the inventory's time is not the end of what was asked for."""
    late = {log_file_key(9, day="24", time="2300"): pack([make_event(9)])}
    trail(s3, {**OBJECTS, **late})
    publish(s3, inventory("trail", rows_of(OBJECTS)))
    found = load(s3, tmp_path, OPEN, inventory=MANIFEST)
    assert (found.done, int(found.exit_code)) == (3, 4)
    assert found.failures == [AFTER.format("2026-11-24T01")]
    inside = load(s3, tmp_path / "inside", Window(OPEN.start, AS_OF), inventory=MANIFEST)
    assert (inside.failures, int(inside.exit_code)) == (found.failures, 4)  # made in that day
    then = load(s3, tmp_path, OPEN, inventory=MANIFEST, then_list=True)
    assert (then.done, then.known, then.failures) == (1, 3, [])
    load(s3, tmp_path / "listed", OPEN)
    assert held(tmp_path) == held(tmp_path / "listed")


def test_vanished_log_files_are_no_errors(s3, tmp_path):
    """A log file that is gone is counted and named, and not a reject of the store."""
    objects = {log_file_key(1): pack([make_event(1)]), log_file_key(2): pack([make_event(2)])}
    trail(s3, objects)
    publish(s3, inventory("trail", rows_of(objects)))
    s3.delete("trail", log_file_key(2))
    found = load(s3, tmp_path, inventory=MANIFEST)
    assert (found.done, found.vanished, int(found.exit_code)) == (1, 1, 0)
    assert f"vanished since the inventory: 1 log file: {log_file_key(2)}" in summary_text(found)
    assert held(tmp_path)[1] == [
        (log_file_key(1), row("trail", "", objects[log_file_key(1)])["ETag"], "done", 1)
    ]


def test_archived_log_files_are_priced_and_not_read(s3, tmp_path):
    """Log files in archives are named with their price; --restored reads them.

    Those of Glacier Instant Retrieval and of the tier of instant access are read at once.
    """
    objects = {log_file_key(n): pack([make_event(n)]) for n in range(1, 8)}
    trail(s3, objects)
    rows = rows_of(objects)
    rows[0] |= {"StorageClass": "GLACIER", "Size": 1024**3}
    rows[1] |= {"StorageClass": "DEEP_ARCHIVE", "Size": 1024**3}
    rows[2] |= {
        "StorageClass": "INTELLIGENT_TIERING",
        "IntelligentTieringAccessTier": "ARCHIVE",
    }
    rows[3] |= {
        "StorageClass": "INTELLIGENT_TIERING",
        "IntelligentTieringAccessTier": "DEEP_ARCHIVE_ACCESS",
    }
    rows[4] |= {
        "StorageClass": "INTELLIGENT_TIERING",
        "IntelligentTieringAccessTier": "ARCHIVE_INSTANT_ACCESS",
    }
    rows[5] |= {"StorageClass": "GLACIER_IR"}
    publish(s3, inventory("trail", rows))
    found = load(s3, tmp_path, inventory=MANIFEST)
    assert (found.listed, found.done, found.archived.count, int(found.exit_code)) == (7, 3, 4, 4)
    assert found.archived.dollars == (
        pytest.approx(0.0025 + 0.025 / 1000),
        pytest.approx(0.01 + 0.05 / 1000 + 0.02 + 0.10 / 1000),
    )
    assert (
        "4 log files in archives not read (DEEP_ARCHIVE 1, GLACIER 1, INTELLIGENT_TIERING ARCHIVE 1, "
        "INTELLIGENT_TIERING DEEP_ARCHIVE 1; "
    ) in summary_text(found)
    publish(s3, inventory("trail", rows_of(objects)))
    assert load(s3, tmp_path, inventory=MANIFEST, restored=True).done == 4


def damaged(files: dict[str, bytes], end: str, change: Any) -> dict[str, bytes]:
    """The files of an inventory, one of them changed; None removes it."""
    key = next(key for key in files if key.endswith(end))
    rest = {name: data for name, data in files.items() if name != key}
    return rest if change is None else {**rest, key: change(files[key])}


@pytest.mark.parametrize(
    ("end", "change", "message"),
    [
        ("manifest.json", lambda raw: raw + b" ", "manifest.checksum says"),
        ("manifest.checksum", lambda _: b"0" * 32, "manifest.checksum says"),
        ("manifest.checksum", None, "does not exist"),
        (".csv.gz", None, "does not exist"),
        (".csv.gz", lambda raw: raw + b"x", "the manifest says"),
        (".csv.gz", lambda raw: bytes([raw[0]]) + b"x" + raw[2:], "the MD5 of"),
    ],
)
def test_a_damaged_inventory_is_refused(s3, tmp_path, end, change, message):
    """Nothing is loaded by an inventory that is not whole."""
    trail(s3, OBJECTS)
    publish(s3, damaged(inventory("trail", rows_of(OBJECTS)), end, change))
    with pytest.raises(TrailscanError, match=message) as refused:
        load(s3, tmp_path, inventory=MANIFEST)
    assert refused.value.exit_code == 5
    assert refused.value.hint


def test_an_inventory_of_another_bucket_is_refused(s3, tmp_path):
    """The source must be the bucket of the inventory."""
    trail(s3, OBJECTS)
    publish(s3, {k.replace("/other/", "/trail/"): v for k, v in inventory("other", []).items()})
    with pytest.raises(TrailscanError, match="inventory of the bucket other, and the source is"):
        load(s3, tmp_path, inventory=MANIFEST)


def test_a_copy_of_the_folder_works(s3, tmp_path):
    """Data files are found beside a local manifest by the ends of their keys."""
    trail(s3, OBJECTS)
    for key, data in inventory("trail", rows_of(OBJECTS)).items():
        path = tmp_path / key.removeprefix("inventory/trail/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    manifest = next(tmp_path.rglob("manifest.json"))
    assert load(s3, tmp_path / "store", inventory=str(manifest)).done == 3
    next(tmp_path.rglob("*.csv.gz")).unlink()
    with pytest.raises(NotFoundError, match="is not in") as refused:
        load(s3, tmp_path / "store", inventory=str(manifest))
    assert refused.value.hint == "copy the whole folder of the inventory, with its data files"


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("a/" * 100_000, r"names a key of 200,000 characters"),
        ("n" * 300, r"the data file n+ of the inventory is not in "),
        ("../../etc/passwd", r"names '../../etc/passwd', which no inventory has"),
    ],
)
def test_a_manifest_that_names_odd_files_is_refused(tmp_path, key, message):
    """Long names, which the system refuses, and ways out of the folder."""
    folder = tmp_path / "2026-11-25T01-00Z"
    folder.mkdir()
    for name, data in manifest_files("trail", {key: b""}, "CSV").items():
        (folder / name.rpartition("/")[2]).write_bytes(data)
    raw, checksum = ((folder / f"manifest.{end}").read_bytes() for end in ("json", "checksum"))
    with pytest.raises(TrailscanError, match=message):  # noqa: PT012  # either refuses it
        key = parse_manifest(raw, checksum, "x").files[0].key
        LocalFiles(folder).save(key, io.BytesIO())


def test_columns_that_no_inventory_has_are_refused():
    """Too many of them, and values of other types."""
    raw, checksum = manifest_files("trail", {}, "CSV", columns=["Key"] * 101).values()
    with pytest.raises(TrailscanError, match="it has 101 columns; an inventory has some 20"):
        parse_manifest(raw, checksum, "x")
    table = pa.table({"bucket": [[1]], "key": [{"a": 1}]})
    with pytest.raises(TrailscanError, match="x has columns that no inventory has: Unsupported"):
        to_rows(table, "trail", "x", Left(), encoded=False)


def test_hostile_rows_are_counted_and_named(s3, tmp_path):
    """Rows that no bucket has are left out, named, and make the load incomplete."""
    objects = {log_file_key(1): pack([make_event(1)])}
    trail(s3, objects)
    rows = [
        *rows_of(objects),
        *rows_of(objects),
        row("trail", log_file_key(2), Size=-1),
        row("trail", log_file_key(3), Size=10**15 * 9),
        row("trail", "k" * 1025),
        row("trail", log_file_key(4), ETag="a\r\nb"),
        row("mine", log_file_key(5)),
    ]
    publish(s3, inventory("trail", rows))
    found = load(s3, tmp_path, inventory=MANIFEST)
    assert (found.done, int(found.exit_code)) == (1, 4)
    assert found.notes[0].endswith("1 object; left out: 1 repeated row")
    (failure,) = found.failures
    assert failure.startswith(
        "4 rows of the inventory cannot be used: ETag 1, key is empty or longer than S3 allows 1, "
        "size 2; the first in inventory/trail/all/data/00000000-0000.csv.gz: key "
    )
    assert failure.endswith("1 row of other buckets: mine")


def with_data(files: dict[str, bytes], key: str, data: bytes) -> dict[str, bytes]:
    """An inventory whose only data file has other bytes, with a manifest that names them."""
    manifest = next(key for key in files if key.endswith("manifest.json"))
    said = json.loads(files[manifest])
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    said["files"] = [{"key": key, "size": len(data), "MD5checksum": md5}]
    raw = json.dumps(said).encode()
    checksum = hashlib.md5(raw, usedforsecurity=False).hexdigest().encode()
    return {key: data, manifest: raw, manifest.replace(".json", ".checksum"): checksum}


def test_keys_that_are_not_utf8_are_named(s3, tmp_path):
    """A key of wrong bytes is no key; the others are loaded."""
    objects = {log_file_key(1): pack([make_event(1)])}
    trail(s3, objects)
    files = inventory("trail", [*rows_of(objects), row("trail", "wrong")])
    key = next(key for key in files if key.endswith(".csv.gz"))
    data = gzip.compress(gzip.decompress(files[key]).replace(b'"wrong"', b'"%FF%FE"'))
    publish(s3, with_data(files, key, data))
    found = load(s3, tmp_path, inventory=MANIFEST)
    assert (found.done, int(found.exit_code)) == (1, 4)
    assert found.failures[0].startswith("1 row of the inventory cannot be used: key is not UTF-8")


def test_a_bomb_is_refused(s3, tmp_path):
    """A data file that inflates beyond reason ends the load, in bounded memory."""
    trail(s3, OBJECTS)
    line = b'"trail","' + b"k" * 200 + b'","","true","false","1","","e","","",""\n'
    files = inventory("trail", [])
    key = next(key for key in files if key.endswith(".csv.gz"))
    publish(s3, with_data(files, key, gzip.compress(line * 1_600_000)))
    with pytest.raises(TrailscanError, match="it inflates to more than"):
        load(s3, tmp_path, inventory=MANIFEST)


_NAMES = st.sampled_from(["", "x/", "a b+/", "AWSLogs/", "AWSLogs/111122223333/CloudTrail/"])
_KEYS = st.one_of(
    st.builds(
        log_file_key,
        st.integers(0, 30),
        st.sampled_from(["111122223333", "444455556666"]),
        st.sampled_from(["us-east-1", "eu-west-1"]),
        st.sampled_from(["20", "22", "23"]),
    ),
    st.builds(str.__add__, _NAMES, st.sampled_from(["a.json", "é.gz", "n.txt", ".DS_Store"])),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=st.sets(_KEYS, max_size=12), form=st.sampled_from(["CSV", "Parquet", "ORC"]))
def test_any_bucket_gives_the_same_store(s3, tmp_path_factory, keys, form):
    """Whatever is in a bucket, an inventory of it and a listing give the same store and sums."""
    folder = tmp_path_factory.mktemp("any")
    objects = {key: pack([make_event(number)]) for number, key in enumerate(sorted(keys))}
    trail(s3, objects)
    publish(s3, inventory("trail", rows_of(objects), form))
    listed = load(s3, folder / "listed")
    found = load(s3, folder / "inventoried", inventory=MANIFEST)
    assert held(folder / "listed") == held(folder / "inventoried")
    same = ("objects", "listed", "done", "others", "unrecognised", "elsewhere", "kept")
    assert [getattr(listed, name) for name in same] == [getattr(found, name) for name in same]
