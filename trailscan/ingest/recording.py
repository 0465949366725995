"""The record of a load in its store: that it began, and how it ended."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from trailscan.buckets import open_bucket
from trailscan.errors import ExitCode, TrailscanError
from trailscan.store.reader import check_marker
from trailscan.store.runs import Run, write_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from trailscan.aws.session import AwsOptions
    from trailscan.buckets import Bucket
    from trailscan.ingest.summary import LoadSummary


@dataclass(slots=True)
class Recording:
    """Records one load; a load goes on where that is not possible, and says so.

    Attributes:
        store: the place of the store.
        aws: how to reach AWS.
        run: what is known of the load.
        bucket: of the store, once it is there.
        clock: seconds of a clock that never goes back.
        failure: why it could not be recorded.
    """

    store: str
    aws: AwsOptions
    run: Run
    bucket: Bucket | None = None
    clock: Callable[[], float] = time.monotonic
    failure: str = ""
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self.clock()

    @property
    def finished(self) -> datetime:
        """The present, counted from when the load began."""
        return self.run.started + timedelta(seconds=self.clock() - self._began)

    def begin(self, bucket: Bucket) -> None:
        """Record that the load began: its store is there."""
        self.bucket = bucket
        self._write(bucket, self.run)

    def end(self, summary: LoadSummary) -> None:
        """Record how the load ended."""
        if summary.planned is None:
            self._end(
                finished=summary.finished or self.finished,
                exit_code=int(summary.exit_code),
                listed=summary.listed,
                done=summary.done,
                kept=summary.kept,
            )

    def fail(self, error: BaseException) -> None:
        """Record why the load has no answer, if there is a store."""
        if self.bucket is None:
            with suppress(TrailscanError):
                bucket = open_bucket(self.store, self.aws)
                check_marker(bucket, self.store)
                self.begin(bucket)
        code = ExitCode.INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
        if isinstance(error, TrailscanError):
            code = error.exit_code
        self._end(finished=self.finished, exit_code=int(code), error=f"{error}")

    def _end(self, **how: object) -> None:
        if self.bucket is not None and not self.failure:
            self._write(self.bucket, replace(self.run, **how))

    def _write(self, bucket: Bucket, run: Run) -> None:
        try:
            write_run(bucket, run)
        except TrailscanError as error:
            self.failure = f"this run is not recorded in the store: {error}"
