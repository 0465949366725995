"""A validation from beginning to end: open the archive, find its units, judge and store each."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trailscan.aws.public_keys import PublicKeyLister
from trailscan.aws.session import AwsOptions
from trailscan.buckets import list_folder
from trailscan.errors import StoreError, TrailscanError
from trailscan.ingest.plan import Scope, SourcePlan, open_source
from trailscan.ingest.validation.elsewhere import ElsewhereReader
from trailscan.ingest.validation.key_ring import KeyRing
from trailscan.ingest.validation.readers import LEAST_READERS, MOST_READERS, Readers
from trailscan.ingest.validation.summary import ValidationSummary
from trailscan.ingest.validation.unit import UnitReader, UnitVerdicts, ValidationContext
from trailscan.ingest.validation.units import find_units
from trailscan.location import parse_bucket
from trailscan.parallel import in_order, workers
from trailscan.validate.layout import ArchiveLayout
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from trailscan.ingest.validation.in_store import ValidationStore
    from trailscan.validate.keys import PublicKey

UNITS = 12
"""How many units are validated at a time; their reads share one pool of threads."""

_PROCESSORS = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class ValidateOptions:
    """The options of a validation; the defaults are those of the command line.

    Attributes:
        window: of delivery time.
        accounts: only these accounts; empty for all.
        regions: only these regions; empty for all.
        public_keys: keys to trust besides those of the store and of AWS.
        ask_aws: list missing keys from AWS.
        copy_of: the `s3://bucket[/prefix]` of which the source is a copy; None if it is no copy, or
            if it is a folder whose layout follows from its digests.
        every: put every verdict into the summary, not only those that are not fine.
        trust_store: use the public keys that the store keeps, where nobody else knows them.
        aws: how to reach AWS.
        workers: how many processes hash log files, from the first one on; 0 and 1 for this one
            alone, None for one a processor if there are many log files.
        progress: called with the numbers of digests, log files and bytes read so far.
    """

    window: Window = field(default_factory=Window)
    accounts: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    public_keys: tuple[PublicKey, ...] = ()
    ask_aws: bool = True
    copy_of: str | None = None
    every: bool = False
    trust_store: bool = True
    aws: AwsOptions = field(default_factory=AwsOptions)
    workers: int | None = None
    progress: Callable[[int, int, int], None] = lambda *_: None


def run_validate(
    source: str, store: str | None, options: ValidateOptions, now: datetime
) -> ValidationSummary:
    """Validate an archive, and write the verdicts to a store if one is given.

    Args:
        source: a folder or `s3://bucket[/prefix]`.
        store: the store whose ledger to compare with; None for no comparison.
        options: window, scope, keys and access.
        now: the present, which decides whether the digest of a log file is due.

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
    """Validate an archive that is open, and write the verdicts to a store if one is given.

    Args:
        source: the archive.
        store: the store whose ledger to compare with; None for no comparison.
        options: window, scope and keys.
        now: the present.
        trust_loaded: use the hashes of a load that just ended.

    A damaged store does not hide what the archive itself shows: if that was tampered with, the
    verdicts are those without a store, and the damage is one more failure.

    Raises:
        TrailscanError: the store cannot be opened, or the source cannot have digests.
    """
    if not source.has_digests:
        raise TrailscanError(f"{source.uri} is a single file", "validate a folder or a bucket")
    try:
        return _validate(source, store, options, now, trust_loaded=trust_loaded)
    except StoreError as damage:
        found = _validate(source, None, options, now, trust_loaded=trust_loaded)
        if found.outcome != "tampered":
            raise
        found.failures.append(f"{store} was not compared with: {damage}")
        return found


def _validate(
    source: SourcePlan,
    store: str | None,
    options: ValidateOptions,
    now: datetime,
    *,
    trust_loaded: bool,
) -> ValidationSummary:
    """Validate an archive that is open, with a store or without one."""
    began = time.monotonic()
    opened = None
    if store is not None:
        from trailscan.ingest.validation.in_store import ValidationStore  # noqa: PLC0415  # start-up: pyarrow

        opened = ValidationStore(store, options.aws, source, options.window, now)
    run = _Run(source, opened, options, now, trust_loaded=trust_loaded)
    run.go()
    run.summary.seconds = time.monotonic() - began
    return run.summary


def layout_of(source: SourcePlan, copy_of: str | None) -> ArchiveLayout | None:
    """The layout of an archive; None for a folder, whose layout follows from its digests."""
    if copy_of is not None:
        original = parse_bucket(copy_of)
        return ArchiveLayout(original.bucket, source.prefix, original.folder, copy=True)
    return ArchiveLayout(source.bucket.name) if source.is_remote else None


class _Run:
    """The state of one validation."""

    def __init__(
        self,
        source: SourcePlan,
        opened: ValidationStore | None,
        options: ValidateOptions,
        now: datetime,
        *,
        trust_loaded: bool,
    ) -> None:
        self._source = source
        self._store = opened
        self._options = options
        self._now = now
        self._trust_loaded = trust_loaded
        self._keys = KeyRing(
            options.public_keys,
            PublicKeyLister(options.aws) if options.ask_aws else None,
            opened.public_keys() if opened and options.trust_store else (),
        )
        self._layout = layout_of(source, options.copy_of)
        self.summary = ValidationSummary(
            source=source.uri,
            store=opened.uri if opened else None,
            window=options.window,
            copy=self._layout is None or self._layout.copy,
            every=[] if options.every else None,
        )

    def go(self) -> None:
        """Validate every unit; the summary has all verdicts even if the store cannot be written."""
        source, scope = self._source, Scope(self._options.accounts, self._options.regions)
        count = self._readers()
        at_once = min(UNITS, max(1, count // 3)) if source.is_remote else 1
        with (
            Readers(source.bucket, count, self._options.workers) as readers,
            workers("unit", at_once) as pool,
        ):
            failures = self.summary.failures
            others: list[str] = []
            look = readers.threads.map
            units = find_units(source.bucket, source.prefix, scope, failures, look, others)
            if self._store is not None and not failures:  # a failed listing misses nothing
                units += self._store.units(scope, units)
            unit_reader = UnitReader(self._context(readers))
            elsewhere = ElsewhereReader(
                source.bucket,
                scope,
                self._options.window,
                None if self._store is None else self._store.elsewhere(),
            )
            self.summary.add_elsewhere(elsewhere.read(others, unit_reader, failures))
            for verdicts in in_order(pool, unit_reader.validate, units, 2 * at_once):
                self._add(verdicts)
                elsewhere.note(verdicts)
            self.summary.notes += readers.notes(source.uri)
        outside = elsewhere.judge(self._now)
        self.summary.add_log_files(outside)
        if self._store is not None:
            self._store.add_log_files(outside)
            self._store.add_keys(self.summary.keys)
            self.summary.failures += self._store.write()
        self.summary.failures += self._keys.failures
        if not self.summary.units:
            self.summary.notes.append(
                f"{source.uri} has no folder of an account (…/AWSLogs/…/123456789012/CloudTrail/)"
            )

    def _readers(self) -> int:
        """How many threads read: one a processor for a folder, one if a load hashed it all."""
        source = self._source
        if not source.is_remote:
            return 1 if self._trust_loaded else _PROCESSORS
        with contextlib.suppress(TrailscanError):  # the request before also opened the connection
            list_folder(source.bucket, source.prefix)
        return source.connections(LEAST_READERS, MOST_READERS)

    def _context(self, readers: Readers) -> ValidationContext:
        """What all units share."""
        return ValidationContext(
            bucket=self._source.bucket,
            layout=self._layout,
            window=self._options.window,
            keys=self._keys,
            readers=readers,
            now=None if self.summary.copy else self._now,
            clock=self._now,
            loaded=self._store.loaded if self._store else None,
            proved=self._store.proved if self._store else None,
            trust_loaded=self._trust_loaded,
        )

    def _add(self, verdicts: UnitVerdicts) -> None:
        """Add the verdicts of one unit to the summary and the store."""
        total = self.summary
        total.add(verdicts)
        used = verdicts.keys - {key.fingerprint for key in total.keys}
        total.keys += [self._keys.known[name] for name in sorted(used)]
        if self._store is not None:
            total.failures += self._store.add(verdicts)
        self._options.progress(total.digests.total(), total.log_files.total(), total.bytes_read)
