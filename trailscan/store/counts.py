"""The sums of what commits add."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from trailscan.store.ledger import Counts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trailscan.store.ledger import Commit, Draft


def total_counts(commits: Iterable[Commit]) -> Counts:
    """What a store holds: the sum of what commits add, without what no longer counts.

    That is earlier readings of log files, and events that were pruned. An event of which there is a
    copy with more members by now is a duplicate.
    """
    total = dict.fromkeys(Counts.__struct_fields__, 0)
    for commit in commits:
        for name in total:
            total[name] += getattr(commit.counts, name) - getattr(commit.replaced, name, 0)
        total["duplicates"] += len(commit.replaced.records_sha256) if commit.replaced else 0
        total["kept"] -= commit.pruned.events if commit.pruned else 0
    return Counts(**total)


def gained(commit: Commit | Draft) -> Counts:
    """What a store gained by a commit: an event that replaces a copy of itself is a duplicate.

    So the sum over a load does not depend on which of its log files are in the same commit. Of one
    commit it can be negative: an event that replaces two copies that conflicted.
    """
    replaced = commit.replaced
    if replaced is None:
        return commit.counts
    return replace(
        commit.counts,
        kept=commit.counts.kept - replaced.kept,
        duplicates=commit.counts.duplicates + replaced.kept,
        conflicts=commit.counts.conflicts - replaced.conflicts,
    )


def sum_counts(counts: Iterable[Counts]) -> Counts:
    """The sum of the counts of several commits."""
    total = dict.fromkeys(Counts.__struct_fields__, 0)
    for one in counts:
        for name in total:
            total[name] += getattr(one, name)
    return Counts(**total)
