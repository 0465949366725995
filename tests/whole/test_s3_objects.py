"""Objects in S3 fall into the classes that files do: read, known for something else, or named."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import tarfile
import zipfile

from services.trail import make_event, pack

REGION = "AWSLogs/111122223333/CloudTrail/us-east-1"
NAME = "111122223333_CloudTrail_us-east-1_20261122T1205Z_ABCDEFGHIJKLMN{:02}"
ONE = pack([make_event(1)])
PLAIN = gzip.decompress(ONE)
RECORD = make_event(1)


def text(value):
    """JSON."""
    return json.dumps(value).encode()


def zipped():
    """A ZIP archive of a log file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.json", PLAIN)
    return made.getvalue()


def tarred():
    """A tar archive of a log file."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        info = tarfile.TarInfo("a.json")
        info.size = len(PLAIN)
        archive.addfile(info, io.BytesIO(PLAIN))
    return made.getvalue()


READ = {
    "Firehose, without suffix": {"2026/11/22/12/stream-1-2026-11-22-12-05-00-ab12": PLAIN},
    "Firehose, gzip": {"2026/11/22/12/stream-1-2026-11-22-12-05-00-ab12.gz": ONE},
    "capitals": {f"{REGION}/2026/11/22/{NAME.format(1).upper()}.JSON.GZ": ONE},
    "another suffix": {"trail/a.json.cloudtrail": PLAIN, "trail/b.txt": PLAIN},
    "no day folders": {f"{REGION}/{NAME.format(1)}.json.gz": ONE},
    "days as ISO dates": {f"{REGION}/2026-11-22/{NAME.format(1)}.json.gz": ONE},
    "Hive partitions": {f"{REGION}/year=2026/month=11/day=22/{NAME.format(1)}.json.gz": ONE},
    "uncompressed": {f"{REGION}/2026/11/22/{NAME.format(1)}.json": PLAIN},
    "a folder named like a delivery": {f"CloudTrail-Digest/{NAME.format(1)}.json.gz": ONE},
    "a wrapper of a search index": {"export.json": text({"hits": [{"_source": RECORD}]})},
    "a wrapper of a collector": {"hec.json": text({"event": RECORD, "sourcetype": "x"})},
    "slurped log files": {"all.json": text([{"Records": [RECORD]}])},
    "a JSON text as a string": {"string.json": text(PLAIN.decode())},
    "details as text": {
        "a.json": text({**RECORD, "requestParameters": text(RECORD["requestParameters"]).decode()})
    },
    "two copies, one with fewer members": {
        "a.json": text({"Records": [RECORD]}),
        "b.json": text({"Records": [{k: v for k, v in RECORD.items() if k != "userAgent"}]}),
    },
}


def test_a_log_file_in_s3_is_read_whatever_its_name_and_envelope(s3, load, tmp_path):
    """One event is kept of each form, nothing is unrecognised, and the load is complete."""
    found = {}
    for number, (form, objects) in enumerate(READ.items()):
        for key, data in objects.items():
            s3.put_object(Bucket="trail", Key=f"{number}/{key}", Body=data)
        done = load(f"s3://trail/{number}", tmp_path / f"store-{number}")
        found[form] = (done.kept, done.complete, done.rejected, done.objects, done.done)
    assert found == {form: (1, True, [], len(has), len(has)) for form, has in READ.items()}


NAMED = {
    "ZIP": ("old.zip", zipped(), "a ZIP archive"),
    "tar": ("old.tar", tarred(), "a tar archive"),
    "xz": ("a.json.xz", lzma.compress(PLAIN), "compressed with xz"),
    "Parquet": ("part-0.parquet", b"PAR1 and so on PAR1", "a Parquet file"),
    "CSV": ("event_history.csv", b"Event name,Event time\nMoveAccount,now\n", "a CSV file"),
    "a ZIP named like a log file": (f"{NAME.format(2)}.json.gz", zipped(), "a ZIP archive"),
    "Markdown": ("notes.txt", b"[a link](https://example.com)", "neither gzip nor JSON"),
}


def test_what_is_not_read_in_s3_is_named(s3, load, tmp_path):
    """Beside a log file: that is read, the other is a reject that says what it is."""
    found = {}
    for number, (form, (name, data, words)) in enumerate(NAMED.items()):
        log_file = f"{number}/{REGION}/2026/11/22/{NAME.format(1)}.json.gz"
        s3.put_object(Bucket="trail", Key=log_file, Body=ONE)
        s3.put_object(Bucket="trail", Key=f"{number}/{name}", Body=data)
        done = load(f"s3://trail/{number}", tmp_path / f"store-{number}")
        said = [one.message for one in done.rejected if one.where.key == f"{number}/{name}"]
        found[form] = (done.kept, done.complete, done.objects, [words in one for one in said])
    assert found == dict.fromkeys(NAMED, (1, False, 2, [True]))


def test_markers_in_s3_are_counted_and_the_load_is_complete(s3, load):
    """What macOS, Hadoop and folders of the console leave is no log file."""
    markers = ("._a.json.gz", ".DS_Store", "_SUCCESS", "x_$folder$", "2026/")
    for name in markers:
        s3.put_object(
            Bucket="trail", Key=f"in/{name}", Body=b"\x00\x05\x16\x07" if "._" in name else b""
        )
    s3.put_object(Bucket="trail", Key=f"in/{NAME.format(1)}.json.gz", Body=ONE)
    summary = load("s3://trail/in")
    assert (summary.kept, summary.complete, summary.objects) == (1, True, 6)
    assert sum(summary.others.values()) == 5
