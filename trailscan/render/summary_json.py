"""The JSON of summaries: of a load, of a validation, and of a store. Documented and stable."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from trailscan.ingest.cost import ASSUMED, Planned
from trailscan.ingest.summary import LoadSummary
from trailscan.ingest.validation.summary import GAPS, ValidationSummary
from trailscan.render.json import plain, window_json
from trailscan.reports.status import SHOWN_REJECTS, Status
from trailscan.store.counts import sum_counts
from trailscan.store.ledger import Counts
from trailscan.store.paths import FORMAT
from trailscan.store.read_files import days_of, stored_files
from trailscan.store.requests import window_of
from trailscan.store.tool import tool_name
from trailscan.validate.verdicts import DigestVerdict
from trailscan.window import Window, format_duration, format_instant

if TYPE_CHECKING:
    from trailscan.ingest.traced_sessions import Tracing
    from trailscan.ingest.validation.summary import Verdict
    from trailscan.store.freshness import Stale
    from trailscan.store.runs import Run
    from trailscan.validate.verdicts import Gap


def summary_json(summary: LoadSummary | ValidationSummary | Status) -> dict[str, object]:
    """A summary as values for JSON."""
    match summary:
        case LoadSummary():
            return _load(summary)
        case ValidationSummary():
            return _validation(summary)
        case Status():
            return _status(summary)


def _load(summary: LoadSummary) -> dict[str, object]:
    return {
        "tool": "trailscan",
        "version": tool_name().partition(" ")[2],
        "load_id": summary.load_id or None,
        "started": summary.started and format_instant(summary.started),
        "finished": summary.finished and format_instant(summary.finished),
        "newest": summary.newest and format_instant(summary.newest),
        "stale": [_stale(one) for one in summary.stale],
        "days_changed": [day.isoformat() for day in summary.days_changed],
        "exit_code": int(summary.exit_code),
        "store": summary.store,
        "sources": list(summary.sources),
        "complete": summary.complete,
        "interrupted": summary.interrupted,
        "dry_run": None if summary.planned is None else _planned(summary.planned),
        "window": window_json(summary.window),
        "scope": {
            "accounts": list(summary.accounts) or "all",
            "regions": list(summary.regions) or "all",
            "event_sources": summary.event_sources,
            "log_files_outside_scope": summary.outside_scope,
            "log_files_outside_window": summary.outside_window,
            "regions_left_out": list(summary.regions_left_out),
            "accounts_left_out": summary.accounts_left_out,
        },
        "log_files": {
            "listed": summary.listed,
            "done": summary.done,
            "known": summary.known,
            "rejected": summary.rejected_log_files,
            "unread": summary.unread,
        },
        "archived": {
            "log_files": summary.archived.count,
            "objects": dict(sorted(summary.archived.objects.items())),
            "bytes": dict(sorted(summary.archived.stored_bytes.items())),
            "dollars_bulk": round(summary.archived.dollars[0], 6),
            "dollars_standard": round(summary.archived.dollars[1], 6),
        },
        "vanished": {"log_files": summary.vanished, "keys": list(summary.vanished_keys)},
        "records": {
            "read": summary.records,
            "kept": summary.kept,
            "filtered_out": summary.filtered_out,
            "duplicates": summary.duplicates,
            "rejects": summary.rejects,
        },
        "conflicts": summary.conflicts,
        "bytes": {"stored": summary.bytes_stored, "inflated": summary.bytes_inflated},
        "seconds": round(summary.seconds, 3),
        "sessions": summary.tracing and _tracing(summary.tracing),
        "objects": summary.objects,
        "other_objects": dict(sorted(summary.others.items())),
        "unrecognised_objects": summary.unrecognised,
        "folders_not_listed": list(summary.elsewhere),
        "sources_without_log_files": list(summary.without_log_files),
        "other_events": dict(sorted(summary.other_events.items())),
        "not_as_delivered": dict(sorted(summary.not_as_delivered.items())),
        "rejects": [
            {
                "where": str(line.where),
                "reason": line.reason,
                "message": line.message,
                "accepted": line.accepted,
            }
            for line in summary.rejected
        ],
        "failures": list(summary.failures),
        "notes": list(summary.notes),
        "validations": [summary_json(found) for found in summary.validations],
    }


def _stale(stale: Stale) -> dict[str, object]:
    """Whose newest log file is too old."""
    return {
        "account_id": stale.account_id,
        "newest": stale.newest and format_instant(stale.newest),
        "age": stale.age and format_duration(stale.age),
        "max_age": format_duration(stale.limit),
    }


def _run(run: Run | None) -> dict[str, object] | None:
    """A run of `load`."""
    if run is None:
        return None
    return {
        "load_id": run.load_id,
        "tool": run.tool,
        "started": format_instant(run.started),
        "finished": run.finished and format_instant(run.finished),
        "exit_code": run.exit_code,
        "sources": list(run.sources),
        "event_sources": run.event_sources,
        "window": window_json(Window(run.since, run.until)),
        "accounts": list(run.accounts) or "all",
        "regions": list(run.regions) or "all",
        "log_files": {"listed": run.listed, "done": run.done},
        "kept": run.kept,
        "error": run.error or None,
    }


def _tracing(tracing: Tracing) -> dict[str, object]:
    """Which sessions of the store were traced, and what that took."""
    return {
        "needed": tracing.sessions,
        "traced": tracing.traced,
        "issuing_records_kept": tracing.kept,
        "log_files": tracing.log_files,
        "bytes": tracing.bytes_stored,
        "budget_percent": tracing.share * 100,
        "looked_for_again": tracing.pending,
        "untraced": [session.line for session in tracing.untraced],
    }


def _planned(planned: Planned) -> dict[str, object]:
    """What a dry run answers."""
    return {
        "log_files": planned.log_files,
        "bytes": planned.stored_bytes,
        "trace_bytes": planned.trace_bytes,
        "list_requests": planned.list_requests,
        "get_requests": planned.get_requests,
        "dollars": round(planned.dollars, 6),
        "assumed": ASSUMED,
    }


def _validation(summary: ValidationSummary) -> dict[str, object]:
    found: dict[str, object] = {
        "source": summary.source,
        "store": summary.store,
        "outcome": summary.outcome,
        "window": window_json(summary.window),
        "copy": summary.copy,
        "accounts_and_regions": {
            "validated": summary.units,
            "without_digests": summary.without_digests,
        },
        "digests": _counts(summary.digests),
        "log_files": _counts(summary.log_files),
        "reconciliation": dict(sorted(summary.states.items())),
        "findings": [_verdict(one) for one in summary.worst_first()],
        "gaps": [_gap(gap) for gap in summary.gaps],
        "public_keys": [
            {"fingerprint": key.fingerprint, "origin": key.origin} for key in summary.keys
        ],
        "failures": list(summary.failures),
        "notes": list(summary.notes),
        "hashes_from_load": summary.known,
        "bytes_read": summary.bytes_read,
        "seconds": round(summary.seconds, 3),
    }
    if summary.every is not None:
        found["verdicts"] = [_verdict(one) for one in summary.every]
    return found


def _counts(counts: Counter[tuple[str, str]]) -> dict[str, object]:
    """Counts by verdict, and by verdict and reason."""
    verdicts: Counter[str] = Counter()
    for (verdict, _), count in counts.items():
        verdicts[verdict] += count
    return {
        "total": counts.total(),
        "verdicts": dict(sorted(verdicts.items())),
        "reasons": {f"{one}/{why}": count for (one, why), count in sorted(counts.items())},
    }


def _verdict(verdict: Verdict) -> dict[str, object]:
    found: dict[str, object] = {
        "of": "digest" if isinstance(verdict, DigestVerdict) else "log_file",
        "severity": verdict.severity,
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "words": verdict.meaning.words,
        "bucket": verdict.bucket,
        "key": verdict.key,
        "expected": verdict.expected,
        "found": verdict.found,
        "proof": verdict.proof,
    }
    if isinstance(verdict, DigestVerdict):
        return {**found, "proved_by": verdict.proved_by, "end": format_instant(verdict.name.end)}
    return {**found, "digest_key": verdict.digest_key, "ledger": verdict.ledger}


def _gap(gap: Gap) -> dict[str, object]:
    return {
        "kind": gap.kind,
        "chain": gap.chain,
        "since": gap.start and format_instant(gap.start),
        "until": gap.end and format_instant(gap.end),
        "words": GAPS[gap.kind],
    }


def _status(status: Status) -> dict[str, object]:
    counts = sum_counts(commit.counts for commit in status.last_load)
    last = status.last_load[-1] if status.last_load else None
    days = days_of(status.commits, "events")
    return {
        "store": {
            "place": status.place,
            "format": FORMAT,
            "commits": len(status.commits),
            "head_sha256": status.head,
            "files_that_no_commit_names": list(status.strays),
            "data_files": len(stored_files(status.commits)),
            "data_files_not_compared": len(status.not_compared),
            "bytes": status.bytes,
            "events": status.totals.kept,
            "first_event_date": days[0].isoformat() if days else None,
            "last_event_date": days[-1].isoformat() if days else None,
            "log_files": status.count("log_files"),
            "records": status.totals.records,
        },
        "pruned": [
            {
                "before": commit.pruned.before.isoformat(),
                "events": commit.pruned.events,
                "by": commit.pruned.by,
                "because": commit.pruned.because,
                "at": format_instant(commit.pruned.at),
            }
            for commit in status.commits
            if commit.pruned
        ],
        "complete": not status.incomplete,
        "incomplete": list(status.incomplete),
        "last_load": last
        and {
            "committed_at": format_instant(last.committed_at),
            "tool": last.tool,
            "load_id": last.load_id,
            "event_sources": last.event_sources,
            "sources": [
                {"uri": source.uri, **window_json(window_of(source))} for source in last.sources
            ],
            "counts": {name: getattr(counts, name) for name in Counts.__struct_fields__},
        },
        "last_run": _run(status.runs.last),
        "runs": len(status.runs.found),
        "files_that_record_no_run": list(status.runs.refused),
        "stale": [_stale(one) for one in status.stale],
        "asked": [
            {
                "uri": asked.uri,
                "event_sources": asked.event_sources,
                "windows": [window_json(window) for window in asked.windows],
                "never_asked": [window_json(window) for window in asked.never_asked],
                "newest": asked.newest and format_instant(asked.newest),
            }
            for asked in status.asked
        ],
        "accounts": [plain(row) for row in status.accounts.records()],
        "rejects": {
            "log_files": status.rejected_log_files,
            "records": len(status.rejects) - status.rejected_log_files,
            "accepted": status.accepted,
            "newest": [
                {
                    "id": line.id,
                    "where": str(line.where),
                    "reason": line.reason,
                    "message": line.message,
                    "json_path": line.json_path,
                }
                for line in status.rejects[:SHOWN_REJECTS]
            ],
        },
        "conflicts": status.totals.conflicts,
        "not_as_delivered": status.not_as_delivered,
    }
