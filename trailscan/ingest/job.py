"""What a pipeline is to load, and how it tells its progress."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from trailscan.ingest.cost import TRACE_SHARE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trailscan.ingest.issuing import IssuingLogFiles
    from trailscan.ingest.plan import Scope, SourcePlan
    from trailscan.trail.log_file import Wanted
    from trailscan.window import Window


class Progress(NamedTuple):
    """The progress of a load.

    Attributes:
        listed: log files listed so far.
        done: log files that are done, rejected or known.
        stored_bytes: bytes read so far.
        units: listings that are done, with fractions of them, over all sources.
        of_units: the number of listings.
    """

    listed: int = 0
    done: int = 0
    stored_bytes: int = 0
    units: float = 0.0
    of_units: int = 1


@dataclass(slots=True)
class Job:
    """What a pipeline is to load.

    Attributes:
        sources: opened sources with the delivery window of each.
        scope: accounts and regions.
        wanted: the event sources to keep.
        streams: the bytes of sources that can be read only once, each with its name.
        hash_all: hash the uncompressed bytes of every log file, for a validation.
        issuing: gets the log files that are read, to trace sessions; None if none is traced.
        trace_share: how many bytes may be read to trace sessions, as a share of those that are
            loaded.
        progress: called as the load goes on.
        stop: when set, the pipeline commits what it has read and ends.
        load_id: names the load in its commits.
        workers: how many processes read and scan, from the first log file on; 0 and 1 for this one
            alone, None for one a processor if there are many log files.
        restored: read log files in archives too.
    """

    sources: list[tuple[SourcePlan, Window]]
    scope: Scope
    wanted: Wanted
    streams: Sequence[tuple[str, bytes]] = ()
    hash_all: bool = False
    issuing: IssuingLogFiles | None = None
    trace_share: float = TRACE_SHARE
    progress: Callable[[Progress], None] = lambda _: None
    stop: threading.Event = field(default_factory=threading.Event)
    load_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    workers: int | None = None
    restored: bool = False
