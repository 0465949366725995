"""Reads log files outside the folders of accounts: a load reads them wherever they lie.

What is judged is the union of what is listed there and what the store holds from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.errors import TrailscanError
from trailscan.ingest.validation.unit import UnitVerdicts
from trailscan.ingest.validation.units import ListedLogFile, Unit, is_apple_double
from trailscan.location import key_text
from trailscan.trail.keys import parse_key
from trailscan.validate.elsewhere import AttestedContent, Elsewhere, judge_elsewhere
from trailscan.validate.layout import ArchiveLayout
from trailscan.validate.reconcile import Hashed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from trailscan.buckets import Bucket
    from trailscan.ingest.plan import Scope
    from trailscan.ingest.validation.unit import LoadedLogFile, UnitReader
    from trailscan.trail.keys import TrailKey
    from trailscan.validate.reconcile import TimeRange
    from trailscan.validate.verdicts import Ledger, LogFileVerdict
    from trailscan.window import Window


class ElsewhereReader:
    """The log files of an archive that lie outside the folders of accounts.

    Args:
        bucket: the archive.
        scope: accounts and regions.
        window: of delivery time.
        loaded: those that the store holds, by key; None without a store.
    """

    def __init__(
        self,
        bucket: Bucket,
        scope: Scope,
        window: Window,
        loaded: Mapping[str, LoadedLogFile] | None,
    ) -> None:
        self._bucket = bucket
        self._scope = scope
        self._window = window
        self._has_store = loaded is not None
        self._loaded = {
            key: one for key, one in (loaded or {}).items() if self._is_wanted(parse_key(key))
        }
        self._hashed: dict[str, Hashed] = {}
        self._attested: dict[str, AttestedContent] = {}
        self._covered: dict[tuple[str, str], list[TimeRange]] = {}

    def read(
        self, folders: Iterable[str], unit_reader: UnitReader, failures: list[str]
    ) -> UnitVerdicts:
        """List and read the log files; returns what that took.

        Args:
            folders: those that hold objects and belong to no unit.
            unit_reader: reads them, and is told to look for their content.
            failures: gets a line for each folder that could not be listed.
        """
        took = UnitVerdicts(Unit("", "", None, None), ArchiveLayout(None, copy=True))
        listed = {one.info.key: one for folder in folders for one in self._list(folder, failures)}
        loaded = dict(self._loaded)
        self._hashed = unit_reader.hash_log_files(sorted(listed), listed, loaded, took)
        present = set(map(key_text, listed))
        if not failures:  # a failed listing misses nothing
            self._hashed |= {key: Hashed(absent=True) for key in loaded if key not in present}
        if self._hashed:
            unit_reader.elsewhere = {one.sha256 for one in self._hashed.values() if one.sha256}
        return took

    def _list(self, folder: str, failures: list[str]) -> list[ListedLogFile]:
        """The log files directly in a folder."""
        found = []
        try:
            for one in self._bucket.list_here(folder):
                if isinstance(one, str) or is_apple_double(one.key):
                    continue
                name = parse_key(one.key)
                known = key_text(one.key) in self._loaded
                if known or (name.kind == "log_file" and self._is_wanted(name)):
                    found.append(ListedLogFile(one, name.delivered, in_window=True))
        except TrailscanError as error:
            failures.append(error.line)
        return found

    def _is_wanted(self, name: TrailKey) -> bool:
        """Whether a name does not say that a log file is outside of scope or window."""
        in_window = name.delivered is None or name.delivered in self._window
        return in_window and self._scope.holds(name.account_id, name.region)

    def note(self, verdicts: UnitVerdicts) -> None:
        """Take over what the digests of a unit say of these log files."""
        self._attested |= verdicts.attested
        unit = verdicts.unit
        self._covered.setdefault((unit.account_id, unit.region), []).extend(verdicts.covered)

    def judge(self, clock: datetime) -> list[LogFileVerdict]:
        """The verdicts, after every unit was noted."""
        return [
            judge_elsewhere(self._one(key, hashed), self._attested, self._covered, clock)
            for key, hashed in sorted(self._hashed.items())
        ]

    def _one(self, key: str, hashed: Hashed) -> Elsewhere:
        """A log file with what the store holds of it."""
        known = self._loaded.get(key_text(key))
        if not self._has_store:
            return Elsewhere(self._bucket.name, key, hashed)
        ledger: Ledger = "loaded" if known else "not_loaded"
        return Elsewhere(self._bucket.name, key, hashed, ledger, known.sha256 if known else None)
