"""The status of a store as JSON and in words."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from trailscan.store.ledger import Counts, days_of
from trailscan.store.paths import FORMAT
from trailscan.store.writer import sum_counts
from trailscan.window import Window, format_instant

if TYPE_CHECKING:
    from trailscan.reports.status import Status


def to_json(status: Status) -> dict[str, object]:
    """The status as documented, stable JSON."""
    counts = sum_counts(commit.counts for commit in status.last_load)
    last = status.last_load[-1] if status.last_load else None
    days = days_of(status.commits, "events")
    return {
        "store": {
            "place": status.place,
            "format": FORMAT,
            "commits": len(status.commits),
            "data_files": sum(len(commit.files) for commit in status.commits),
            "bytes": status.bytes,
            "events": status.totals.kept,
            "first_event_date": days[0].isoformat() if days else None,
            "last_event_date": days[-1].isoformat() if days else None,
            "log_files": status.count("log_files"),
            "records": status.totals.records,
        },
        "complete": not status.incomplete,
        "incomplete": list(status.incomplete),
        "last_load": last
        and {
            "committed_at": format_instant(last.committed_at),
            "tool": last.tool,
            "load_id": last.load_id,
            "event_sources": last.event_sources,
            "sources": [
                {"uri": source.uri, **_window(Window(source.since, source.until))}
                for source in last.sources
            ],
            "counts": {name: getattr(counts, name) for name in Counts.__struct_fields__},
        },
        "asked": [
            {
                "uri": asked.uri,
                "event_sources": asked.event_sources,
                "windows": [_window(window) for window in asked.windows],
                "never_asked": [_window(window) for window in asked.never_asked],
                "newest": asked.newest and format_instant(asked.newest),
            }
            for asked in status.asked
        ],
        "accounts": [_plain(row) for row in status.accounts.records()],
        "rejects": {
            "log_files": status.count("rejected_log_files"),
            "records": status.totals.rejects,
            "newest": [
                {
                    "where": str(line.where),
                    "reason": line.reason,
                    "message": line.message,
                    "json_path": line.json_path,
                }
                for line in status.rejects
            ],
        },
        "conflicts": status.totals.conflicts,
        "not_as_delivered": status.not_as_delivered,
    }


def _window(window: Window) -> dict[str, str | None]:
    """The bounds of a window."""
    return {
        "since": None if window.start is None else format_instant(window.start),
        "until": None if window.end is None else format_instant(window.end),
    }


def _plain(row: dict[str, object]) -> dict[str, object]:
    """A row with its instants as text."""
    return {
        name: format_instant(value) if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def to_lines(status: Status) -> list[str]:
    """The status in words, without the table of accounts."""
    days = days_of(status.commits, "events")
    span = f", of {days[0]} to {days[-1]}" if days else ""
    held = (
        f"store: {status.place} (format {FORMAT}): {status.totals.kept:,} events{span}; "
        f"{status.count('log_files'):,} log files of {status.totals.records:,} records; "
        f"{status.bytes / 1e6:,.1f} MB in {len(status.commits):,} commits"
    )
    lines = [held, _last_load_line(status)]
    for asked in status.asked:
        told = "; ".join(window.in_words for window in asked.windows)
        lines.append(f"asked for: {asked.event_sources} of {asked.uri}, delivered: {told}")
    lines += [f"incomplete: {why}" for why in status.incomplete]
    lines += [f"  reject: {line}" for line in status.rejects]
    if status.totals.conflicts:
        lines.append(
            f"conflicts: {status.totals.conflicts:,} events repeat the id of another with other "
            "content"
        )
    if status.not_as_delivered:
        told = ", ".join(f"{count:,} {how}" for how, count in status.not_as_delivered.items())
        lines.append(f"log files read but not as CloudTrail delivers them: {told}")
    return lines


def _last_load_line(status: Status) -> str:
    """The last load that added anything."""
    if not status.last_load:
        return "last load: none"
    last, counts = status.last_load[-1], sum_counts(commit.counts for commit in status.last_load)
    asked = "; ".join(
        f"{source.uri}, delivered: {Window(source.since, source.until).in_words}"
        for source in last.sources
    )
    return (
        f"last load that added anything: {format_instant(last.committed_at)} by its clock, with "
        f"{last.tool}: {counts.log_files:,} log files of {asked or 'standard input'}; read "
        f"{counts.records:,} = kept {counts.kept:,} + filtered out {counts.filtered_out:,} + "
        f"duplicates {counts.duplicates:,} + rejects {counts.rejects:,}"
    )
