"""Whether a night that was exported has become another one, and what a supplement says of it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from trailscan.export.files import MANIFEST, covered
from trailscan.export.package import STATEMENT
from trailscan.export.target import read_file
from trailscan.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trailscan.export.package import Draft
    from trailscan.export.target import Target

_VOLATILE = frozenset({"name", "supplement", "store", "versions", "access", "same_bytes"})
"""What a statement says that is no news of the night itself."""

_BY_LIBRARY = frozenset({"changes.parquet"})
"""Files whose bytes another version of a library changes; changes.csv has the same rows."""

_IN_OTHER_WORDS = frozenset({"changes.csv", "findings.csv"})
"""Files that another version of trailscan puts into other words from the same records."""

_MOST_NAMED = 1000


def parse_manifest(data: bytes) -> dict[str, str]:
    """The SHA-256 of each file by path; lines that are none are left out."""
    lines = (line.split("  ", 1) for line in data.decode("utf-8", "replace").splitlines())
    return {pair[1]: pair[0] for pair in lines if len(pair) == 2}  # noqa: PLR2004  # hash and path


def altered_files(target: Target, name: str) -> list[str]:
    """The files of a package on the local disk that are not those of its manifest."""
    if target.is_remote:
        return []  # Object Lock is what protects these; `export verify` reads them all
    listed = parse_manifest(read_file(target, f"{name}/{MANIFEST}") or b"")
    there = set(covered(target.paths(name)))
    changed = [
        path
        for path, sha256 in listed.items()
        if path not in there or hashlib.sha256(target.read(f"{name}/{path}")).hexdigest() != sha256
    ]
    return sorted([*changed, *(there - listed.keys())])


def supplement_to(target: Target, name: str, draft: Draft) -> dict[str, Any] | None:
    """What a draft adds to a package that exists; None if nothing.

    Args:
        target: where the package is.
        name: of the package; it may be unfinished.
        draft: the night as the store has it now.
    """
    manifest = read_file(target, f"{name}/{MANIFEST}")
    if manifest is None:
        return _supplement(name, None, [f"{name} was begun and never finished"], [])
    altered = altered_files(target, name)
    before = parse_manifest(manifest)
    now = {path: hashlib.sha256(data).hexdigest() for path, data in draft.files.items()}
    said = _statement(target, name)
    differing = {path for path in before.keys() | now.keys() if before.get(path) != now.get(path)}
    differing &= {path for path in differing if path in now or path.startswith(_FOLDERS)}
    differing -= _BY_LIBRARY
    if said.get("versions") != draft.statement["versions"]:
        differing -= _IN_OTHER_WORDS
    news = _facts(said) != _facts(draft.statement)
    if not (altered or differing or news):
        return None
    because = [f"{path} of {name} is not what was exported" for path in altered[:_MOST_NAMED]]
    added, changed = _log_files(target, name, draft)
    if added:
        because.append(f"{counted(len(added), 'log file')} arrived after {name} was made")
    because += changed
    if said.get("parameters") != draft.statement["parameters"]:
        because.append("it was made with other options")
    if not because and differing:
        because.append(f"these files differ: {', '.join(sorted(differing)[:10])}")
    if not because:
        because.append("the statement of completeness differs")
    sha256 = hashlib.sha256(manifest).hexdigest()
    return _supplement(name, sha256, because, added, sorted(differing))


_FOLDERS = ("digests/", "log-files/", "sample.csv")


def _supplement(
    name: str,
    manifest_sha256: str | None,
    because: list[str],
    added: list[str],
    changed: list[str] | None = None,
) -> dict[str, Any]:
    """The member `supplement` of a statement."""
    return {
        "to": name,
        "manifest_sha256": manifest_sha256,
        "because": "; ".join(because) + ".",
        "log_files_added": added[:_MOST_NAMED],
        "log_files_added_count": len(added),
        "files_changed": (changed or [])[:_MOST_NAMED],
    }


def _statement(target: Target, name: str) -> dict[str, Any]:
    """The statement of a package, as far as it can be read."""
    try:
        found = json.loads(read_file(target, f"{name}/{STATEMENT}") or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _facts(statement: Mapping[str, Any]) -> dict[str, Any]:
    """What a statement says of the night, as JSON has it."""
    own = {name: value for name, value in statement.items() if name not in _VOLATILE}
    scope = own.get("scope")
    if isinstance(scope, dict):  # every later load of the same window is a request
        own["scope"] = {name: value for name, value in scope.items() if name != "requests"}
    facts: dict[str, Any] = json.loads(json.dumps(own))
    return facts


def _log_files(target: Target, name: str, draft: Draft) -> tuple[list[str], list[str]]:
    """The log files that are new, and in words how others changed."""
    text = (read_file(target, f"{name}/log_files.csv") or b"").decode("utf-8", "replace")
    before = {
        row["log_file"]: row
        for row in csv.DictReader(io.StringIO(text))
        if row.get("log_file") and row.get("status") != "not_loaded"
    }
    now = {
        row["log_file"]: row for row in draft.evidence.log_files if row["status"] != "not_loaded"
    }
    changes: Counter[str] = Counter()
    for log_file in now.keys() & before.keys():
        for member in ("status", "attestation"):
            old, new = before[log_file].get(member) or "", now[log_file][member] or ""
            if old != new:
                changes[f"{old or 'none'} before, {new or 'none'} now"] += 1
    words = [f"{counted(n, 'log file')} {what}" for what, n in sorted(changes.items())]
    return sorted(now.keys() - before.keys()), words
