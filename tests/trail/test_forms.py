"""What the first bytes of a file say."""

from __future__ import annotations

import pytest

from trailscan.trail.forms import may_be_log_file


@pytest.mark.parametrize(
    "start",
    [
        b"\x1f\x8b\x08",
        b'{"Records":[]}',
        b'\xef\xbb\xbf \r\n{\n  "Records": []}',
        b"{}",
        b"[]",
        b"[\n  {}]",
        b'[["{}"]]',
        b"{" + b" " * 511,
        b"[" + b"\n" * 511,
        b'"{\\"Records\\":[]}"',
        b'"[]"',
        '{"Records":[]}'.encode("utf-16"),
    ],
)
def test_a_log_file_begins_as_json_or_gzip_does(start):
    """Lists, objects, and texts of them, in any encoding."""
    assert may_be_log_file(start)


@pytest.mark.parametrize(
    "start",
    [
        b"[a link](https://example.com) in Markdown",
        b"[![build](https://example.com/badge.svg)]",
        b"[2026-11-22 12:00:00] INFO started",
        b"[section]\nkey = value",
        b"{{ template }}",
        b"{'a': 'dict of Python'}",
        b"[1, 2]",
        b'"quoted", "text"',
        b"",
    ],
)
def test_other_text_in_brackets_is_no_log_file(start):
    """Markdown, logs of programs, INI files and templates are not read as JSON."""
    assert not may_be_log_file(start)
