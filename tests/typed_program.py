"""A program of somebody who uses trailscan: every public function, as a type checker sees it."""

# ruff: noqa: T201 # a program for a terminal

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import trailscan as ts

if TYPE_CHECKING:
    import pandas as pd


def load_and_check(logs: Path, place: Path) -> tuple[int, bool]:
    """How many events were loaded, and whether all of them could be read."""
    loaded = ts.load(logs, place, since="2026-01-01", until=datetime.now(UTC), progress=False)
    ts.load([logs], ts.open(place), progress=None)
    validated = ts.open(place).validate(str(logs), since=date(2026, 1, 1))
    print(ts.summary_text(loaded), ts.summary_text(validated))
    return loaded.kept, loaded.complete


def frames(store: ts.Store) -> list[pd.DataFrame]:
    """A frame of each report, and of each table of the store."""
    return [
        store.changes(since="30d", principal="alice", severity=["high", "critical"]),
        store.principals(until=date(2026, 12, 1)),
        store.targets(target="ou-"),
        store.denied(source_ip="192.0.2."),
        store.policies(category="policy"),
        store.accounts(account="111122223333"),
        store.findings(severity="high", ignore=Path("accepted.toml")),
        store.summary(tz="Europe/Berlin"),
        store.coverage(),
        store.cis(since="90d"),
        store.events("7d", columns=["event_time", "event_name"], event_name="MoveAccount"),
        store.log_files(),
        store.rejects(),
        store.conflicts(),
    ]


def read(store: ts.Store, event_id: str, folder: Path) -> list[Path]:
    """Everything about one event, and the files that say so."""
    event = store.show(event_id, around="2h")
    report = store.report("changes", since="7d", action="*Policy", tz="UTC")
    rows = store.sql("SELECT principal, count(*) AS n FROM changes GROUP BY ALL", tz="UTC")
    print(event, store.record(event_id)["eventName"], store.status("1d", each_account=True))
    print(report.to_arrow(), report.to_polars(), rows.relation().limit(3), len(rows.to_frame()))
    policy = store.policy("p-examplepolicy")
    diff = policy.diff(until=datetime.now(UTC))
    print(policy.text(), diff.in_words, diff.access, policy.to_frame().columns)
    charts = [
        ts.plot.activity(store, since="2026-01-01"),
        ts.plot.who_by_what(store),
        ts.plot.hours(store, until="2026-12-01"),
        ts.plot.accounts(store),
        ts.plot.policies(store),
        ts.plot.sessions(store, event_id),
    ]
    return [report.save(folder / "changes.html"), *(one.save(folder / "a.svg") for one in charts)]


def main() -> None:
    """The samples and another store."""
    try:
        store = ts.open("s3://bucket/store", {"111122223333": "Payments"}, region="eu-west-1")
    except ts.TrailscanError as error:
        print(error, error.hint)
        store = ts.demo()
    print(len(frames(store)))


if __name__ == "__main__":
    main()
