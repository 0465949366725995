"""The index of a period: sealed as nights are, and what a forger may try with it."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from nights import FIRST, NOW, Archive, event

from trailscan.aws.session import AwsOptions
from trailscan.export.files import manifest_bytes
from trailscan.export.options import PackageOptions
from trailscan.export.period import export_period
from trailscan.export.run import Run, RunOptions, export_nights, nights
from trailscan.export.sample import Sample
from trailscan.export.seal import Log, seal
from trailscan.export.signing import generate_key, read_signer
from trailscan.export.target import FolderTarget, open_target
from trailscan.export.verification import verify_place
from trailscan.export.verifier.program import check_one_row, read_given

INDEX = "export-2026-11"
SECOND = f"export-{FIRST + timedelta(days=1)}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month of thirty signed nights, three with a change, and its index."""
    top = tmp_path_factory.mktemp("period")
    archive = Archive(top)
    for at in range(3):
        archive.deliver(FIRST + timedelta(days=at), at, event(FIRST + timedelta(days=at), at))
    archive.load()
    generate_key(top / "key")
    signer = read_signer(top / "key")
    options = RunOptions(PackageOptions(sample=Sample(2, "7")), zipped=True, signer=signer)
    target = open_target(str(top / "packages"), AwsOptions())
    month = nights(FIRST, FIRST + timedelta(days=29))
    list(export_nights(archive.reader(), target, month, Run(options), NOW))
    export_period(target, "2026-11", options, NOW)
    return top


@pytest.fixture
def packages(made: Path, tmp_path: Path) -> Path:
    """A copy of them."""
    return Path(shutil.copytree(made / "packages", tmp_path / "packages"))


def reasons(place: Path, key: Path | None = None, checkpoint: Path | None = None) -> str:
    """Everything that is refused."""
    found = verify_place(place, read_given(checkpoint, key, None)).refused
    return "\n".join(f"{where}: {reason}" for where, reason in found)


def resealed(made: Path, packages: Path, *names: str) -> None:
    """What the holder of the key can do: new manifests, leaves, proofs and signatures, in order.

    Args:
        made: where the key is.
        packages: their folder.
        names: the last packages of the log; their leaves are replaced.
    """
    for leaf in sorted((packages / "log").iterdir())[30:]:
        leaf.unlink()
    for name in names:
        folder = packages / name
        shutil.rmtree(folder / "proof")
        for path in ("checkpoint", "signature"):
            (folder / path).unlink()
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        (folder / "manifest-sha256.txt").write_bytes(manifest_bytes(files))
        seal(Log(FolderTarget(str(packages))), name, read_signer(made / "key"))


def table(path: str, change: Callable[[list[dict[str, str]]], object]) -> Callable[[Path], None]:
    """A forger of the rows of a table of the index."""

    def forge(index: Path) -> None:
        text = (index / path).read_text()
        rows = list(csv.DictReader(io.StringIO(text)))
        names = list(rows[0])
        change(rows)
        out = io.StringIO()
        writer = csv.DictWriter(out, names, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        assert out.getvalue() != text
        (index / path).write_text(out.getvalue())

    return forge


def says(change: Callable[[dict], object]) -> Callable[[Path], None]:
    """A forger of the statement of the index."""

    def forge(index: Path) -> None:
        said = json.loads((index / "statement.json").read_text())
        change(said)
        (index / "statement.json").write_text(json.dumps(said))

    return forge


def both(*forgers: Callable[[Path], None]) -> Callable[[Path], None]:
    """Several forgers, one after the other."""
    return lambda index: [forge(index) for forge in forgers] and None


def _without_a_change(index: Path) -> None:
    """Leave a change out of the population, and every number of it with it."""
    table("population.csv", lambda rows: rows.pop())(index)
    table("nights.csv", lambda rows: rows[2].update(changes="0"))(index)

    def fewer(said: dict) -> None:
        counts = said["counts"]
        counts.update(changes=2, population=2)
        counts["changes_by_severity"] = {
            grade: count - 1 for grade, count in counts["changes_by_severity"].items()
        }
        said["sample"]["population"] = 2

    says(fewer)(index)


FORGED: dict[str, tuple[Callable[[Path], None], str]] = {
    "a change left out everywhere": (_without_a_change, "changes is not what the package says"),
    "a cell of the population": (
        table("population.csv", lambda rows: rows[0].update(principal="nobody")),
        "principal is not what export-2026-11-01/changes.csv has",
    ),
    "a change under another night": (
        table("population.csv", lambda rows: rows[0].update(package=SECOND)),
        "package is not what export-2026-11-01/changes.csv has",
    ),
    "the order of the population": (
        table("population.csv", lambda rows: rows.reverse()),
        "its number is not its place",
    ),
    "a night left out": (
        both(
            table("nights.csv", lambda rows: rows.pop(10)),
            says(lambda said: said["nights"].update(over=29, with_package=29)),
        ),
        "not each night once, in order",
    ),
    "the newest nights left out": (
        both(
            table("nights.csv", lambda rows: rows.pop()),
            says(lambda said: said["nights"].update(over=29, with_package=29)),
        ),
        "export-2026-11-30 was sealed before the index, which has no row of it",
    ),
    "a night that has a package called missing": (
        table("nights.csv", lambda rows: rows[4].update(package="", complete="")),
        "export-2026-11-05 was sealed before the index, and is newer",
    ),
    "another manifest": (
        table("nights.csv", lambda rows: rows[0].update(manifest_sha256="0" * 64)),
        "its manifest_sha256 is not that of export-2026-11-01",
    ),
    "a package of another night": (
        table("nights.csv", lambda rows: rows[0].update(package=SECOND)),
        "export-2026-11-02 is not a package of 2026-11-01",
    ),
    "an incomplete night called complete": (
        table("nights.csv", lambda rows: rows[10].update(complete="true")),
        "complete is not what the package says",
    ),
    "the total of changes": (
        says(lambda said: said["counts"].update(changes=9)),
        "statement.json counts.changes: says 9; counted again: 3",
    ),
    "the number of nights": (
        says(lambda said: said["nights"].update(over=28)),
        "nights.over: says 28; counted again: 30",
    ),
    "the severities": (
        says(lambda said: said["counts"].update(changes_by_severity={"low": 3})),
        "counts.changes_by_severity",
    ),
    "complete with reasons": (
        says(lambda said: said.update(complete=True)),
        "must be true exactly if incomplete_because is empty",
    ),
    "another period": (says(lambda said: said.update(period="2026-Q4")), "statement.json period"),
    "other days": (says(lambda said: said.update(last_day="2026-11-29")), "its days are not"),
    "another seed": (says(lambda said: said["sample"].update(seed="8")), "not the changes that"),
    "a smaller sample": (
        table("sample.csv", lambda rows: rows.pop()),
        "sample.csv: 2 changes were to be drawn, and it has 1",
    ),
    "a sample that the statement does not have": (
        says(lambda said: said.update(sample=None)),
        "says that no sample was drawn",
    ),
}


def test_an_index_is_sealed_and_holds_with_its_nights(made: Path):
    """Signed with the nights' key, in their log, with its program, as folder and as ZIP file."""
    packages = made / "packages"
    report = verify_place(packages, read_given(packages / INDEX / "checkpoint",
                                               made / "key.pub", None))  # fmt: skip
    assert report.refused == []
    alone = verify_place(packages / f"{INDEX}.zip", read_given(None, made / "key.pub", None))
    assert (alone.refused, alone.exit_code) == ([], 4)
    leaf = (packages / INDEX / "proof/leaf").read_text().splitlines()
    assert [line.rpartition(" ")[0] for line in leaf[5:]] == [
        "rows nights.csv 31",
        "rows population.csv 4",
    ]
    row = made / "row"
    row.write_bytes((packages / INDEX / "population.csv").read_bytes().splitlines(keepends=True)[2])
    proof = packages / INDEX / "proof/rows.json"
    found = check_one_row(row, proof, read_given(None, made / "key.pub", None))
    assert (found.refused, found.said[-1]) == (
        [],
        f"it is row 2 of population.csv in package {INDEX}",
    )


@pytest.mark.parametrize("what", FORGED)
def test_what_the_keeper_forges_and_seals_again_is_refused(made: Path, packages: Path, what: str):
    """Manifest, log, proofs and signatures are new and right: the nights beside it disagree."""
    forge, words = FORGED[what]
    forge(packages / INDEX)
    resealed(made, packages, INDEX)
    assert words in reasons(packages, made / "key.pub")


def test_an_index_that_anybody_changed_is_refused_by_its_seal(made: Path, packages: Path):
    """Without the key a new manifest helps nothing, nor does removing the seal or the index."""
    index = packages / INDEX
    says(lambda said: said["counts"].update(changes=9))(index)
    files = {
        path.relative_to(index).as_posix(): path.read_bytes()
        for path in index.rglob("*")
        if path.is_file()
    }
    (index / "manifest-sha256.txt").write_bytes(manifest_bytes(files))
    assert "the leaf is not that of these files" in reasons(index, made / "key.pub")
    shutil.rmtree(index / "proof")
    assert f"{INDEX}/proof/leaf: the file is missing" in reasons(index, made / "key.pub")
    shutil.rmtree(index)
    assert f"{INDEX} is missing: number 30 of the log" in reasons(packages) or (
        f"{INDEX} is missing or unsealed: the log has it" in reasons(packages)
    )


def test_an_index_that_leaves_a_sealed_supplement_out_is_refused(made: Path, packages: Path):
    """A supplement that was sealed before the index belongs into it."""
    other = shutil.copytree(packages / SECOND, packages / f"{SECOND}.1")
    says(lambda said: said.update(name=f"{SECOND}.1"))(other)
    resealed(made, packages, f"{SECOND}.1", INDEX)
    words = f"{SECOND}.1 was sealed before the index, and is newer than what it has"
    assert words in reasons(packages, made / "key.pub")


def test_an_index_that_a_killed_run_began_is_finished(made: Path, packages: Path):
    """The seal that is missing is added with the same bytes, and the log does not grow."""
    before = {path: path.read_bytes() for path in packages.rglob("*") if path.is_file()}
    for path in ("checkpoint", "proof/leaf", "proof/rows.json"):
        (packages / INDEX / path).unlink()
    signer = read_signer(made / "key")
    options = RunOptions(PackageOptions(sample=Sample(2, "7")), signer=signer)
    written = export_period(FolderTarget(str(packages)), "2026-11", options, NOW)
    assert written.line.endswith("30 of 30 nights, 3 changes; unchanged")
    assert {path: path.read_bytes() for path in packages.rglob("*") if path.is_file()} == before
