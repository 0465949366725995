"""Nights in order: what is missing, late, killed or rejected, and that nothing is rewritten."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nights import FIRST, NOW, Archive, event

from trailscan.errors import AlreadyExistsError, TrailscanError
from trailscan.export import run as job
from trailscan.export import target as targets
from trailscan.export.options import PackageOptions
from trailscan.export.period import export_period, parse_period
from trailscan.export.run import Run, RunOptions, export_nights, nights, notify
from trailscan.export.sample import Sample
from trailscan.export.target import FolderTarget

NIGHTS = 30


def hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file in a folder by path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_month_with_a_missing_night_a_late_log_file_a_killed_run_and_a_rejected_file(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
):
    """Each night is written once; what comes later is a supplement, and the index says the rest."""
    for at in range(3, NIGHTS + 1):
        day = FIRST + timedelta(days=at)
        archive.deliver(day, at, event(day, at))
    rejected = FIRST + timedelta(days=9)
    archive.deliver(rejected, 40, body=b"not JSON")
    archive.load()
    write = FolderTarget.write_package

    def killed(self, name, files):
        """Stop the run in the middle of its 20th night, as a kill would."""
        if name == f"export-{FIRST + timedelta(days=19)}":
            (self.root / f".{name}-abc").mkdir()
            raise KeyboardInterrupt
        write(self, name, files)

    monkeypatch.setattr(FolderTarget, "write_package", killed)
    with pytest.raises(KeyboardInterrupt):
        archive.export(FIRST, FIRST + timedelta(days=NIGHTS - 1))
    monkeypatch.setattr(FolderTarget, "write_package", write)
    written = archive.export(FIRST, FIRST + timedelta(days=NIGHTS - 1))
    assert [one.outcome for one in written] == ["unchanged"] * 19 + ["written"] * 11
    by_name = {one.package.name: one for one in written}
    assert by_name[f"export-{rejected}"].package.incomplete == ("1 log file could not be read",)
    shutil.rmtree(archive.packages / f".export-{FIRST + timedelta(days=19)}-abc")
    before = hashes(archive.packages)

    late = FIRST + timedelta(days=4)
    key = archive.deliver(late, 50, event(late, 50))
    archive.load()
    again = archive.export(FIRST, FIRST + timedelta(days=NIGHTS - 1))
    (supplement,) = (one for one in again if one.outcome != "unchanged")
    assert supplement.package.name == f"export-{late}.1"
    said = archive.statement(supplement.package.name)["supplement"]
    manifest = archive.file(f"export-{late}/manifest-sha256.txt")
    assert (said["to"], said["manifest_sha256"], said["log_files_added"]) == (
        f"export-{late}",
        hashlib.sha256(manifest).hexdigest(),
        [key],
    )
    assert said["because"] == f"1 log file arrived after export-{late} was made."
    after = hashes(archive.packages)
    assert {path: after[path] for path in before} == before

    shutil.rmtree(archive.packages / f"export-{FIRST + timedelta(days=14)}")
    target = FolderTarget(str(archive.packages))
    options = RunOptions(PackageOptions(sample=Sample(5, "1")))
    index = export_period(target, "2026-11", options, NOW)
    assert index.incomplete == (
        f"1 night without a package: {FIRST + timedelta(days=14)}",
        f"1 package not complete: export-{rejected}",
    )
    assert index.line == "export-2026-11: INCOMPLETE; 29 of 30 nights, 30 changes; written"
    assert archive.statement("export-2026-11")["nights"] == {
        "over": 30,
        "with_package": 29,
        "missing": ["2026-11-15"],
        "supplements": 1,
    }
    population = archive.rows("export-2026-11/population.csv")
    assert [row["number"] for row in population] == [str(at) for at in range(1, 31)]
    assert len(archive.rows("export-2026-11/sample.csv")) == 5
    assert export_period(target, "2026-11", options, NOW).line.endswith("unchanged")


def test_a_quiet_night_makes_a_package(archive: Archive):
    """It is complete, with log files and no changes: absence with counts."""
    quiet = FIRST + timedelta(days=1, hours=0)
    for path in archive.logs.rglob("*T1201Z*"):
        path.unlink()
    archive.deliver(quiet, 8, {**event(quiet, 8), "eventSource": "s3.amazonaws.com"})
    archive.load()
    (written,) = archive.export(quiet)
    assert written.line == (
        f"export-{quiet}: complete; 0 changes; 0 findings; 1 log file, not checked; written"
    )


def test_a_run_that_loses_a_race_looks_again(archive: Archive, monkeypatch: pytest.MonkeyPatch):
    """The other run's package is the night's; this one adds nothing."""
    archive.load()
    monkeypatch.setattr(job, "_PAUSE", 0)
    write = FolderTarget.write_package

    def beaten(self, name, files):
        """Another run writes the same night first."""
        write(self, name, files)
        write(self, name, files)

    monkeypatch.setattr(FolderTarget, "write_package", beaten)
    (written,) = archive.export(FIRST)
    assert written.outcome == "unchanged"
    names = sorted(path.name for path in archive.packages.iterdir())
    assert names == [f"export-{FIRST}", "log"]


def test_options_that_differ_make_a_supplement_that_says_so(archive: Archive):
    """The night stays as it is."""
    archive.load()
    archive.export(FIRST)
    (written,) = archive.export(FIRST, sample=Sample(1, "1"))
    said = written.package.statement["supplement"]
    assert (written.package.name, said["because"]) == (
        f"export-{FIRST}.1",
        "it was made with other options.",
    )


def test_a_later_load_of_another_day_is_no_news_of_a_night(archive: Archive):
    """The state of the store is in the statement, and decides nothing."""
    archive.load()
    archive.export(FIRST)
    day = FIRST + timedelta(days=5)
    archive.deliver(day, 30, event(day, 30))
    archive.load()
    (written,) = archive.export(FIRST)
    assert written.outcome == "unchanged"


def test_a_gap_that_is_seen_later_is_news(archive: Archive):
    """A validation after the export changes what is known of each log file."""
    archive.sign(FIRST + timedelta(days=3))
    archive.load()
    archive.export(FIRST)
    archive.load(checked=True)
    (written,) = archive.export(FIRST)
    if written.outcome == "unchanged":  # a load that has nothing new to read validates nothing
        pytest.fail("the validation was not seen")
    assert written.package.statement["supplement"]["because"] == (
        "1 log file unknown before, attested now."
    )


def test_a_zip_file_that_is_asked_for_later_is_the_package_that_is_there(archive: Archive):
    """Also of a night that is unchanged; it is written once."""
    archive.load()
    archive.export(FIRST)
    run = Run(RunOptions(PackageOptions(), zipped=True))
    target = FolderTarget(str(archive.packages))
    for _ in range(2):
        list(export_nights(archive.reader(), target, [FIRST], run, NOW))
    name = f"export-{FIRST}"
    with zipfile.ZipFile(archive.packages / f"{name}.zip") as found:
        inside = {one: found.read(one) for one in found.namelist()}
    assert inside == {
        f"{name}/{path}": archive.file(f"{name}/{path}") for path in target.paths(name)
    }
    assert [one.outcome for one in run.written] == ["unchanged", "unchanged"]


def test_the_summary_goes_to_the_command_of_notify(archive: Archive, tmp_path: Path):
    """As JSON on its standard input; a command that fails is an error."""
    archive.load()
    run = Run(RunOptions(PackageOptions(), fail_on="low"))
    list(export_nights(archive.reader(), FolderTarget(str(tmp_path / "p")), [FIRST], run, NOW))
    told = tmp_path / "told.json"
    notify(f"tee {told}", run)
    said = json.loads(told.read_text())
    assert (said["exit_code"], said["packages"][0]["name"], said["packages"][0]["worst"]) == (
        3,
        f"export-{FIRST}",
        "medium",
    )
    with pytest.raises(TrailscanError, match="ended with exit code 1"):
        notify("false", run)


def test_a_folder_target_never_replaces_a_file(tmp_path: Path):
    """The same bytes are no error; others are."""
    target = FolderTarget(str(tmp_path))
    target.write_new("log/one", b"1")
    target.write_new("log/one", b"1")
    with pytest.raises(AlreadyExistsError):
        target.write_new("log/one", b"2")
    assert (target.read("log/one"), target.folders()) == (b"1", ["log"])


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2026-Q4", ("2026-10-01", "2026-12-31")),
        ("2028-02", ("2028-02-01", "2028-02-29")),
        ("2026", ("2026-01-01", "2026-12-31")),
        ("9999-Q4", ("9999-10-01", "9999-12-31")),
    ],
)
def test_a_period_is_a_year_a_quarter_or_a_month(text: str, days: tuple[str, str]):
    """With its first and last day."""
    assert tuple(map(str, parse_period(text))) == days


def test_nights_follow_each_other():
    """Both ends are included."""
    assert nights(FIRST, FIRST + timedelta(days=2)) == [
        FIRST + timedelta(days=at) for at in range(3)
    ]
    assert job.day_before(datetime(2026, 3, 1, tzinfo=UTC)).isoformat() == "2026-02-28"
    assert targets.numbers_of(FolderTarget("/nonexistent"), FIRST) == {}
