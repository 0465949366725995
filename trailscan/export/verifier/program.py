"""The program: checks a package, a ZIP file, or a folder of packages, and says what holds."""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from trailscan.export.verifier.cloudtrail import (
    check_attested,
    check_digests,
    check_included,
    parse_keys_of_aws,
)
from trailscan.export.verifier.content import (
    CHANGES,
    Content,
    check_issuing,
    check_log_files,
    check_manifest,
    check_sample,
    check_statement,
)
from trailscan.export.verifier.files import (
    MANIFEST,
    PACKAGE_NAME,
    Files,
    is_night,
    open_folder,
    open_zip,
)
from trailscan.export.verifier.merkle import leaf_hash, root_of
from trailscan.export.verifier.notes import parse_keys, parse_note
from trailscan.export.verifier.period import check_nights, check_period
from trailscan.export.verifier.report import RefusedError, Report, shown
from trailscan.export.verifier.rows import check_rows
from trailscan.export.verifier.sealed import Outside, Sealed, check_row, check_seal
from trailscan.export.verifier.tables import parse_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trailscan.export.verifier.rsa import RsaKey

_USAGE = 2
_LEAF_OF_LOG = re.compile(r"[0-9]{12}")
_DAY = re.compile(r"export-([0-9]{4})-([0-9]{2})-([0-9]{2})")
_MOST_GAPS = 366


class Given(NamedTuple):
    """What was given from outside: checkpoint and signer's keys, and AWS's public keys."""

    signer: Outside
    aws: dict[str, RsaKey] | None = None


def check_package(files: Files, given: Given, report: Report) -> Sealed | None:
    """Check everything about one package; gives its place in its log."""
    sealed: list[Sealed | None] = [None]
    if not PACKAGE_NAME.fullmatch(files.name):
        report.refuse(shown(files.name), "it has not the name of a package")
    _try(report, lambda: check_manifest(files, report))
    _try(report, lambda: sealed.__setitem__(0, check_seal(files, given.signer, report)))
    if is_night(files.name):
        _try(report, lambda: _check_content(files, given, report))
    else:
        _try(report, lambda: check_period(files, report))
    return sealed[0]


def _check_content(files: Files, given: Given, report: Report) -> None:
    content = Content(files)
    population = (CHANGES, content.tables[CHANGES])
    _try(report, lambda: check_statement(content, report))
    _try(report, lambda: check_rows(content, report))
    _try(report, lambda: check_issuing(content, report))
    _try(report, lambda: check_sample(files, content.statement, population, report))
    _try(report, lambda: check_log_files(content, report))
    digests = check_digests(content, given.aws, report)
    _try(report, lambda: check_attested(content, digests, report))
    _try(report, lambda: check_included(content, report))


def _try(report: Report, check: Callable[[], Any]) -> None:
    """Run a check; what it cannot read is refused, and other checks go on."""
    try:
        check()
    except RefusedError as error:
        report.refuse(error.place, error.reason)
    except (ValueError, TypeError, KeyError, AttributeError, OSError, RecursionError) as error:
        report.refuse(type(error).__name__, f"malformed: {shown(error)}")


def check_place(place: Path, given: Given) -> Report:
    """Check a package, a ZIP file, or a folder of packages."""
    report = Report()
    if place.is_file():
        _try(report, lambda: check_package(open_zip(place), given, report))
    elif (place / MANIFEST).is_file() or PACKAGE_NAME.fullmatch(place.resolve().name):
        _try(report, lambda: check_package(open_folder(place), given, report))
        outside = given.signer.checkpoint
        if outside is not None and not report.refused:
            _say_newer(place, outside.checkpoint.size, report)
    else:
        _check_series(place, given, report)
    return report


def _say_newer(place: Path, size: int, report: Report) -> None:
    """A package alone cannot show the packages after it."""
    own = parse_note((place / "checkpoint").read_bytes()).checkpoint.size
    if own < size:
        report.is_alone(
            f"its place in the log: the checkpoint from outside has {size} packages and this one"
            f" knows of {own}; verify the folder of all packages"
        )


def _check_series(place: Path, given: Given, report: Report) -> None:
    """Check every package in a folder, and that they are all of one history."""
    names = [one.name for one in sorted(place.iterdir()) if PACKAGE_NAME.fullmatch(one.name)]
    if not names:
        report.refuse(shown(place), "there is no package in this folder")
        return
    found: dict[str, Sealed] = {}
    for name in names:
        own = Report()
        if (place / name).is_symlink():
            own.refuse(name, "it is a link, not a folder")
        else:
            _try(own, lambda name=name, own=own: _keep(found, name, place, given, own))  # type: ignore[misc]  # bound now
        report.add(own)
    if found:
        _check_history(place, found, given, report)
        order = {name: one.number for name, one in found.items()}
        for name in names:
            if not is_night(name) and not (place / name).is_symlink():
                _try(report, lambda name=name: check_nights(place, name, order, report))  # type: ignore[misc]  # bound now
    _say_days(names, report)


def _keep(found: dict[str, Sealed], name: str, place: Path, given: Given, report: Report) -> None:
    """Check a package of a series, and remember its place in the log."""
    sealed = check_package(open_folder(place / name, name), given, report)
    if sealed is not None:
        found[name] = sealed


def _check_history(place: Path, found: dict[str, Sealed], given: Given, report: Report) -> None:
    """Every leaf of the newest checkpoint has its package, and all checkpoints are of one log."""
    newest = max(found.values(), key=lambda one: one.note.checkpoint.size)
    leaves = newest.leaves
    taken: dict[int, str] = {}
    for name, one in found.items():
        head = one.note.checkpoint
        if head.origin != newest.note.checkpoint.origin:
            report.refuse(name, "it is of another log than the newest package")
        elif root_of(leaves[: head.size]) != head.root:
            report.refuse(name, "fork: its checkpoint is not of the history of the newest package")
        if one.number in taken:
            report.refuse(name, f"fork: {taken[one.number]} has the same place in the log")
        taken[one.number] = name
    named = _log(place, leaves, report)
    for at in range(len(leaves)):
        if at not in taken:
            what = named.get(at, "a package")
            report.refuse(shown(place.name), f"{what} is missing: number {at} of the log")
    outside = given.signer.checkpoint
    if outside is not None and outside.checkpoint.size > len(leaves):
        cut = outside.checkpoint.size - len(leaves)
        report.refuse(
            shown(place.name),
            f"the newest {cut} packages are missing: the checkpoint from outside has"
            f" {outside.checkpoint.size}, and here are {len(leaves)}",
        )
    for at in sorted(named.keys() - set(range(len(leaves)))):
        report.refuse(shown(place.name), f"{named[at]} is missing or unsealed: the log has it")


def _log(place: Path, leaves: list[bytes], report: Report) -> dict[int, str]:
    """The names of packages by their place, as the log beside them has it."""
    found: dict[int, str] = {}
    folder = place / "log"
    if not folder.is_dir() or folder.is_symlink():
        return found
    for one in sorted(folder.iterdir()):
        if not _LEAF_OF_LOG.fullmatch(one.name) or one.is_symlink() or not one.is_file():
            report.refuse(shown(f"log/{one.name}"), "the log has no such file")
            continue
        with one.open("rb") as file:
            data = file.read(1 << 16)
        at = int(one.name)
        words = data.decode("utf-8", "replace").splitlines()
        found[at] = shown(words[1].partition(" ")[2] if len(words) > 1 else "a package")
        if at < len(leaves) and leaf_hash(data) != leaves[at]:
            report.refuse(f"log/{one.name}", "it is not the leaf that the packages have")
    return found


def _say_days(names: list[str], report: Report) -> None:
    """Name the nights between the first and the last that were never exported."""
    matches = [match for name in names if (match := _DAY.match(name))]
    try:
        days = sorted({date(*(int(part) for part in match.groups())) for match in matches})
    except ValueError:
        report.refuse("series", "a package is named by a day that no calendar has")
        return
    absent = [
        day + timedelta(days=by)
        for day, after in zip(days, days[1:])  # noqa: B905, RUF007  # Python 3.9
        for by in range(1, min((after - day).days, _MOST_GAPS))
    ]
    for day in absent[:_MOST_GAPS]:
        report.is_alone(f"the night of {day}: no package of it was ever sealed")


def read_given(checkpoint: Path | None, keys: Path | None, public_keys: Path | None) -> Given:
    """What was given from outside.

    Raises:
        ValueError: a file does not hold what it should.
        OSError: a file cannot be read.
    """
    signer = Outside(
        None if checkpoint is None else parse_note(checkpoint.read_bytes()),
        None if keys is None else parse_keys(keys.read_bytes()),
    )
    known = signer.keys or ()
    if signer.checkpoint and known and not any(map(signer.checkpoint.is_signed, known)):
        raise ValueError("the checkpoint from outside is not signed by the key from outside")
    return Given(
        signer, None if public_keys is None else parse_keys_of_aws(public_keys.read_bytes())
    )


def check_one_row(row: Path, proof: Path, given: Given) -> Report:
    """Check one row of `records.jsonl` or `changes.csv` by `proof/rows.json` alone."""
    report = Report()

    def check() -> None:
        found = parse_json(proof.read_bytes())
        check_row(row.read_bytes(), found, given.signer, report)

    _try(report, check)
    return report


def main(words: Sequence[str] | None = None) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(
        prog="verify.py",
        description="Check a compliance package of trailscan, a ZIP file, or a folder of packages.",
        epilog="Exit codes: 0 all holds and was compared with what is given; 2 usage; 3 refused;"
        " 4 holds, but something rests on the package alone.",
    )
    parser.add_argument("place", nargs="?", type=Path, metavar="FOLDER|ZIP")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="an older checkpoint")
    parser.add_argument("--key", type=Path, metavar="FILE", help="the signer's public key")
    parser.add_argument("--public-keys", type=Path, metavar="FILE", help="AWS's public keys")
    parser.add_argument(
        "--row", type=Path, metavar="FILE", help="check one row; the place is proof/rows.json"
    )
    given = parser.parse_args(words)
    place = given.place or Path(__file__).parent
    try:
        outside = read_given(given.checkpoint, given.key, given.public_keys)
        place.stat()
    except (OSError, ValueError) as error:
        sys.stderr.write(f"verify.py: {shown(error)}\n")
        return _USAGE
    report = check_one_row(given.row, place, outside) if given.row else check_place(place, outside)
    own = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    report.say(f"this program cannot vouch for itself; its SHA-256 is {own}")
    sys.stdout.write("".join(f"{line}\n" for line in report.lines()))
    return report.exit_code
