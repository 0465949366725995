"""A validation from beginning to end: open, find the units, judge each, keep what was found."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trailscan.aws.public_keys import PublicKeyLister
from trailscan.aws.session import AwsOptions
from trailscan.errors import TrailscanError
from trailscan.ingest.plan import Scope, SourcePlan, open_source
from trailscan.ingest.validation.key_ring import KeyRing
from trailscan.ingest.validation.summary import ValidationSummary
from trailscan.ingest.validation.unit import Settings, UnitReader, UnitVerdicts
from trailscan.ingest.validation.units import find_units
from trailscan.parallel import in_order, workers
from trailscan.validate.place import Place
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from datetime import datetime

    from trailscan.ingest.validation.in_store import KeptStore
    from trailscan.validate.keys import PublicKey

UNITS = 12
"""How many accounts x regions are worked on at a time; their reads share one pool of threads."""

LEAST_READERS, MOST_READERS = 4, 128
_PROCESSORS = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class ValidateOptions:
    """What a validation may be told; the defaults are those of the command line.

    Attributes:
        window: of delivery time.
        accounts: only these; empty for all.
        regions: the same.
        public_keys: keys to trust besides those of the store and of AWS.
        ask_aws: ask AWS for keys that are not at hand.
        copy_of: the `s3://bucket[/prefix]` of which the source is a copy; None when it is none, or
            is a folder that tells by its digests.
        every: keep every verdict for the summary, not only what is not fine.
        progress: is told the numbers of digests and log files read so far, and of bytes.
    """

    window: Window = field(default_factory=Window)
    accounts: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    public_keys: tuple[PublicKey, ...] = ()
    ask_aws: bool = True
    copy_of: str | None = None
    every: bool = False
    aws: AwsOptions = field(default_factory=AwsOptions)
    progress: Callable[[int, int, int], None] = lambda *_: None


def run_validate(
    source: str, store: str | None, options: ValidateOptions, now: datetime
) -> ValidationSummary:
    """Validate an archive, and keep the verdicts in a store if one is given.

    Args:
        source: a folder or `s3://bucket[/prefix]`.
        store: where the store is; None to hold nothing against the ledger.
        options: window, scope, keys and access.
        now: the present; log files younger than the newest digest are judged by it.

    Raises:
        TrailscanError: the source or the store cannot be opened.
    """
    opened = open_source(source, options.aws)
    return validate_opened(opened, store, options, now)


def validate_opened(
    source: SourcePlan,
    store: str | None,
    options: ValidateOptions,
    now: datetime,
    *,
    trust_loaded: bool = False,
) -> ValidationSummary:
    """The same for a source that is open; `trust_loaded`: hashes of a load that just ended count.

    Raises:
        TrailscanError: the store cannot be opened, or the source is one file.
    """
    if source.single:
        raise TrailscanError(f"{source.uri} is one file; validate a folder or bucket with digests")
    began = time.monotonic()
    kept = None
    if store is not None:
        from trailscan.ingest.validation.in_store import KeptStore  # noqa: PLC0415  # start-up: pyarrow

        kept = KeptStore(store, options.aws, source.bucket.name, options.window, now)
    run = _Run(source, kept, options, now, trust_loaded=trust_loaded)
    run.go()
    run.summary.seconds = time.monotonic() - began
    return run.summary


def place_of(source: SourcePlan, copy_of: str | None) -> Place | None:
    """What an archive is; None for a folder that must tell by its digests."""
    if copy_of is not None:
        bucket, _, prefix = copy_of.removeprefix("s3://").partition("/")
        folder = f"{prefix.rstrip('/')}/" if prefix else ""
        return Place(bucket, source.prefix, folder, copy=True)
    return Place(source.bucket.name) if source.is_s3 else None


class _Run:
    """One validation on its way."""

    def __init__(
        self,
        source: SourcePlan,
        kept: KeptStore | None,
        options: ValidateOptions,
        now: datetime,
        *,
        trust_loaded: bool,
    ) -> None:
        self._source = source
        self._kept = kept
        self._options = options
        self._now = now
        self._trust_loaded = trust_loaded
        self._keys = KeyRing(
            [*options.public_keys, *(kept.public_keys() if kept else ())],
            PublicKeyLister(options.aws) if options.ask_aws else None,
        )
        self._place = place_of(source, options.copy_of)
        self.summary = ValidationSummary(
            source=source.uri,
            store=kept.place if kept else None,
            window=options.window,
            copy=self._place is None or self._place.copy,
            every=[] if options.every else None,
        )

    def go(self) -> None:
        """Validate every unit; what was found is told even if the store cannot be written."""
        source, scope = self._source, Scope(self._options.accounts, self._options.regions)
        count = self._readers()
        at_once = min(UNITS, max(1, count // 3)) if source.is_s3 else 1
        with workers("read", count) as readers, workers("unit", at_once) as pool:
            failures = self.summary.failures
            units = find_units(source.bucket, [source.prefix], scope, failures, readers, count)
            unit_reader = UnitReader(self._settings(readers, count))
            for found in in_order(pool, unit_reader.validate, units, 2 * at_once):
                self._take(found)
        if self._kept is not None:
            self._kept.keep_keys(self.summary.keys)
            self.summary.failures += self._kept.write()
        self.summary.failures += self._keys.failures
        if not self.summary.units:
            self.summary.notes.append(
                f"no folder of an account (…/AWSLogs/…/123456789012/CloudTrail/) below {source.uri}"
            )

    def _readers(self) -> int:
        """How many threads read: of a folder, one a processor, or one if all was hashed before."""
        source = self._source
        if not source.is_s3:
            return 1 if self._trust_loaded else _PROCESSORS
        with contextlib.suppress(TrailscanError):  # the request before also opened the connection
            source.bucket.list_folder(source.prefix)
        return source.connections(LEAST_READERS, MOST_READERS)

    def _settings(self, readers: Executor, threads: int) -> Settings:
        """What all units share."""
        return Settings(
            bucket=self._source.bucket,
            place=self._place,
            window=self._options.window,
            keys=self._keys,
            readers=readers,
            ahead=threads,
            now=None if self.summary.copy else self._now,
            loaded=self._kept.loaded if self._kept else None,
            trust_loaded=self._trust_loaded,
        )

    def _take(self, found: UnitVerdicts) -> None:
        """Take in one unit."""
        self.summary.add(found)
        used = found.keys - {key.fingerprint for key in self.summary.keys}
        self.summary.keys += [self._keys.known[name] for name in sorted(used)]
        if self._kept is not None:
            self.summary.failures += self._kept.take(found)
        total = self.summary
        self._options.progress(total.digests.total(), total.log_files.total(), total.bytes_read)
