"""Rules about who changes something, and when."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from trailscan.reports.findings.history import TOGETHER, Hit, actor, clusters, in_words, when
from trailscan.reports.findings.rule import Rule
from trailscan.window import in_zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trailscan.events.principal import Principal
    from trailscan.organizations.changes import Change
    from trailscan.reports.findings.history import History

PEOPLE = frozenset({"root_user", "iam_user", "identity_center_user", "federated_user"})
"""Kinds of principals behind which a person may be."""
BASELINE = timedelta(days=14)
"""How much history must come before what is called new or unusual."""
LEAST_CHANGES = 30
"""How many changes by people must come before an hour is called unusual."""
UNUSUAL = 0.02
"""The share of changes in an hour and its neighbours below which it is unusual."""


def by_root_user(history: History) -> Iterator[Hit]:
    """What root users did, together what was done together."""
    found = [
        change
        for change in history.calls
        if change.principal.kind == "root_user" and change.outcome == "succeeded"
    ]
    return _runs(found)


def without_mfa(history: History) -> Iterator[Hit]:
    """What users did who showed no MFA, together what was done together.

    Only of IAM users and root users, also by the sessions that they opened: the first session of
    the chain decides. For other sessions the mark says nothing of how a person signed in, as with
    Identity Center it is false for all.
    """
    found = [
        change
        for change in history.calls
        if change.principal.kind in {"iam_user", "root_user"}
        and change.outcome == "succeeded"
        and not change.chain.with_mfa
    ]
    return _runs(found)


def _runs(changes: Iterable[Change]) -> Iterator[Hit]:
    for run in clusters(changes, TOGETHER):
        yield Hit(run, _together(run))


def _together(run: tuple[Change, ...]) -> str:
    """What one actor did, in words: the last in full."""
    more = f", and {len(run) - 1:,} more before" if len(run) > 1 else ""
    return f"{in_words(run[-1])}{more}"


def first_time(history: History) -> Iterator[Hit]:
    """The first change of each actor, once there is a history without it."""
    if not history.changes:
        return
    start = history.start or when(history.changes[0])
    known = set()
    for change in history.calls:
        who = actor(change)
        if who not in known and who.kind != "aws_service" and when(change) - start >= BASELINE:
            yield Hit((change,), f"first change by {in_words(change)}")
        known.add(who)


def unusual_hour(history: History) -> Iterator[Hit]:
    """What people did at an hour at which people hardly ever change anything."""
    calls = [change for change in history.calls if _may_be_a_person(change.principal)]
    hours: Counter[int] = Counter()
    found = []
    for change in calls:
        hour = in_zone(when(change), history.tz).hour
        near = sum(hours[(hour + step) % 24] for step in (-1, 0, 1))
        enough = hours.total() >= LEAST_CHANGES and when(change) - when(calls[0]) >= BASELINE
        if enough and near < UNUSUAL * hours.total():
            found.append(change)
        hours[hour] += 1
    for run in clusters(found, TOGETHER):
        local = in_zone(when(run[-1]), history.tz)
        yield Hit(run, f"at {local:%H:%M} ({history.tz}) {_together(run)}")


def _may_be_a_person(principal: Principal) -> bool:
    """Whether a person may be behind a principal."""
    return principal.kind in PEOPLE and not principal.is_workload


PRINCIPALS = (
    Rule(
        id="root-user-change",
        title="A root user changed the organization",
        severity="high",
        fires="a call by a root user succeeded; what followed within an hour is one finding",
        why="No policy restricts the management account's root user, and nobody should need it.",
        false_positives="The few tasks that only a root user can do.",
        find=by_root_user,
        adds=("T1078.004",),
    ),
    Rule(
        id="change-without-mfa",
        title="A change without MFA",
        severity="medium",
        fires=(
            "a call by an IAM user or a root user succeeded, whose session shows no MFA; what "
            "followed within an hour is one finding"
        ),
        why="A stolen password or access key is enough to do the same.",
        false_positives="Programs that use an IAM user's access key, which they should not.",
        find=without_mfa,
        adds=("T1078.004",),
    ),
    Rule(
        id="first-time-principal",
        title="A principal changed something for the first time",
        severity="medium",
        fires=(
            "the first change, whatever its outcome, of a user or role that made none before, 14 "
            "days or more after the first event of the store"
        ),
        why="New hands on the organization: a new colleague, a new pipeline, or an intruder.",
        false_positives="New colleagues, new pipelines, and a store whose history is short.",
        find=first_time,
        adds=("T1078.004",),
    ),
    Rule(
        id="unusual-hour",
        title="A change at an unusual hour",
        severity="medium",
        fires=(
            "people changed something at an hour of the day around which (an hour before to an "
            "hour after) fewer than 2 % of people's changes lay before, once there are 30 of them "
            "over 14 days; hours are those of --tz"
        ),
        why="Who steals a session often works while its owner sleeps.",
        false_positives="Incidents at night, journeys, colleagues in another time zone.",
        find=unusual_hour,
        adds=("T1078.004",),
    ),
)
