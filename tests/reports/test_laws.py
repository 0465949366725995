"""Laws of reports: the same numbers from every report, from SQL, from Python and the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from services.command import run_command

from trailscan.organizations.catalogue import catalogue
from trailscan.organizations.severity import SEVERITIES
from trailscan.reports.cis import cis_report
from trailscan.reports.denied import denied_report
from trailscan.reports.filter import OUTCOMES, ChangeFilter
from trailscan.reports.policies import policies_report
from trailscan.reports.principals import principals_report
from trailscan.reports.targets import targets_report
from trailscan.window import Window

FIRST = datetime(2026, 8, 1, tzinfo=UTC)
SOME = {
    "principal": ("alice", "role", "ci-scanner", "ROOT USER", "nobody"),
    "action": ("*Policy", "createaccount", "*", "Tag*"),
    "target": ("p-ex", "444455556666", "sandbox"),
    "account": ("111122223333", "555566667777"),
    "category": catalogue().categories,
    "severity": SEVERITIES,
    "outcome": OUTCOMES,
    "source_ip": ("192.0.2.", "203.0.113.66"),
    "contains": ("guard", "refused", "mozilla"),
}
BOUNDS = st.none() | st.integers(0, 100).map(lambda days: FIRST + timedelta(days=days))
FILTERS = st.builds(
    lambda bounds, reads, texts: ChangeFilter(window=Window(*bounds), reads=reads, **texts),
    st.tuples(BOUNDS, BOUNDS).map(lambda pair: pair if None in pair else sorted(pair)),
    st.booleans(),
    st.fixed_dictionaries(
        {},
        optional={
            name: st.lists(st.sampled_from(values), min_size=1, max_size=2).map(tuple)
            for name, values in SOME.items()
        },
    ),
)


@pytest.fixture(scope="module")
def read_once(samples, request):
    """The changes of the sample logs, read once with reads and once without, for all examples."""
    from trailscan.reports import changes

    known = {reads: changes.read_changes(samples.reader, reads=reads) for reads in (False, True)}
    patch = pytest.MonkeyPatch()
    patch.setattr(changes, "iterate_changes", lambda store, *, reads, **_: iter(known[reads]))
    yield known
    patch.undo()


def total(table, *names):
    """The sum of some columns."""
    return sum(record[name] for record in table.records() for name in names)


def touched(change, texts):
    """The resources of a change that match a filter by target; None if the log names none."""
    named = [(one.id, (one.name or "").casefold()) for one in change.resources if one.id]
    if texts:
        named = [one for one in named if any(text in part for text in texts for part in one)]
    return named or [None]


@settings(max_examples=150)
@given(FILTERS)
def test_the_totals_of_all_reports_agree(samples, read_once, wanted):
    """Every change is in one row of principals and, for each of its targets, in one of targets."""
    from trailscan.reports.changes import changes_report

    shown = changes_report(samples.reader, wanted).records()
    principals = principals_report(samples.reader, wanted)
    targets = targets_report(samples.reader, wanted)
    ids = {change.event.event_id: change for change in read_once[wanted.reads]}
    about = [row for row in shown for _ in touched(ids[row["event_id"]], wanted.target)]
    for table, counted in ((principals, shown), (targets, about)):
        assert total(table, "changes", "reads") == len(counted)
        assert total(table, "succeeded", "denied", "failed") == len(counted)
        for outcome in OUTCOMES:
            assert total(table, outcome) == sum(row["outcome"] == outcome for row in counted)
        assert total(table, "reads") == sum(row["category"] == "read" for row in counted)
    if not wanted.outcome:
        denied = [row["event_id"] for row in shown if row["outcome"] == "denied"]
        assert [
            row["event_id"] for row in denied_report(samples.reader, wanted).records()
        ] == denied
    named = [
        row for row in shown if row["category"] in {"policy", "policy_type", "resource_policy"}
    ]
    steps = policies_report(samples.reader, wanted).records()
    assert {row["event_id"] for row in steps} == {
        row["event_id"] for row in named if row["event_name"] != "EffectivePolicyValidation"
    }


@settings(max_examples=100)
@given(FILTERS)
def test_the_control_counts_what_changes_count(samples, read_once, wanted):
    """Each row of the control is the number of changes of that event name."""
    from trailscan.reports.changes import changes_report

    shown = [
        row["event_name"]
        for row in changes_report(samples.reader, wanted).records()
        if row["category"] != "read"
    ]
    for row in cis_report(samples.reader, wanted).records():
        assert row["changes"] == shown.count(row["event_name"])


@pytest.mark.parametrize(
    ("filters", "where"),
    [
        ({}, "true"),
        ({"outcome": "denied"}, "outcome = 'denied'"),
        ({"severity": ("high", "critical")}, "severity in ('high', 'critical')"),
        ({"since": "2026-10-01", "until": "2026-10-17"}, "event_time >= '2026-10-01' and event_time < '2026-10-17'"),
        ({"category": "policy", "action": "*policy"}, "category = 'policy' and event_name ilike '%policy'"),
        ({"source_ip": "203.0.113.66"}, "source_ip_address like '%203.0.113.66%'"),
    ],
)  # fmt: skip
def test_sql_python_and_the_command_line_count_the_same(samples, filters, where):
    """One question asked in four ways."""
    query = "select count(*) from changes where "
    ((number,),) = samples.sql(query + where).rows
    assert len(samples.changes(**filters)) == number
    frame = samples.report("principals", **filters).to_frame()
    assert frame["changes"].sum() == number
    words = [
        word
        for name, value in filters.items()
        for text in (value if isinstance(value, tuple) else (value,))
        for word in (f"--{name.replace('_', '-')}", text)
    ]
    for name in ("changes", "principals"):
        options = ["--store", samples.place, "--format", "json", "--quiet", *words]
        done = run_command("report", name, *options)
        assert done.returncode == 0
        told = json.loads(done.stdout)["rows"]
        counts = [row.get("changes", 1) for row in told]
        assert sum(counts) == number
        assert told == json.loads(_as_json(samples.report(name, **filters)))["rows"]


def _as_json(table):
    from trailscan.render.json import render_json

    return render_json(table)
