"""Summaries in words: of a load, of a validation, and of a store.

File names, messages and URIs come from logs and buckets: every line is made visible here, once, so
that no line end or escape sequence of theirs reaches a terminal or a notebook.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from trailscan.aws.partitions import global_regions
from trailscan.ingest.cost import ASSUMED
from trailscan.ingest.summary import LoadSummary
from trailscan.ingest.validation.summary import GAPS, ValidationSummary, kind_of
from trailscan.location import STANDARD_INPUT, object_uri
from trailscan.numbers import counted, size_text
from trailscan.reports.status import SHOWN_REJECTS, Status
from trailscan.store.counts import sum_counts
from trailscan.store.paths import FORMAT
from trailscan.store.read_files import days_of
from trailscan.store.rejects import SHORT_ID
from trailscan.store.requests import window_of
from trailscan.validate.verdicts import DigestVerdict
from trailscan.visible import visible
from trailscan.window import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from trailscan.ingest.cost import Planned
    from trailscan.ingest.traced_sessions import Tracing
    from trailscan.ingest.validation.summary import Verdict
    from trailscan.location import RejectLine
    from trailscan.store.ledger import Counts, Source
    from trailscan.store.rejects import StoredReject
    from trailscan.store.runs import Runs
    from trailscan.validate.verdicts import Gap

_SHOWN = 10  # failures, rejects
_SHOWN_VERDICTS = 5  # of each kind
_LONGEST = 90  # characters of a value in a line
_CENT = 0.01
_MAIN_REGION = "us-east-1"


def summary_text(summary: LoadSummary | ValidationSummary | Status) -> str:
    """A summary in words, safe to print."""
    return "\n".join(map(visible, _lines(summary)))


def _lines(summary: LoadSummary | ValidationSummary | Status) -> Iterator[str]:
    match summary:
        case LoadSummary():
            return _load(summary)
        case ValidationSummary():
            return _validation(summary)
        case Status():
            return _status(summary)


def _load(summary: LoadSummary) -> Iterator[str]:
    """Last come the sums of log files and records, or what a load would do."""
    yield from summary.notes
    yield _scope(summary)
    yield from _objects(summary)
    if summary.not_as_delivered:
        yield _deviations(summary.not_as_delivered)
    yield from (f"could not be listed: {failure}" for failure in summary.failures[:_SHOWN])
    if len(summary.failures) > _SHOWN:
        yield f"… and {len(summary.failures) - _SHOWN:,} more that could not be listed"
    yield from _out_of_reach(summary)
    open_ = [line for line in summary.rejected if not line.accepted]
    yield from (f"reject: {reject_text(line)}" for line in open_[:_SHOWN])
    if len(open_) > _SHOWN:
        yield f"… and {counted(len(open_) - _SHOWN, 'more reject')}"
    if accepted := len(summary.rejected) - len(open_):
        yield f"accepted: {counted(accepted, 'reject')}; `trailscan rejects` lists them"
    if summary.conflicts:
        yield _conflicts(summary.conflicts)
    if summary.interrupted:
        yield "interrupted; run the same command to resume"
    if summary.tracing is not None:
        yield from _tracing(summary.tracing)
    if summary.days_changed:
        yield _days_changed(summary.days_changed)
    if summary.planned is None:
        yield _log_files(summary)
        yield _records(summary)
    else:
        new = summary.planned.log_files
        archived = f" + archived {summary.archived.count:,}" if summary.archived.count else ""
        yield (
            f"log files listed {summary.listed:,} = known {summary.known:,} + new {new:,}{archived}"
        )
        yield _planned(summary.planned)


def _days_changed(days: Sequence[date]) -> str:
    """The days of which events were added, the newest ones by name."""
    shown = ", ".join(day.isoformat() for day in reversed(days[-_SHOWN:]))
    more = f" and {len(days) - _SHOWN:,} earlier" if len(days) > _SHOWN else ""
    return f"events added to {counted(len(days), 'day')}: {shown}{more}"


def _tracing(tracing: Tracing) -> Iterator[str]:
    """Which sessions were traced; nothing if the store has none."""
    if not tracing.sessions:
        return
    read = counted(tracing.log_files, "more log file")
    size = size_text(tracing.bytes_stored)
    yield (
        f"sessions: {tracing.traced:,} of {tracing.sessions:,} traced to who opened them, "
        f"{counted(tracing.kept, 'issuing record')} added; {read} read for it, {size}"
    )
    roles = tracing.untraced_roles
    yield from (f"not traced: {visible(line)}" for line in roles[:_SHOWN])
    if len(roles) > _SHOWN:
        more = counted(len(roles) - _SHOWN, "more role")
        yield f"… and sessions of {more} not traced; --format json names every session"


def _scope(summary: LoadSummary) -> str:
    """What was read, and what lies outside it."""
    accounts = ", ".join(summary.accounts) or "all"
    regions = ", ".join(summary.regions) or "all"
    if set(summary.regions) == set(global_regions().values()):
        others = ", ".join(region for region in summary.regions if region != _MAIN_REGION)
        regions = f"{_MAIN_REGION} (in other partitions: {others})"
    outside = summary.outside_window
    left = [
        f"regions {', '.join(summary.regions_left_out)}" if summary.regions_left_out else "",
        counted(summary.accounts_left_out, "account") if summary.accounts_left_out else "",
        counted(summary.outside_scope, "log file") if summary.outside_scope else "",
        f"{counted(outside, 'log file')} outside the window" if outside else "",
    ]
    return (
        f"scope: {summary.event_sources}; accounts: {accounts}; regions: {regions}; "
        f"delivered: {summary.window.in_words}; "
        f"left unread: {'; '.join(filter(None, left)) or 'nothing'}"
    )


def _objects(summary: LoadSummary) -> Iterator[str]:
    """What the sources have beside log files, or instead of them."""
    if summary.others:
        total = counted(sum(summary.others.values()), "object")
        are = "is not a log file" if sum(summary.others.values()) == 1 else "are not log files"
        yield f"{total} {are}: {_kinds(summary.others)}"
    if summary.elsewhere:
        kinds = ", ".join(kind.replace("_", " ") for kind in summary.elsewhere)
        yield f"folders of other deliveries, which are not listed: {kinds}"
    if summary.unrecognised:
        count = counted(summary.unrecognised, "object")
        are = (
            "is neither a log file nor"
            if summary.unrecognised == 1
            else "are neither log files nor"
        )
        yield f"unrecognised: {count} {are} anything that is known by its name (below)"
    for source in summary.without_log_files:
        yield (
            f"no log file found in {source}: {_what_was_there(summary)}; "
            "check the source, --account and --from-region"
        )
    if summary.other_events:
        yield f"not records of calls or service events: {_kinds(summary.other_events)}"


def _what_was_there(summary: LoadSummary) -> str:
    """What the sources have instead of log files in scope."""
    there = counted(summary.objects, "object") + " listed"
    if left := [*summary.regions_left_out, *summary.elsewhere]:
        there += f", and folders of {', '.join(left)}"
    return there


def _out_of_reach(summary: LoadSummary) -> Iterator[str]:
    """The log files in archives, and those of an inventory that are gone."""
    if summary.archived.count:
        yield summary.archived.line
    if summary.vanished:
        more = " …" if summary.vanished > len(summary.vanished_keys) else ""
        yield (
            f"vanished since the inventory: {counted(summary.vanished, 'log file')}: "
            f"{', '.join(summary.vanished_keys)}{more}"
        )


def _log_files(summary: LoadSummary) -> str:
    unread = f" + unread {summary.unread:,}" if summary.unread else ""
    unread += f" + archived {summary.archived.count:,}" if summary.archived.count else ""
    unread += f" + vanished {summary.vanished:,}" if summary.vanished else ""
    return (
        f"log files listed {summary.listed:,} = done {summary.done:,} + known {summary.known:,} "
        f"+ rejected {summary.rejected_log_files:,}{unread}; {size_text(summary.bytes_stored)} "
        f"stored, {size_text(summary.bytes_inflated)} uncompressed, {summary.seconds:.1f} s"
    )


def _planned(planned: Planned) -> str:
    """What a dry run answers."""
    files = counted(planned.log_files, "log file")
    would = f"dry run: a load would read {files}, {size_text(planned.stored_bytes)}"
    if planned.trace_bytes:
        would = f"{would}, and up to {size_text(planned.trace_bytes)} to trace sessions"
    if not (planned.list_requests or planned.get_requests):
        return would
    price = f"${planned.dollars:,.2f}" if planned.dollars >= _CENT else "less than $0.01"
    gets = counted(planned.get_requests, "GET request")
    return f"{would}, with {planned.list_requests:,} LIST and {gets} for {price} ({ASSUMED})"


def _validation(summary: ValidationSummary) -> Iterator[str]:
    """The last line is the outcome."""
    yield from summary.notes
    yield from (f"could not be checked: {failure}" for failure in summary.failures)
    for _, kind in groupby(summary.worst_first(), key=kind_of):
        found = list(kind)
        yield from (_verdict(one) for one in found[:_SHOWN_VERDICTS])
        if len(found) > _SHOWN_VERDICTS:
            more = len(found) - _SHOWN_VERDICTS
            yield f"… and {more:,} more of this kind (--format json lists all)"
    gaps = [gap for gap in summary.gaps if gap.kind != "start"]
    yield from (_gap(gap) for gap in gaps[:_SHOWN_VERDICTS])
    if len(gaps) > _SHOWN_VERDICTS:
        more_gaps = counted(len(gaps) - _SHOWN_VERDICTS, "more gap")
        yield f"… and {more_gaps} (--format json lists all)"
    origin = "a copy of a bucket" if summary.copy else "the bucket itself"
    yield (
        f"{summary.source} ({origin}), delivered {summary.window.in_words}; "
        f"accounts x regions {summary.units:,}; {summary.seconds:.1f} s"
    )
    yield f"digests {_verdicts(summary.digests)}"
    yield f"log files {_verdicts(summary.log_files)}"
    if summary.states:
        states = ", ".join(f"{name} {n:,}" for name, n in sorted(summary.states.items()))
        against = f"compared with {summary.store}" if summary.store else "no store to compare with"
        yield f"{against}: {states.replace('_', ' ')}"
    origins = sorted({key.origin for key in summary.keys})
    yield f"public keys: {', '.join(origins) or 'none used'}"
    yield _outcome(summary, len(gaps))


def _outcome(summary: ValidationSummary, gaps: int) -> str:
    """The outcome, with why."""
    if summary.outcome == "valid":
        return "valid: every digest is signed, every log file is as attested"
    counts = Counter(one.severity for one in summary.findings)
    open_ = counts["incomplete"]
    if summary.outcome == "tampered":
        return f"tampered: {counted(counts['tampered'], 'finding')}; open: {open_:,}"
    if not summary.digests:
        return "incomplete: there are no digests, so nothing is proved"
    pending = f", {counted(summary.pending, 'log file')} pending" if summary.copy else ""
    return (
        f"incomplete: {counted(open_, 'open verdict')}, {counted(gaps, 'gap')}, "
        f"{counted(len(summary.failures), 'failure')}{pending if summary.pending else ''}"
    )


def _verdicts(counts: Mapping[tuple[str, str], int]) -> str:
    """`10 = missing 2 + valid 8`."""
    verdicts: Counter[str] = Counter()
    for (verdict, _), count in counts.items():
        verdicts[verdict.replace("_", " ")] += count
    parts = " + ".join(f"{verdict} {count:,}" for verdict, count in sorted(verdicts.items()))
    return f"{verdicts.total():,}{f' = {parts}' if parts else ''}"


def _verdict(verdict: Verdict) -> str:
    """What, why, where, what was expected and found."""
    kind = "digest" if isinstance(verdict, DigestVerdict) else "log file"
    parts = [f"at {object_uri(verdict.bucket, verdict.key)}"]
    if verdict.expected is not None:
        parts.append(f"expected {_short(verdict.expected)}")
    if verdict.found is not None:
        parts.append(f"found {_short(verdict.found)}")
    words = f"{kind} {verdict.verdict.replace('_', ' ')}: {verdict.meaning.words}"
    return f"{words} ({'; '.join(parts)})"


def _short(text: str) -> str:
    """A text cut to what a line can show."""
    return text if len(text) <= _LONGEST else f"{text[:32]}… ({len(text):,} characters)"


def _gap(gap: Gap) -> str:
    start = "the beginning" if gap.start is None else format_instant(gap.start)
    end = "now" if gap.end is None else format_instant(gap.end)
    return f"no digest covers {start} to {end}: {GAPS[gap.kind]} (at {gap.chain})"


def _status(status: Status) -> Iterator[str]:
    """The table of accounts is apart: `Status.accounts`."""
    days = days_of(status.commits, "events")
    span = f" from {days[0]} to {days[-1]}" if days else ""
    yield (
        f"store: {status.place} (format {FORMAT}): {counted(status.totals.kept, 'event')}{span}; "
        f"{counted(status.count('log_files'), 'log file')} with "
        f"{counted(status.totals.records, 'record')}; "
        f"{status.bytes / 1e6:,.1f} MB in {counted(len(status.commits), 'commit')}"
    )
    yield from _last_run(status.runs)
    yield _last_load(status)
    for asked in status.asked:
        windows = "; ".join(window.in_words for window in asked.windows)
        yield f"requested: {asked.event_sources} from {asked.uri}, delivered: {windows}"
    if status.not_compared:
        size = sum(file.bytes for file in status.not_compared) / 1e6
        yield (
            f"not read, so not compared with the ledger: "
            f"{counted(len(status.not_compared), 'data file')} ({size:,.1f} MB); "
            "`trailscan store check` compares them all"
        )
    yield from (f"incomplete: {why}" for why in status.incomplete)
    for one in status.rejects[:SHOWN_REJECTS]:
        yield f"  reject {one.id[:SHORT_ID]}: {reject_text(one)}"
    if len(status.rejects) > SHOWN_REJECTS:
        more = len(status.rejects) - SHOWN_REJECTS
        yield f"  … and {counted(more, 'more reject')}; `trailscan rejects` lists all"
    if status.accepted:
        yield f"accepted: {counted(status.accepted, 'reject')}; `trailscan rejects` lists them"
    if status.totals.conflicts:
        yield _conflicts(status.totals.conflicts)
    if status.not_as_delivered:
        yield _deviations(status.not_as_delivered)


def _last_run(runs: Runs) -> Iterator[str]:
    """The last run of `load`, and what claims to be one."""
    run = runs.last
    if run is not None:
        found = f"{counted(run.listed, 'log file')} listed, {run.done:,} read, {run.kept:,} events"
        ended = (
            "has not ended, or was killed"
            if run.finished is None
            else f"to {format_instant(run.finished)}, exit code {run.exit_code}: "
            f"{run.error or found}"
        )
        yield f"last run: {format_instant(run.started)} {ended}; from {', '.join(run.sources)}"
    if runs.refused:
        shown = ", ".join(runs.refused[:_SHOWN_VERDICTS])
        yield f"no record of a run: {counted(len(runs.refused), 'file')} in the store: {shown}"


def _last_load(status: Status) -> str:
    """The last load that added anything."""
    if not status.last_load:
        return "last load: none"
    last, counts = status.last_load[-1], sum_counts(commit.counts for commit in status.last_load)
    sources = "; ".join(_source_in_words(source) for source in last.sources)
    return (
        f"last load that added anything: {format_instant(last.committed_at)} by its clock, with "
        f"{last.tool}: {counted(counts.log_files, 'log file')} from "
        f"{sources or 'standard input'}; {_records(counts)}"
    )


def _source_in_words(source: Source) -> str:
    """A source, and what was requested of it."""
    if source.stream:
        return "standard input" if source.uri == STANDARD_INPUT else source.uri
    return f"{source.uri}, delivered: {window_of(source).in_words}"


def _records(counts: LoadSummary | Counts) -> str:
    """The sum of records."""
    return (
        f"read {counts.records:,} = kept {counts.kept:,} + filtered out {counts.filtered_out:,} "
        f"+ duplicates {counts.duplicates:,} + rejects {counts.rejects:,}"
    )


def reject_text(line: RejectLine | StoredReject) -> str:
    """What, and where: `eventTime is missing (at s3://b/k.json.gz#17 $.eventTime)`."""
    path = "" if line.json_path == "$" else f" {line.json_path}"
    return f"{line.message} (at {line.where}{path})"


def _conflicts(count: int) -> str:
    repeat = "event repeats" if count == 1 else "events repeat"
    return f"conflicts: {count:,} {repeat} the id of another event with different content"


def _deviations(counts: Mapping[str, int]) -> str:
    return f"log files read but not as CloudTrail delivers them: {_kinds(counts)}"


def _kinds(counts: Mapping[str, int]) -> str:
    """`2 digest, 18 other`."""
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()))
