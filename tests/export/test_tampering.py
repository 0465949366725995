"""What a forger may try with a package, and by which words `verify.py` refuses it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import second_verifier as second
from services.command import run_command

from trailscan.export.files import manifest_bytes, zip_bytes
from trailscan.export.seal import Log, seal
from trailscan.export.signing import generate_key, read_signer
from trailscan.export.target import FolderTarget
from trailscan.export.verification import verify_place
from trailscan.export.verifier.files import open_folder
from trailscan.export.verifier.program import Given, check_one_row, check_place, read_given
from trailscan.export.verifier.report import Report
from trailscan.export.verify_program import verify_program

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs"
KEYS = SAMPLES / "public-keys.json"
FIRST, LAST = "export-2026-10-01", "export-2026-10-04"


def trailscan(*words: object) -> tuple[int, str, str]:
    """Run the command; gives exit code, stdout and stderr."""
    done = run_command(*words, env={**os.environ, "NO_COLOR": "1"})
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Four signed nights with their log files, and two keys."""
    top = tmp_path_factory.mktemp("tampering")
    generate_key(top / "key")
    generate_key(top / "other")
    trailscan("load", SAMPLES / "AWSLogs", "--store", top / "store")
    trailscan("validate", SAMPLES, "--store", top / "store")
    nights = ("--since", "2026-10-01", "--until", "2026-10-04", "--with-log-files")
    nights += ("--sample", "2", "--seed", "7")
    where = ("--store", top / "store", "--to", top / "nights", "--key", top / "key")
    code, _, err = trailscan("export", *nights, *where)
    assert code == 0, err
    return top


@pytest.fixture
def nights(made, tmp_path) -> Path:
    """A copy of the four nights."""
    return Path(shutil.copytree(made / "nights", tmp_path / "nights"))


def given(made: Path, checkpoint: Path | None = None, key: str = "key") -> Given:
    """What an auditor has from elsewhere."""
    return read_given(
        checkpoint or made / "nights" / LAST / "checkpoint", made / f"{key}.pub", KEYS
    )


def reasons(report: Report) -> str:
    """Everything that is refused."""
    return "\n".join(f"{place}: {reason}" for place, reason in report.refused)


def edit(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change a file in place; a change that changes nothing is a mistake of the test."""
    before = path.read_bytes()
    after = change(before)
    assert after != before
    path.write_bytes(after)


def json_edit(path: Path, change: Callable[[dict], object]) -> None:
    """Change a JSON file in place."""
    found = json.loads(path.read_text())
    change(found)
    path.write_text(json.dumps(found))


def csv_edit(path: Path, change: Callable[[list[dict]], object]) -> None:
    """Change the rows of a CSV file in place."""
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    names = list(rows[0])
    change(rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, names, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(out.getvalue())


def resealed(made: Path, nights: Path, key: str = "key") -> None:
    """What the keeper of packages, log and key can do: new manifests, log, proofs and signatures."""
    shutil.rmtree(nights / "log", ignore_errors=True)
    for folder in sorted(nights.glob("export-*")):
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        shutil.rmtree(folder / "proof")
        for name in ("checkpoint", "signature"):
            (folder / name).unlink(missing_ok=True)
        (folder / "manifest-sha256.txt").write_bytes(manifest_bytes(files))
        seal(Log(FolderTarget(str(nights))), folder.name, read_signer(made / key))


def test_four_nights_hold_down_to_awss_signatures(made):
    """With checkpoint, signer's key and AWS's keys from outside the exit code is 0, else 4."""
    report = verify_place(made / "nights", given(made))
    assert (reasons(report), report.alone, report.exit_code) == ("", [], 0)
    alone = check_place(made / "nights" / FIRST, read_given(None, None, None))
    assert alone.exit_code == 4
    assert [one.split(":")[0] for one in alone.alone] == [
        "the signer's key comes from the package",
        "the history",
        "AWS's public keys come from the package",
    ]
    outside = ("--key", made / "key.pub", "--public-keys", KEYS)
    checkpoint = ("--checkpoint", made / "nights" / FIRST / "checkpoint")
    code, out, _ = trailscan("export", "verify", made / "nights", *outside, *checkpoint)
    assert (code, out.splitlines()[0][:5]) == (0, "HOLDS")
    assert trailscan("export", "verify", made / "nights", "--key", made / "none")[0] == 2


def pythons() -> dict[int, str]:
    """The Pythons of this machine that a package may meet, by their minor version."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    found = {sys.version_info.minor: sys.executable}
    for minor in range(9, 15):
        candidates = [shutil.which(f"python3.{minor}")]
        candidates += map(str, sorted(versions.glob(f"3.{minor}.*/bin/python3.{minor}")))
        for one in filter(None, candidates):
            if not subprocess.run([one, "-c", ""], capture_output=True, check=False).returncode:
                found.setdefault(minor, one)
    return found


@pytest.mark.parametrize("minor", pythons())
def test_the_program_inside_says_the_same_without_trailscan(made, minor):
    """`python3 -I -S verify.py` needs nothing but a Python of 3.9 or newer: each of this machine."""
    program = made / "nights" / FIRST / "verify.py"
    words = ["--key", made / "key.pub", "--public-keys", KEYS]
    words += ["--checkpoint", made / "nights" / FIRST / "checkpoint"]
    done = subprocess.run(
        [pythons()[minor], "-I", "-S", program, *words], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.splitlines()[0][:6], done.stderr) == (0, "HOLDS:", "")
    assert "cannot vouch for itself" in done.stdout


def test_no_name_stands_twice_in_the_program():
    """The modules become one file that Python 3.9 reads: no function may hide another."""
    import ast

    tree = ast.parse(verify_program(), feature_version=(3, 9))
    names = [one.name for one in tree.body if hasattr(one, "name")]
    assert len(names) == len(set(names))


def statement(change: Callable[[dict], object]) -> Callable[[Path], None]:
    """A forger of the statement."""
    return lambda one: json_edit(one / "statement.json", change)


def rows(path: str, change: Callable[[list[dict]], object]) -> Callable[[Path], None]:
    """A forger of a table."""
    return lambda one: csv_edit(one / path, change)


def counts(name: str) -> Callable[[Path], None]:
    """A forger of one number of the statement."""
    return statement(lambda said: said["counts"].update({name: 99}))


def _write(path: str, data: bytes) -> Callable[[Path], None]:
    def forge(one: Path) -> None:
        (one / path).parent.mkdir(exist_ok=True)
        (one / path).write_bytes(data)

    return forge


def _remove_digest(one: Path) -> None:
    """Strip a digest from folder and index, with the statement's number."""
    found: list[dict] = []
    csv_edit(one / "digests/index.csv", lambda rows: found.append(rows.pop(0)))
    (one / found[0]["path"]).unlink()
    json_edit(one / "statement.json", lambda said: said["digests"].update(
        {"files": said["digests"]["files"] - 1}))  # fmt: skip


def _swap_digests(one: Path) -> None:
    """Exchange the bytes of two digests."""
    first, second, *_ = sorted(one.glob("digests/AWSLogs/**/*.gz"))
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)


def _foreign_aws_key(one: Path) -> None:
    """Replace AWS's key by another, under its own fingerprint."""
    import base64

    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    public = rsa.generate_private_key(65537, 2048).public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    name = hashlib.md5(der).hexdigest()  # noqa: S324  # as CloudTrail names keys
    found = [{"fingerprint": name, "der": base64.b64encode(der).decode()}]
    (one / "digests/public-keys.json").write_text(json.dumps(found))


def _lines(change: Callable[[list[bytes]], object]) -> Callable[[Path], None]:
    """A forger of the lines of records.jsonl."""

    def forge(one: Path) -> None:
        lines = (one / "records.jsonl").read_bytes().splitlines(keepends=True)
        change(lines)
        (one / "records.jsonl").write_bytes(b"".join(lines))

    return forge


def _log_file(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """A forger of the first included log file."""
    return lambda one: edit(min(one.glob("log-files/AWSLogs/**/*.gz")), change)


def _draw_another(one: Path) -> None:
    """Put a change that was not drawn into the sample, with its own value."""
    changes = list(csv.DictReader(io.StringIO((one / "changes.csv").read_text())))
    drawn = {row["number"] for row in csv.DictReader(io.StringIO((one / "sample.csv").read_text()))}
    other = next(row for row in changes if row["number"] not in drawn)
    text = f"7\n{other['recipient_account_id']}\n{other['event_id']}"
    names = ("number", "event_time", "event_id", "recipient_account_id")
    row = {name: other[name] for name in names}
    row["value"] = hashlib.sha256(text.encode()).hexdigest()
    csv_edit(one / "sample.csv", lambda all_: all_[0].update(row))


def _bomb(_: bytes) -> bytes:
    """A megabyte that inflates to more than is read."""
    import zlib

    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(1 << 24)) for _ in range(65)) + packer.flush()


def _issuing_for_no_change(one: Path) -> None:
    """Count an issuing record that belongs to nothing in the package."""
    line = b'{"log_file":"AWSLogs/x","position":0,"issued_for":["0"],"record":{}}\n'
    (one / "issuing_records.jsonl").write_bytes(line)
    json_edit(one / "statement.json", lambda said: said["counts"].update(issuing_records=1))


INSIDE: dict[str, tuple[Callable[[Path], None], str]] = {
    "a cell of a change": (rows("changes.csv", lambda all_: all_[0].update(event_id="0")), "event ID 0"),
    "an instant of a change": (
        rows("changes.csv", lambda all_: all_[0].update(event_time=all_[0]["event_time"][:-3] + "59Z")),
        "is not that of its record",
    ),
    "an action": (
        rows("changes.csv", lambda all_: all_[0].update(event_name="ListRoots")),
        "its event_name ListRoots is not eventName of its record",
    ),
    "an address": (
        rows("changes.csv", lambda all_: all_[0].update(source_ip_address="192.0.2.1")),
        "its source_ip_address 192.0.2.1 is not sourceIPAddress",
    ),
    "an error that was none": (
        rows("changes.csv", lambda all_: all_[0].update(error_code="AccessDenied")),
        "its error_code AccessDenied is not errorCode",
    ),
    "a user agent": (
        rows("changes.csv", lambda all_: all_[0].update(user_agent="console")),
        "its user_agent console is not userAgent",
    ),
    "a change removed": (rows("changes.csv", lambda all_: all_.pop()), "counts.changes"),
    "a change twice": (rows("changes.csv", lambda all_: all_.append(all_[0])), "counts.changes"),
    "a change of another day": (
        rows("changes.csv", lambda all_: all_[0].update(event_time="2026-09-01T00:00:00Z")),
        "not in the window of the day",
    ),
    "a change moved to another record": (
        rows("changes.csv", lambda all_: all_[0].update(record_index="77")),
        "another log file or position",
    ),
    "severity of a change": (
        rows("changes.csv", lambda all_: [one.update(severity="low") for one in all_]),
        "counts.changes_by_severity",
    ),
    "another day than the name": (
        statement(lambda said: said.update(day="2026-10-30")),
        "it is of 2026-10-30, and the folder is",
    ),
    "a longer window": (
        statement(lambda said: said["window_of_event_time"].update(until="2027-01-01T00:00:00Z")),
        "window_of_event_time: it is not that of",
    ),
    "an issuing record added": (
        _write(
            "issuing_records.jsonl",
            b'{"log_file":"AWSLogs/x","position":0,"issued_for":["0"],"record":{}}\n',
        ),
        "counts.issuing_records",
    ),
    "an issuing record for no change": (
        _issuing_for_no_change,
        "issued_for names a change that is not in changes.csv",
    ),
    "a finding removed": (rows("findings.csv", lambda all_: all_.clear()), "counts.findings"),
    "a record changed": (
        _lines(lambda all_: all_.__setitem__(0, all_[0].replace(b'"eventName":"', b'"eventName":"X'))),
        "is not what records.jsonl has",
    ),
    "a record removed": (_lines(lambda all_: all_.pop()), "counts.records_of_the_day"),
    "a record twice": (_lines(lambda all_: all_.append(all_[0])), "counts.records_of_the_day"),
    "a record at another position": (
        _lines(lambda all_: all_.__setitem__(0, all_[0].replace(b'"position":', b'"position":9'))),
        "is not what records.jsonl has",
    ),
    "a line that is no JSON": (_lines(lambda all_: all_.append(b"{}\n")), "records.jsonl line"),
    "a member twice": (
        _lines(lambda all_: all_.__setitem__(0, b'{"position":1,' + all_[0][1:])),
        "stands there twice",
    ),
    "number of changes": (counts("changes"), "statement.json counts.changes"),
    "number of findings": (counts("findings"), "statement.json counts.findings"),
    "number of principals": (counts("principals"), "statement.json counts.principals"),
    "number of conflicts": (counts("conflicting_records_of_the_day"), "conflicting_records"),
    "complete and not": (
        statement(lambda said: said["incomplete_because"].append("x")),
        "exactly if incomplete_because is empty",
    ),
    "attested log files": (
        statement(lambda said: said.update(attested_by_digests={"attested": 1000})),
        "attested_by_digests",
    ),
    "another night's name": (
        statement(lambda said: said.update(name="export-2026-10-09")),
        "and the folder is",
    ),
    "accounts of the scope": (
        statement(lambda said: said["scope"]["accounts_seen"].pop()),
        "scope.accounts_seen",
    ),
    "a control": (
        statement(lambda said: said["controls"][0].update(changes=77)),
        "statement.json controls",
    ),
    "a log file's row removed": (
        rows("log_files.csv", lambda all_: all_.pop()),
        "a signed digest names the log file",
    ),
    "a log file's row twice": (
        rows("log_files.csv", lambda all_: all_.append(all_[0])),
        "the log file stands there twice",
    ),
    "a log file's SHA-256": (
        rows("log_files.csv", lambda all_: all_[0].update(sha256="0" * 64)),
        "not the one that the digest names",
    ),
    "a log file's counts": (
        rows("log_files.csv", lambda all_: all_[0].update(filtered_out="999")),
        "records are not kept + filtered_out",
    ),
    "a log file's digest": (
        rows("log_files.csv", lambda all_: all_[0].update(digest="digests/none.json.gz")),
        "is not in the package",
    ),
    "a digest stripped": (_remove_digest, "a digest is missing, and no gap says so"),
    "digests swapped": (_swap_digests, "is not what the digest says"),
    "a digest's signature": (
        rows("digests/index.csv", lambda all_: [one.update(signature="00" * 256) for one in all_]),
        "its signature does not hold",
    ),
    "a digest's predecessor": (
        rows("digests/index.csv", lambda all_: all_[1].update(previous_sha256="0" * 64)),
        "previous_sha256 is not what the digest says",
    ),
    "AWS's key stripped": (
        _write("digests/public-keys.json", b"[]"),
        "digests.public_keys",
    ),
    "a foreign AWS key, renamed": (
        lambda one: json_edit_list(one / "digests/public-keys.json"),
        "is not the MD5 of its key",
    ),
    "a foreign digest": (
        lambda one: shutil.copy(min(one.glob("digests/AWSLogs/**/*.gz")), one / "digests/x.json.gz") and None,
        "the digest is not in digests/index.csv",
    ),
    "another change drawn": (_draw_another, "not the changes that its seed draws"),
    "another seed": (
        statement(lambda said: said["sample"].update(seed="8")),
        "not the changes that its seed draws",
    ),
    "an included log file": (_log_file(lambda data: data[:-9] + b"x" + data[-8:]), "log-files/"),
    "a gzip bomb": (_log_file(_bomb), "inflates to more than"),
    "something after a log file": (_log_file(lambda data: data + b"x"), "something follows it"),
}  # fmt: skip


def json_edit_list(path: Path) -> None:
    """Give a key the fingerprint of another."""
    found = json.loads(path.read_text())
    found[0]["fingerprint"] = "0" * 32
    path.write_text(json.dumps(found))


@pytest.mark.parametrize("what", INSIDE)
def test_what_the_keeper_forges_and_seals_again_is_refused_by_content(made, tmp_path, what):
    """With new manifest, log, proofs and signatures the content still contradicts itself or AWS."""
    forge, words = INSIDE[what]
    nights = tmp_path / "nights"
    shutil.copytree(made / "nights" / FIRST, nights / FIRST)
    forge(nights / FIRST)
    resealed(made, nights)
    report = check_place(nights / FIRST, read_given(None, made / "key.pub", KEYS))
    assert words in reasons(report)
    assert report.exit_code == 3


def test_a_foreign_aws_key_and_its_digests_are_refused_by_the_key_from_outside(made, nights):
    """Digests that name a key that AWS does not have prove nothing."""
    _foreign_aws_key(nights / FIRST)
    resealed(made, nights)
    report = check_place(nights / FIRST, read_given(None, made / "key.pub", None))
    assert "its public key is not given" in reasons(report)


def _link(one: Path) -> None:
    (one / "README.txt").unlink()
    (one / "README.txt").symlink_to("/etc/hostname")


def _manifest_too(one: Path) -> None:
    """Change a cell and write a new manifest."""
    edit(one / "changes.csv", lambda data: data + data.splitlines()[1] + b"\n")
    files = {
        path.relative_to(one).as_posix(): path.read_bytes()
        for path in one.rglob("*")
        if path.is_file()
    }
    (one / "manifest-sha256.txt").write_bytes(manifest_bytes(files))


def _statement_and_manifest(one: Path) -> None:
    json_edit(one / "statement.json", lambda said: said["store"].update(commits=99))
    _manifest_too(one)


def _from(path: str) -> Callable[[Path], None]:
    return lambda one: shutil.copy(one.with_name(LAST) / path, one / path) and None


SEALED: dict[str, tuple[Callable[[Path], None], str]] = {
    "a cell": (lambda one: edit(one / "changes.csv", lambda data: data.replace(b"2026", b"2027", 1)), "changes.csv: its bytes are not those"),
    "order of rows": (lambda one: edit(one / "log_files.csv", lambda data: b"".join(data.splitlines(keepends=True)[::-1])), "log_files.csv: its bytes are not those"),
    "a file removed": (lambda one: (one / "gaps.csv").unlink(), "gaps.csv: the manifest lists it"),
    "a file added": (_write("extra.csv", b"x"), "extra.csv: added"),
    "a file added to the proofs": (_write("proof/extra", b"x"), "the seal has no such file"),
    "a cell, with a new manifest": (_manifest_too, "the leaf is not that of these files"),
    "who ran it": (lambda one: edit(one / "run.json", lambda data: data.replace(b'"who"', b'"who "')), "the leaf is not that of these files"),
    "a statement, with a new manifest": (_statement_and_manifest, "the leaf is not that"),
    "no checkpoint": (lambda one: (one / "checkpoint").unlink(), "checkpoint: the file is missing"),
    "no manifest": (lambda one: (one / "manifest-sha256.txt").unlink(), "manifest-sha256.txt: the file is missing"),
    "no signature": (lambda one: (one / "signature").unlink(), "signature: it is not a signature"),
    "signature of another night": (_from("signature"), "signature: it is not a signature"),
    "checkpoint of another night": (_from("checkpoint"), "of another size than the checkpoint"),
    "inclusion of another night": (_from("proof/inclusion.json"), "of another size than the checkpoint"),
    "consistency of another night": (_from("proof/consistency.json"), "does not lead to this checkpoint"),
    "rows of another night": (_from("proof/rows.json"), "does not prove the rows"),
    "leaves of another night": (_from("proof/leaves"), "these leaves have not the root"),
    "root in the checkpoint": (lambda one: edit(one / "checkpoint", lambda data: data.replace(data.split(b"\n")[2], b"A" * 43 + b"=")), "its signature does not hold"),
    "size in the checkpoint": (lambda one: edit(one / "checkpoint", lambda data: data.replace(b"\n1\n", b"\n7\n")), "its signature does not hold"),
    "unsigned checkpoint": (lambda one: edit(one / "checkpoint", lambda data: data.split("\N{EM DASH}".encode())[0]), "it is not signed by the key"),
    "manifest that leads outside": (lambda one: edit(one / "manifest-sha256.txt", lambda data: data + b"0" * 64 + b"  ../../etc/passwd\n"), "a path inside"),
    "manifest with a path twice": (lambda one: edit(one / "manifest-sha256.txt", lambda data: data + data.splitlines(keepends=True)[0]), "stands there twice"),
    "a link": (_link, "it is a link or a device"),
    "a fifo": (lambda one: os.mkfifo(one / "pipe"), "it is a link or a device"),
    "a name that steers the terminal": (_write("\x1b[2J.csv", b"x"), "\\u001b[2J.csv: its name is not one"),
    "a name that shows as another": (_write("a\u202ecsv.exe", b"x"), "its name is not one"),
}  # fmt: skip


@pytest.mark.parametrize("what", SEALED)
def test_what_anybody_forges_is_refused_by_the_seal(made, nights, what):
    """Without the signer's key no change of a sealed package is accepted, and its place is named."""
    forge, words = SEALED[what]
    forge(nights / FIRST)
    report = check_place(nights / FIRST, given(made))
    assert words in "\n".join(report.lines())
    assert report.exit_code == 3


def test_an_empty_path_proves_nothing(made, nights):
    """A proof without hashes leads nowhere in a log of more than one package."""
    json_edit(nights / LAST / "proof/inclusion.json", lambda proof: proof.update(hashes=[]))
    report = check_place(nights / LAST, given(made))
    assert "does not lead from this package to the root" in reasons(report)


def test_a_replaced_program_is_refused_by_the_installed_one(made, nights):
    """Sealed again with another verify.py, the package is refused by `trailscan export verify`."""
    (nights / FIRST / "verify.py").write_text("print('HOLDS')\n")
    resealed(made, nights)
    report = verify_place(nights, read_given(None, made / "key.pub", KEYS))
    assert f"{FIRST}/verify.py: replaced" in reasons(report)


def test_a_night_missing_in_the_middle_is_named(made, nights):
    """The log beside the packages names it; without the log it is still missed."""
    shutil.rmtree(nights / "export-2026-10-02")
    words = "export-2026-10-02 is missing: number 1 of the log"
    assert words in reasons(check_place(nights, given(made)))
    shutil.rmtree(nights / "log")
    assert "a package is missing: number 1 of the log" in reasons(check_place(nights, given(made)))


def test_newest_nights_cut_off_are_missed_by_a_checkpoint_from_outside(made, nights):
    """Packages and log were cut off together; only the checkpoint kept outside knows."""
    shutil.rmtree(nights / LAST)
    assert "export-2026-10-04 is missing or unsealed" in reasons(check_place(nights, given(made)))
    (nights / "log/000000000003").unlink()
    words = "the newest 1 packages are missing"
    assert words in reasons(check_place(nights, given(made)))


def test_a_history_sealed_again_by_the_keys_holder_is_a_fork(made, nights):
    """A record of the past was dropped and everything sealed again: the old checkpoint disagrees."""
    edit(nights / "export-2026-10-02/README.txt", lambda data: data + b"\n")
    old = made / "nights" / "export-2026-10-03" / "checkpoint"
    resealed(made, nights)
    assert check_place(nights, read_given(None, made / "key.pub", KEYS)).refused == []
    words = "fork: the log did not grow from the checkpoint from outside"
    assert words in reasons(check_place(nights, given(made, old)))


def test_two_histories_in_one_folder_are_a_fork(made, nights, tmp_path):
    """A package sealed in another log of the same beginning has a place that is taken."""
    other = Path(shutil.copytree(nights, tmp_path / "other"))
    for name in ("export-2026-10-02", "export-2026-10-03", LAST):
        shutil.rmtree(other / name)
    for name in ("000000000001", "000000000002", "000000000003"):
        (other / "log" / name).unlink()
    copy = other / "export-2026-10-03"
    shutil.copytree(nights / "export-2026-10-03", copy)
    shutil.rmtree(copy / "proof")
    (copy / "checkpoint").unlink()
    (copy / "signature").unlink()
    seal(Log(FolderTarget(str(other))), copy.name, read_signer(made / "key"))
    shutil.rmtree(nights / "export-2026-10-03")
    shutil.copytree(copy, nights / "export-2026-10-03")
    found = reasons(check_place(nights, given(made)))
    assert "fork: its checkpoint is not of the history of the newest package" in found
    assert "fork: export-2026-10-02 has the same place in the log" in found


def test_a_foreign_key_and_a_log_of_one_leaf_are_refused(made, nights):
    """Another key's seal is not the signer's; a log begun anew is another log."""
    one = nights.with_name("one")
    shutil.copytree(nights / LAST, one / LAST)
    resealed(made, one, "other")
    found = reasons(check_place(one / LAST, given(made)))
    assert "it is not signed by the key" in found
    assert "it is of another log than the checkpoint from outside" in found


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/evil", f"{FIRST}/../../evil", f"{FIRST}\\evil", "C:/evil", f"{FIRST}/a\0b"],
)
def test_a_zip_file_that_leaves_its_folder_is_refused(made, tmp_path, name):
    """No member may be named so that unpacking writes elsewhere."""
    place = tmp_path / f"{FIRST}.zip"
    place.write_bytes(_zip(made))
    with zipfile.ZipFile(place, "a") as archive:
        info = zipfile.ZipInfo("x")
        info.filename = name
        archive.writestr(info, b"x")
    assert "its name is not one that a package may have" in reasons(check_place(place, given(made)))


def _zip(made: Path) -> bytes:
    """The first night as a ZIP file."""
    files = open_folder(made / "nights" / FIRST)
    return zip_bytes(FIRST, {path: files.read(path) for path in files.sizes})


def test_a_zip_file_holds_as_its_folder_does(made, tmp_path):
    """The same package in a ZIP file; a member that is a link, and one that is twice, are refused."""
    place = tmp_path / f"{FIRST}.zip"
    place.write_bytes(_zip(made))
    report = verify_place(place, read_given(None, made / "key.pub", KEYS))
    assert report.refused == []
    with zipfile.ZipFile(place, "a") as archive:
        link = zipfile.ZipInfo(f"{FIRST}/link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert "it is a link" in reasons(check_place(place, given(made)))
    place.write_bytes(_zip(made))
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(place, "a") as archive:
        archive.writestr(f"{FIRST}/README.txt", b"x")
    assert "holds it twice" in reasons(check_place(place, given(made)))


def test_one_file_proves_any_single_row(made, tmp_path):
    """`proof/rows.json` and the row are enough; a changed row or proof is refused."""
    package = made / "nights" / FIRST
    row = tmp_path / "row"
    for data in (
        (package / "changes.csv").read_bytes().splitlines(keepends=True)[1],
        (package / "records.jsonl").read_bytes().splitlines(keepends=True)[-1],
    ):
        row.write_bytes(data)
        keys = read_given(None, made / "key.pub", None)
        report = check_one_row(row, package / "proof/rows.json", keys)
        assert (report.exit_code, reasons(report)) == (0, "")
        row.write_bytes(data.replace(b"2026", b"2025", 1))
        assert "not a row of this package" in reasons(
            check_one_row(row, package / "proof/rows.json", keys)
        )


def test_other_programs_agree(made):
    """`sha256sum` accepts the manifest, and OpenSSL the signature of the leaf."""
    package = made / "nights" / FIRST
    for words in (
        ["sha256sum", "--check", "--strict", "--quiet", "manifest-sha256.txt"],
        [*("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "proof/key.pub", "-rawin"),
         *("-in", "proof/leaf", "-sigfile", "signature")],
    ):  # fmt: skip
        subprocess.run(words, cwd=package, check=True, capture_output=True)


def test_a_verifier_that_somebody_else_could_have_written_agrees(made):
    """Every checkpoint is signed, has its package at its place, and grew from the one before."""
    key = (made / "key.pub").read_text().splitlines()[0]
    older: second.TreeHead | None = None
    for at, package in enumerate(sorted((made / "nights").glob("export-*"))):
        head = second.opened((package / "checkpoint").read_bytes(), key)
        said = json.loads((package / "proof/inclusion.json").read_text())
        path = [bytes.fromhex(one) for one in said["hashes"]]
        entry = second.leaf((package / "proof/leaf").read_bytes())
        assert (head.size, said["index"]) == (at + 1, at)
        assert second.root_with(entry, at, head.size, path) == head.root
        if older is not None:
            grown = json.loads((package / "proof/consistency.json").read_text())
            second.check_growth(older, head, [bytes.fromhex(one) for one in grown["hashes"]])
            for wrong in (older._replace(root=head.root), older._replace(size=older.size + 1)):
                with pytest.raises(second.RefusedError):
                    second.check_growth(
                        wrong, head, [bytes.fromhex(one) for one in grown["hashes"]]
                    )
        older = head
    note = (made / "nights" / LAST / "checkpoint").read_bytes()
    other = (made / "other.pub").read_text().splitlines()[0]
    for data, verifier in ((note, other), (note.replace(b"\n4\n", b"\n5\n"), key)):
        with pytest.raises(second.RefusedError):
            second.opened(data, verifier)


def test_sealing_twice_changes_nothing_and_a_killed_one_is_finished(made, nights):
    """A run that ended before its checkpoint was written is finished with the same bytes."""
    before = {path: path.read_bytes() for path in nights.rglob("*") if path.is_file()}
    for path in ("checkpoint", "signature", "proof/leaf", "proof/rows.json"):
        (nights / LAST / path).unlink()
    for _ in range(2):
        seal(Log(FolderTarget(str(nights))), LAST, read_signer(made / "key"))
        assert {path: path.read_bytes() for path in nights.rglob("*") if path.is_file()} == before


def test_an_altered_log_is_never_signed(made, nights):
    """A leaf of the past was exchanged: the next package is not sealed over it."""
    from trailscan.errors import TrailscanError

    shutil.copytree(nights / LAST, nights / "export-2026-10-05")
    for path in ("checkpoint", "signature"):
        (nights / "export-2026-10-05" / path).unlink()
    shutil.rmtree(nights / "export-2026-10-05/proof")
    edit(nights / "log/000000000001", lambda data: data.replace(b"a", b"b", 1))
    with pytest.raises(TrailscanError, match="the log was altered"):
        seal(Log(FolderTarget(str(nights))), "export-2026-10-05", read_signer(made / "key"))


def test_a_run_that_seals_many_nights_reads_the_log_once(made, nights):
    """Leaves that this run wrote are not read again; another run's are, and the seals are the same."""

    class Counted(FolderTarget):
        """Counts what is read of the log."""

        read_of_log = 0

        def read(self, path: str) -> bytes:
            """Count and read."""
            self.read_of_log += path.startswith("log/")
            return super().read(path)

    shutil.rmtree(nights / "log")
    names = sorted(one.name for one in nights.glob("export-*"))
    for name in names:
        shutil.rmtree(nights / name / "proof")
        for path in ("checkpoint", "signature"):
            (nights / name / path).unlink()
    target, signer = Counted(str(nights)), read_signer(made / "key")
    log = Log(target)
    for name in names[:2]:
        seal(log, name, signer)
    assert target.read_of_log == 0
    seal(Log(target), names[2], signer)
    seal(log, names[3], signer)
    assert target.read_of_log == 2 + 3
    assert reasons(check_place(nights, given(made))) == ""
