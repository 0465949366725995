"""`trailscan validate` and `load --validate` on the command line: words, JSON, exit codes."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from services.command import run_command

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs"
KEY = (
    b'{"PublicKeyList":[{"Value":"%b","Fingerprint":"f","ValidityStartTime":%b,'
    b'"ValidityEndTime":2}]}'
)
ACCOUNT = "AWSLogs/o-exampleorg1/121212121212"


def trailscan(*words: object, cwd: Path | None = None, **environment: str):
    """Run the command; gives exit code, stdout and stderr."""
    done = run_command(
        *words,
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", "AWS_EC2_METADATA_DISABLED": "true", **environment},
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def archive(tmp_path):
    """A copy of the sample logs of one account."""
    shutil.copytree(SAMPLES / ACCOUNT, tmp_path / "archive" / ACCOUNT)
    return tmp_path / "archive"


@pytest.mark.parametrize("folder", ["", "AWSLogs"])
def test_the_sample_logs_are_valid_with_nothing_to_be_given(tmp_path, folder):
    """The bundled logs are checked with the key that came with them, and that is said."""
    code, out, err = trailscan("validate", SAMPLES / folder, cwd=tmp_path)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[1:] == [
        "digests 670 = valid 670",
        "log files 848 = valid 848",
        "no store to compare with: attested 848",
        f"public keys: {SAMPLES / 'public-keys.json'}",
        "valid: every digest is signed, every log file is as attested",
    ]
    assert "(a copy of a bucket), delivered all times; accounts x regions 14;" in lines[0]


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["", "AWSLogs"])
def test_a_copy_of_the_sample_logs_is_what_they_are(tmp_path, folder):
    """As `sample_logs/` of a clone beside an installed program: the same log files, the same key."""
    shutil.copytree(SAMPLES, tmp_path / "clone")
    code, out, _ = trailscan("validate", tmp_path / "clone" / folder, "--offline", cwd=tmp_path)
    assert (code, out.splitlines()[-1][:6]) == (0, "valid:")


def changed(clone):
    """One byte of a digest's metadata."""
    path = min(clone.rglob("*.metadata.json"))
    path.write_bytes(path.read_bytes() + b" ")


def added(clone):
    """A log file in an account more."""
    path = min((clone / ACCOUNT).rglob("*.json.gz"))
    other = Path(str(path).replace("121212121212", "121212121213"))
    other.parent.mkdir(parents=True)
    shutil.copy(path, other)


def removed(clone):
    """A log file less."""
    min((clone / ACCOUNT).rglob("*.json.gz")).unlink()


def beside(clone):
    """Another archive in the same folder."""
    shutil.copytree(clone / "AWSLogs", clone / "more" / "AWSLogs")


@pytest.mark.slow
@pytest.mark.parametrize("how", [changed, added, removed, beside])
def test_their_key_is_believed_of_nothing_else(tmp_path, how):
    """It is no secret: whatever else is signed with it proves nothing, and that is 4, never 0."""
    shutil.copytree(SAMPLES, tmp_path / "clone")
    how(tmp_path / "clone")
    code, out, _ = trailscan("validate", tmp_path / "clone", "--offline", cwd=tmp_path)
    assert (code, "unknown key: its public key is not at hand" in out) == (4, True)
    assert "public keys: none used" in out


def test_an_archive_needs_keys_and_says_so(archive, tmp_path):
    """Without keys nothing is proved: 4. With them: 0."""
    words = ["validate", archive, "--offline"]
    code, out, _ = trailscan(*words, cwd=tmp_path)
    assert code == 4
    assert "digest unknown key: its public key is not at hand" in out
    assert out.splitlines()[-1].startswith("incomplete: ")
    code, out, _ = trailscan(*words, "--public-keys", SAMPLES / "public-keys.json", cwd=tmp_path)
    assert (code, out.splitlines()[-1][:6]) == (0, "valid:")


def test_without_credentials_the_answer_says_why_there_are_no_keys(archive, tmp_path):
    """AWS cannot be asked: one line says so, and the exit code is 4."""
    environment = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
    }
    code, out, _ = trailscan("validate", archive, cwd=tmp_path, **environment)
    assert code == 4
    assert "could not be checked: public keys: no AWS credentials found" in out


def test_tampering_is_told_with_what_was_expected_and_found(archive, tmp_path):
    """A deleted log file: its path, the hash that was attested, exit code 3."""
    path = min(archive.rglob("*_CloudTrail_us-east-1_*.json.gz"))
    path.unlink()
    keys = ["--public-keys", SAMPLES / "public-keys.json", "--offline"]
    code, out, _ = trailscan("validate", archive, *keys, cwd=tmp_path)
    assert code == 3
    assert f"log file missing: attested, and not there (at {path}; expected " in out
    assert out.splitlines()[-1] == "tampered: 1 finding; open: 0"
    code, out, _ = trailscan("validate", archive, *keys, "--format", "json", cwd=tmp_path)
    found = json.loads(out)
    assert (code, found["outcome"]) == (3, "tampered")
    (finding,) = found["findings"]
    assert {name: finding[name] for name in ("of", "severity", "verdict", "reason", "found")} == {
        "of": "log_file",
        "severity": "tampered",
        "verdict": "missing",
        "reason": "deleted",
        "found": "none",
    }
    assert f"/{finding['key']}" == str(path)
    assert found["log_files"]["total"] == 33
    assert found["log_files"]["verdicts"] == {"missing": 1, "valid": 32}


def test_all_verdicts_are_in_the_json_when_asked_for(archive, tmp_path):
    """With --all every digest and log file has its entry."""
    keys = ["--public-keys", SAMPLES / "public-keys.json", "--offline"]
    words = ["validate", archive, *keys, "--format", "json", "--all"]
    _, out, _ = trailscan(*words, cwd=tmp_path)
    found = json.loads(out)
    assert len(found["verdicts"]) == found["digests"]["total"] + found["log_files"]["total"] == 67
    assert {one["proof"] for one in found["verdicts"]} == {"quoted_signature", "signature"}


def test_hostile_names_reach_no_terminal(archive, tmp_path):
    """A key with an escape sequence in it is shown by its bytes, in text and in JSON."""
    folder = next((archive / ACCOUNT / "CloudTrail" / "us-east-1").rglob("*.gz")).parent
    (folder / "evil\x1b[31m\u202e.json.gz").write_bytes(b"x")
    keys = ["--public-keys", SAMPLES / "public-keys.json", "--offline"]
    for form in ("text", "json"):
        code, out, err = trailscan("validate", archive, *keys, "--format", form, cwd=tmp_path)
        assert code == 4
        assert not {"\x1b", "\u202e"} & set(out + err)
        assert "evil" in out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "does not exist"),
        (b"{}", "not the output of list-public-keys"),
        (KEY % (b"!", b"1"), "is not base64"),
        (KEY % (b"", b"1e99"), "is not a time"),
        (KEY % (b"", b"[]"), "not the output of list-public-keys"),
    ],
)
def test_a_key_file_that_is_none_is_an_error_in_words(archive, tmp_path, content, words):
    """A wrong file of keys ends the command with one line."""
    path = tmp_path / "keys"
    if content is not None:
        path.write_bytes(content)
    code, out, err = trailscan("validate", archive, "--public-keys", path, cwd=tmp_path)
    assert (code, out) == (5, "")
    assert f"trailscan: {path}" in err
    assert words in err


def test_a_store_that_is_named_must_be_there(archive, tmp_path):
    """A mistyped store is an error; the default one is used only if it is there."""
    code, _, err = trailscan("validate", archive, "--offline", "--store", "nowhere", cwd=tmp_path)
    assert (code, "there is no store at nowhere" in err) == (5, True)


def test_a_load_validates_on_the_same_bytes(archive, tmp_path):
    """The summary of the load is followed by that of the validation; the worst exit code wins."""
    keys = ["--public-keys", SAMPLES / "public-keys.json", "--offline"]
    words = ["load", archive, "--validate", *keys, "--store"]
    code, out, err = trailscan(*words, "first", cwd=tmp_path)
    assert (code, err) == (0, "")
    assert "log files 33 = valid 33" in out
    assert "compared with first: attested and loaded 33" in out
    min(archive.rglob("*_CloudTrail_us-east-1_*.json.gz")).write_bytes(b"")
    code, out, _ = trailscan(*words, "second", "--format", "json", cwd=tmp_path)
    found = json.loads(out)
    assert (code, found["complete"], found["validations"][0]["outcome"]) == (3, False, "tampered")
    assert found["validations"][0]["hashes_from_load"] == 32
