"""Seals a year of nights, each a copy of one package, and measures how long verifying them takes.

python benchmarks/verify.py --package FOLDER/export-2026-10-01 [--nights 365]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from trailscan.export.files import RUN, manifest_bytes
from trailscan.export.seal import Log, seal
from trailscan.export.signing import generate_key, read_signer
from trailscan.export.target import FolderTarget
from trailscan.export.verifier.program import check_place, read_given

FIRST = date(2026, 1, 1)


def copy_night(source: Path, target: FolderTarget, day: date) -> str:
    """A package under the name of another day, whose content stays: each is refused for its day."""
    name = f"export-{day}"
    files = {
        path.relative_to(source).as_posix(): path.read_bytes()
        for path in source.rglob("*")
        if path.is_file() and "proof" not in path.parts and path.name != "checkpoint"
    }
    files = {path: data for path, data in files.items() if path != "signature"}
    statement = json.loads(files["statement.json"]) | {"name": name}
    files["statement.json"] = (json.dumps(statement) + "\n").encode()
    files["manifest-sha256.txt"] = manifest_bytes(files)
    target.write_package(name, {**files, RUN: b"{}\n"})
    return name


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--nights", type=int, default=365)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "key"
        generate_key(key)
        target = FolderTarget(f"{folder}/nights")
        log = Log(target)
        for by in range(given.nights):
            name = copy_night(given.package, target, FIRST + timedelta(days=by))
            seal(log, name, read_signer(key))
        start = time.perf_counter()
        place = Path(folder) / "nights"
        checkpoint = place / name / "checkpoint"
        report = check_place(place, read_given(checkpoint, Path(f"{key}.pub"), None))
        seconds = time.perf_counter() - start
        print(f"{given.nights} nights verified in {seconds:.1f} s, {len(report.refused)} refused")


if __name__ == "__main__":
    main()
