"""The evidence of a night: its records, log files, digests, rejects, gaps and conflicts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from trailscan.export.digest_files import DigestFile, public_keys, read_digests, uncovered
from trailscan.reports.changes import all_that_tell
from trailscan.reports.missing import AFTERMATH, Question, read_gaps
from trailscan.reports.quiet import Place
from trailscan.store.attestations import judge_row
from trailscan.store.paths import NO_DAY
from trailscan.store.rejects import read_rejects
from trailscan.trail.keys import parse_key
from trailscan.window import Window, format_instant, shifted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trailscan.store.reader import StoreReader
    from trailscan.store.rejects import StoredReject

EVENTS = [
    *("event_time", "event_id", "event_source", "recipient_account_id", "record_sha256"),
    *("record", "conflict", "log_file_bucket", "log_file_key", "log_file_etag"),
    *("log_file_sha256", "record_index"),
]
"""The columns that lines of records are made of."""
ORDER = [
    *("event_time", "event_id", "recipient_account_id", "record_sha256"),
    *("log_file_key", "log_file_bucket", "record_index"),
]
"""The columns by which records are in order."""
_FROM = ["log_file_bucket", "log_file_key", "log_file_etag"]
_TOP = "AWSLogs/"


class Gap(NamedTuple):
    """A span of time of which something is missing, with its bounds as text."""

    kind: str
    account_id: str | None
    region: str | None
    since: str
    until: str
    why: str


def log_file_name(key: str) -> str:
    """The name of a log file or digest: its key from `AWSLogs/` on, wherever the folder stands."""
    at = f"/{key}".find(f"/{_TOP}")
    return key[at:] if at >= 0 else key


@dataclass(frozen=True)
class Evidence:
    """What a store holds of one UTC day.

    Attributes:
        store: where it was read.
        day: the day.
        question: what is asked of the store: the window of delivery, and further log files.
        events: the events of the day, in a fixed order.
        log_files: a row for each log file of the day, with the columns of `log_files.csv`.
        digests: the digests that cover it.
        rejects: what could not be used.
        gaps: spans of time without log files or digests.
    """

    store: StoreReader
    day: date
    question: Question
    events: pa.Table
    log_files: list[dict[str, Any]]
    digests: list[DigestFile]
    rejects: list[StoredReject]
    gaps: list[Gap]

    @property
    def window(self) -> Window:
        """The window of event time."""
        return Window.day(self.day)

    @cached_property
    def keys(self) -> list[dict[str, str]]:
        """The public keys that its digests name."""
        return public_keys(self.store, self.digests)

    @cached_property
    def by_identity(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        """The log files by bucket, key and ETag."""
        return {(row["bucket"], row["key"], row["etag"]): row for row in self.log_files}

    @property
    def conflicts(self) -> pa.Table:
        """The events that share their ID with another of different content."""
        return self.events.filter(self.events["conflict"])


def read_evidence(store: StoreReader, day: date) -> Evidence:
    """The evidence of one UTC day.

    Raises:
        StoreError: the store is damaged.
    """
    events = _events(store, day)
    held = _held(store, day, events)
    places = frozenset((row["bucket"], row["key"]) for row in held)
    question = replace(Question.of_events(Window.day(day)), log_files=places)
    named = {
        (bucket, found["digest_key"])
        for (bucket, _), found in store.attestations_of(places).items()
        if found["digest_key"]
    }
    digests = read_digests(store, day, question, named) if store.files("digests") else []
    rows = _judged(store, held, digests)
    for row in rows:  # Arrow's UTC is another object than Python's
        row["delivered"] = row["delivered"] and row["delivered"].astimezone(UTC)
    rows += _not_loaded(rows, digests, question)
    counts = _lines(events)
    for row in rows:
        row["records_of_the_day"] = counts.get((row["bucket"], row["key"], row["etag"]), 0)
    rows.sort(key=lambda row: (row["log_file"], row["bucket"], row["key"], row["etag"] or ""))
    rejects = [one for one in read_rejects(store) if question.needs(one)]
    gaps = [*_gaps(store, question), *_without_digests(digests, question)]
    return Evidence(store, day, question, events, rows, digests, rejects, gaps)


def _events(store: StoreReader, day: date) -> pa.Table:
    """The events of a day of the services that changes are made with."""
    found = store.events(Window.day(day), EVENTS, all_that_tell, ordered=False)
    return found.sort_by([(name, "ascending") for name in ORDER])


def _lines(events: pa.Table) -> dict[tuple[str, str, str], int]:
    """How many events are from each log file."""
    grouped = events.group_by(_FROM).aggregate([([], "count_all")])
    columns = [*(grouped[name].to_pylist() for name in _FROM), grouped["count_all"].to_pylist()]
    return {(bucket, key, etag): n for bucket, key, etag, n in zip(*columns, strict=True)}


def _held(store: StoreReader, day: date, events: pa.Table) -> list[dict[str, Any]]:
    """The log files delivered for a day and those that events of the day came from.

    Of a log file that was first rejected and later done, the row of when it was done.
    """
    came_from = set(_lines(events))
    days = {day, shifted(day, timedelta(days=1))}
    days |= {parse_key(key).day or NO_DAY for _, key, _ in came_from}
    whole = Window.day(day)
    delivered = Window(whole.start, whole.end and shifted(whole.end, AFTERMATH))
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in store.log_files(days).to_pylist():
        identity = (row["bucket"], row["key"], row["etag"])
        when = row["delivered"]
        if identity not in came_from and (when is None or when not in delivered):
            continue
        if identity not in found or row["status"] == "done":
            found[identity] = row
    return [found[identity] for identity in sorted(found)]


def _judged(
    store: StoreReader, held: list[dict[str, Any]], digests: list[DigestFile]
) -> list[dict[str, Any]]:
    """The rows of log files with their names, attestations, digests and hashes."""
    said = store.attestations_of({(row["bucket"], row["key"]) for row in held})
    paths = {(one.row["bucket"], one.row["key"]): one.path for one in digests}
    rows = []
    for row in held:
        found = said.get((row["bucket"], row["key"]))
        judged = judge_row(found, row["sha256"])
        attested = found and found["digest_proof"] and found["attested_sha256"]
        rows.append(
            row
            | {
                "log_file": log_file_name(row["key"]),
                "sha256": row["sha256"] or attested or None,
                "sha256_from": "read" if row["sha256"] else "digest" if attested else None,
                "attestation": judged.state if row["status"] == "done" else None,
                "digest": judged.digest_key and paths.get((row["bucket"], judged.digest_key)),
            }
        )
    return rows


def _not_loaded(
    held: list[dict[str, Any]], digests: list[DigestFile], question: Question
) -> list[dict[str, Any]]:
    """Rows of log files that proved digests name and that the store does not have."""
    known = {row["log_file"] for row in held}
    found: dict[str, dict[str, Any]] = {}
    for one in digests:
        for named in one.digest.log_files if one.is_proved else ():
            name, trail = log_file_name(named.key), parse_key(named.key)
            is_new = name not in known and name not in found
            if not is_new or trail.delivered is None or trail.delivered not in question.delivered:
                continue
            if question.concerns(Place(trail.account_id, trail.region)):
                found[name] = {
                    **dict.fromkeys(("etag", "reason", "event_sources", "attestation")),
                    **dict.fromkeys(("bytes", "inflated_bytes", "stored_sha256")),
                    **dict.fromkeys(("records", "kept", "filtered_out", "duplicates", "rejects")),
                    "conflicts": None,
                    "log_file": name,
                    "bucket": named.bucket,
                    "key": named.key,
                    "status": "not_loaded",
                    "sha256": named.sha256,
                    "sha256_from": "digest",
                    "account_id": trail.account_id,
                    "region": trail.region,
                    "delivered": trail.delivered,
                    "digest": one.path,
                }
    return list(found.values())


def _gaps(store: StoreReader, question: Question) -> Iterator[Gap]:
    """The days without log files between days that have some."""
    found = read_gaps(store, question)
    for place in sorted(found, key=str):
        for first, last in found[place]:
            after = shifted(last, timedelta(days=1))
            why = "no log file of these days, between days that have some"
            yield Gap("no_log_files", *place, f"{first}T00:00:00Z", f"{after}T00:00:00Z", why)


def _without_digests(digests: list[DigestFile], question: Question) -> Iterator[Gap]:
    """The spans that no digest covers, of accounts and regions that have digests."""
    for place, span in uncovered(digests, question.delivered):
        if span.start and span.end:
            bounds = (format_instant(span.start), format_instant(span.end))
            yield Gap("no_digests", *place, *bounds, "no proved digest covers this time")


def who_acted(evidence: Evidence) -> Iterator[str]:
    """Who acted until the end of the day, as JSON with `userIdentity`, each once.

    A row of the day may name who acted before: who made the call that a result is of, for example.
    """
    until = Window(None, evidence.window.end)
    columns = ["user_identity"]
    found = evidence.store.events(until, columns, all_that_tell, ordered=False)
    for text in sorted(filter(None, pc.unique(found["user_identity"]).to_pylist())):
        yield f'{{"userIdentity":{text}}}'
