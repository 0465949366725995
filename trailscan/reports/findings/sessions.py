"""Rules about sessions and the records that issued their credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.reports.findings.history import Hit, in_words
from trailscan.reports.findings.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trailscan.reports.findings.history import History


def contradicted_sessions(history: History) -> Iterator[Hit]:
    """Calls whose session does not fit the record that issued its credentials."""
    for change in history.changes:
        if change.chain.contradictions:
            against = "; ".join(change.chain.contradictions)
            yield Hit((change,), f"{in_words(change)}; its session contradicts {against}")


SESSIONS = (
    Rule(
        id="session-contradicts-record",
        title="A session contradicts the record that issued it",
        severity="high",
        fires=(
            "a record of AWS STS issued the access key of a call, but at another time, in another "
            "account, or for another role or session"
        ),
        why="CloudTrail does not write such records: one of the two was changed or made up.",
        false_positives="Log files that were edited, such as to hide names.",
        find=contradicted_sessions,
    ),
)
