"""Each kind of tampering has its verdict: what, why, where, what was expected and what found."""

from __future__ import annotations

from trailscan.trail import digest as digest_module
from trailscan.trail import gunzip

WORDS = {"D": "Digest", "L": "LogFile", "T": "tampered", "I": "incomplete"}


def findings(found):
    """What is not fine, each as a tuple."""
    return [
        (
            type(one).__name__[:-7],
            one.severity,
            one.verdict,
            one.reason,
            one.key,
            one.expected,
            one.found,
        )
        for one in (*found.digests, *found.log_files)
        if one.severity != "fine"
    ]


def test_each_kind_of_tampering_has_its_verdict(kind, lab, stranger, monkeypatch):
    """What was done is found, by its own reason, where it was done; and nothing else is."""
    monkeypatch.setattr(digest_module, "MAX_DIGEST_BYTES", 1_000_000)
    monkeypatch.setattr(gunzip, "MAX_INFLATED_BYTES", 1_000_000)
    expected = [(WORDS[of], WORDS[severity], *rest) for of, severity, *rest in kind(lab, stranger)]
    found = findings(lab.validate())
    if expected[0][-1] is None and expected[0][2] == "malformed":  # the library's words
        assert found[0][-1]
        expected[0] = (*expected[0][:-1], found[0][-1])
    assert found == expected


def test_there_are_at_least_25_kinds(kinds):
    """As many kinds of tampering as were asked for, each of another function."""
    assert len(kinds) >= 25
