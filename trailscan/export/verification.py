"""Packages checked by the installed trailscan, which can also vouch for their `verify.py`."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from trailscan.export.timestamps import check_token
from trailscan.export.verifier.files import PACKAGE_NAME, open_folder, open_zip
from trailscan.export.verifier.program import check_place
from trailscan.export.verifier.report import RefusedError, shown
from trailscan.export.verifier.sealed import CHECKPOINT, TIMESTAMP
from trailscan.export.verify_program import verify_program
from trailscan.store.tool import tool_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography import x509

    from trailscan.export.verifier.files import Files
    from trailscan.export.verifier.program import Given
    from trailscan.export.verifier.report import Report

_PROGRAM = "verify.py"


def verify_place(place: Path, given: Given, roots: list[x509.Certificate] | None = None) -> Report:
    """Check a package, a ZIP file, or a folder of packages, and what only this program can check.

    Args:
        place: what to check.
        given: what is trusted.
        roots: of the timestamp authority; None leaves its tokens unchecked.
    """
    report = check_place(place, given)
    for files in _packages(place):
        if roots is not None:
            _check_time(files, roots, report)
        try:
            data = files.read(_PROGRAM)
            said = json.loads(files.read("statement.json"))["versions"]["trailscan"]
        except (RefusedError, ValueError, KeyError, TypeError, RecursionError):
            said, data = None, b""
        if data == verify_program():
            continue
        where = f"{files.name}/{_PROGRAM}"
        if said == tool_name():
            report.refuse(where, "replaced: it is not the verify.py of this version of trailscan")
        else:
            found = hashlib.sha256(data).hexdigest()
            report.is_alone(f"{where}: of another version of trailscan, not compared ({found})")
    return report


def _check_time(files: Files, roots: list[x509.Certificate], report: Report) -> None:
    """A package's timestamp is of its checkpoint, and of an authority that was given."""
    place = f"{files.name}/{TIMESTAMP}"
    if TIMESTAMP not in files.sizes:
        report.is_alone(f"when it was sealed: there is no {place}")
        return
    try:
        when = check_token(files.read(TIMESTAMP), files.read(CHECKPOINT), roots)
    except RefusedError as error:
        report.refuse(error.place, error.reason)
    except ValueError as error:
        report.refuse(place, f"the timestamp does not hold: {shown(error)}")
    else:
        report.rest("authority", f"{files.name} was sealed at {when} or before")
        report.said = [one for one in report.said if not one.startswith(TIMESTAMP)]


def _packages(place: Path) -> Iterator[Files]:
    """The packages at a place that can be opened."""
    folders = [place] if place.is_file() or PACKAGE_NAME.fullmatch(place.resolve().name) else []
    if not folders and (place / _PROGRAM).is_file():
        folders = [place]
    for one in folders or sorted(place.iterdir()):
        if one.is_symlink() or not (folders or PACKAGE_NAME.fullmatch(one.name)):
            continue
        try:
            yield open_zip(one) if one.is_file() else open_folder(one)
        except (RefusedError, OSError):
            continue  # the check of packages refused it
