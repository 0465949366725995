"""The status of a store in OpenMetrics' text format, as Prometheus and its relatives read it.

The format: github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trailscan.store.tool import tool_name
from trailscan.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from trailscan.reports.status import Status
    from trailscan.store.runs import Run


class Sample(NamedTuple):
    """One value of a metric; the labels tell it from the others."""

    value: float | int
    labels: Mapping[str, str] = {}


class Metric(NamedTuple):
    """One metric: all are gauges but `trailscan_build`, which is an info."""

    name: str
    about: str
    samples: tuple[Sample, ...]
    unit: str = ""
    kind: str = "gauge"

    @property
    def lines(self) -> Iterator[str]:
        """Its lines: what it is, then its samples."""
        yield f"# TYPE {self.name} {self.kind}"
        if self.unit:
            yield f"# UNIT {self.name} {self.unit}"
        yield f"# HELP {self.name} {_escaped(self.about)}"
        suffix = "_info" if self.kind == "info" else ""
        for value, labels in self.samples:
            named = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
            yield f"{self.name}{suffix}{'{' + named + '}' if named else ''} {value}"


def render_openmetrics(status: Status) -> str:
    """What a store holds, one sample a line, with the end mark that the format demands."""
    lines = [line for metric in _metrics(status) if metric.samples for line in metric.lines]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _metrics(status: Status) -> Iterator[Metric]:
    """Every metric of a status, those without samples too."""
    totals = status.totals
    yield Metric(
        "trailscan_build",
        "The program that looked at the store.",
        (Sample(1, {"version": tool_name().partition(" ")[2]}),),
        kind="info",
    )
    for name, about, value in (
        ("complete", "1 if everything requested was read, 0 if not.", int(not status.incomplete)),
        ("incomplete_reasons", "Reasons why the store may lack something.", len(status.incomplete)),
        ("commits", "Commits of the ledger.", len(status.commits)),
        ("events", "Events in the store.", totals.kept),
        ("records", "Records in the log files read.", totals.records),
        ("log_files", "Log files read.", totals.log_files),
        ("conflicts", "Events that repeat the ID of an event that differs.", totals.conflicts),
        ("rejected_log_files", "Log files that could not be read.", status.rejected_log_files),
        (
            "rejected_records",
            "Records that could not be used.",
            len(status.rejects) - status.rejected_log_files,
        ),
        ("accepted_rejects", "Rejects that somebody accepted.", status.accepted),
        ("unnamed_files", "Files in the store that no commit names.", len(status.strays)),
    ):
        yield Metric(f"trailscan_{name}", about, (Sample(value),))
    yield Metric(
        "trailscan_store_size_bytes", "Size of all data files.", (Sample(status.bytes),), "bytes"
    )
    yield from _times(status)
    yield from _by_account(status)


def _times(status: Status) -> Iterator[Metric]:
    """When a load last made a commit, and how far each source was read."""
    yield from _last_run(status.runs.last)
    loads = [commit.committed_at for commit in status.commits if commit.is_load]
    yield Metric(
        "trailscan_last_load_timestamp_seconds",
        "When a load last wrote to the store, in Unix time.",
        _instants((({}, loads[-1]),) if loads else ()),
        "seconds",
    )
    yield Metric(
        "trailscan_newest_log_file_timestamp_seconds",
        "Delivery time of the newest log file of complete loads, in Unix time.",
        _instants(
            ({"source": one.uri, "event_sources": one.event_sources}, one.newest)
            for one in status.asked
        ),
        "seconds",
    )


def _last_run(run: Run | None) -> Iterator[Metric]:
    """When a load last ran, how it ended, and what it found."""
    if run is None:
        return
    for name, about, when in (
        ("started", "When a load last began, in Unix time.", run.started),
        ("finished", "When the load that began last ended, in Unix time.", run.finished),
    ):
        samples = _instants((({}, when),))
        yield Metric(f"trailscan_last_run_{name}_timestamp_seconds", about, samples, "seconds")
    if run.exit_code is not None:
        about = "Exit code of the load that began last."
        yield Metric("trailscan_last_run_exit_code", about, (Sample(run.exit_code),))
        about = "Log files that the load that began last found."
        yield Metric("trailscan_last_run_log_files", about, (Sample(run.listed),))


def _by_account(status: Status) -> Iterator[Metric]:
    """What was read of each account and region."""
    rows = [
        ({"account_id": str(row["account_id"] or ""), "region": str(row["region"] or "")}, row)
        for row in status.accounts.records()
    ]
    yield Metric(
        "trailscan_account_log_files",
        "Log files read, by account and region.",
        tuple(Sample(int(str(row["log_files"])), labels) for labels, row in rows),
    )
    yield Metric(
        "trailscan_account_newest_log_file_timestamp_seconds",
        "Delivery time of the newest log file of an account and region, in Unix time.",
        _instants((labels, row["last_delivered"]) for labels, row in rows),
        "seconds",
    )


def _instants(found: Iterable[tuple[Mapping[str, str], object]]) -> tuple[Sample, ...]:
    """Samples of instants in Unix time; those that are not known have none."""
    known: list[tuple[Mapping[str, str], datetime]] = [
        (labels, when)  # type: ignore[misc]  # a row of a table holds objects
        for labels, when in found
        if when is not None
    ]
    return tuple(Sample(when.timestamp(), labels) for labels, when in known)


def _escaped(text: str) -> str:
    """A text as the format writes it, in one line and with nothing invisible in it."""
    return visible(text).replace("\\", "\\\\").replace('"', '\\"')
