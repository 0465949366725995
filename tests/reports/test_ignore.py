"""Findings that a file says to ignore: left out, counted and listed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from services.command import run_command

from trailscan.reports.ignore import IgnoreEntry, parse_ignore_list

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
RULES = ("account-closed", "account-left")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ignore = 3", r"expected \[\[ignore\]\] tables"),
        ("[[ignored]]", r"expected \[\[ignore\]\] tables, not \"ignored\""),
        ("ignore = [1]", "entry 1 is not a table"),
        ('[[ignore]]\nrule = "account-closed"', "entry 1: reason is missing"),
        ('[[ignore]]\nrule = "account-closed"\nreason = " "', "entry 1: reason is not a text"),
        ('[[ignore]]\nreason = "x"', "entry 1: one of rule, principal, target, finding is needed"),
        ('[[ignore]]\nreason = "x"\nrule = "no"', "entry 1: no rule 'no'; there are: account-clo"),
        ('[[ignore]]\nreason = "x"\nwho = "no"', "entry 1: no key 'who'; there are: reason, rule"),
        ('[[ignore]]\nreason = "x"\nfinding = "abc"', "entry 1: finding has fewer than 8 char"),
        ('[[ignore]]\nreason = "x"\ntarget = "t"\nuntil = "soon"', "entry 1: until is not a date"),
        ("x y", "at line 1, column 3"),
    ],
)
def test_a_file_that_is_wrong_says_where(text, why):
    """Nothing is ignored by a file that was not understood."""
    with pytest.raises(ValueError, match=why):
        parse_ignore_list(text, NOW, RULES)


def test_an_entry_holds_to_the_end_of_its_day():
    """In UTC; a time without a zone is UTC too."""
    entry = '[[ignore]]\nrule = "account-closed"\nreason = "x"\nuntil = '
    for text, until in (
        ("2026-11-23", datetime(2026, 11, 24, tzinfo=UTC)),
        ("2026-11-23T08:00:00", datetime(2026, 11, 23, 8, tzinfo=UTC)),
    ):
        (found,) = parse_ignore_list(entry + text, NOW, RULES).entries
        assert found == IgnoreEntry("x", rule="account-closed", until=until)
        assert found.is_expired(NOW) is (until <= NOW)


def test_everybody_and_everything_of_a_finding_must_be_named():
    """A finding with another principal or target besides stays."""
    entry = IgnoreEntry("x", principal="alice@*", target="P-1")
    assert entry.matches("r", "f", [("alice@example.com",)], [("p-1", "deny")])
    assert not entry.matches("r", "f", [("alice@example.com",), ("bob",)], [("p-1",)])
    assert not entry.matches("r", "f", [("alice@example.com",)], [("p-1",), ("p-2",)])
    assert not entry.matches("r", "f", [("alice@example.com",)], [()])


def test_ignored_findings_are_counted_listed_and_fail_nothing(samples, tmp_path):
    """Expired entries ignore nothing, and those that match nothing are said."""
    place = samples.reader.place
    every = samples.report("findings").to_frame()
    closed = every[every.rule == "account-closed"].iloc[0]
    file = tmp_path / "ignore.toml"
    file.write_text(
        '[[ignore]]\nrule = "account-closed"\nreason = "planned"\n'
        '[[ignore]]\nrule = "account-left"\nuntil = 2026-01-01\nreason = "old"\n'
        '[[ignore]]\nprincipal = "nobody"\nreason = "idle"\n'
    )
    words = ("report", "findings", "--store", place, "--rule", "account-closed")
    words = (*words, "--fail-on", "low", "--layout", "table")
    assert run_command(*words).returncode == 3
    done = run_command(*words, "--ignore", file)
    assert done.returncode == 0
    said = done.stderr.decode().splitlines()
    assert said[-4:] == [
        "1 finding ignored",
        (
            f"ignored finding {closed.finding_id} (account-closed, by the entry "
            "rule account-closed: planned)"
        ),
        (
            "expired entry of the ignore list, which ignores nothing: rule account-left, "
            "until 2026-01-02T00:00:00Z: old"
        ),
        "entry of the ignore list that no finding matches: principal nobody: idle",
    ]


def test_a_wrong_file_is_a_usage_error(samples, tmp_path):
    """Exit code 2, and the file is named."""
    file = tmp_path / "ignore.toml"
    file.write_text('[[ignore]]\nrule = "account-closed"\n')
    words = ("report", "findings", "--store", samples.reader.place, "--ignore")
    done = run_command(*words, file)
    assert (done.returncode, f"{file}: entry 1: reason is missing" in done.stderr.decode()) == (
        2,
        True,
    )
    assert run_command(*words, tmp_path / "none.toml").returncode == 2
