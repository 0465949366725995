"""Errors carry what to do next, and the exit code of the command that they end."""

from __future__ import annotations

import traceback

from trailscan.errors import ExitCode, NotFoundError, StoreError, TrailscanError


def test_the_next_step_is_a_field_of_an_error_and_not_in_its_message():
    """A list of failures has both in one line, a traceback in two."""
    error = NotFoundError("there is no store at x", "create one with `trailscan load`")
    assert (str(error), error.hint) == (
        "there is no store at x",
        "create one with `trailscan load`",
    )
    assert error.line == "there is no store at x; create one with `trailscan load`"
    assert "".join(traceback.format_exception(error)).endswith(
        "there is no store at x\ncreate one with `trailscan load`\n"
    )
    assert (StoreError("x").hint, StoreError("x").line) == ("", "x")


def test_no_credential_gets_into_a_message_or_a_hint():
    """A place with a password in it is named without."""
    error = TrailscanError("no store at https://me:swordfish@host", "see https://me:swordfish@host")
    assert error.line == "no store at https://***@host; see https://***@host"


def test_exit_codes_are_the_documented_ones():
    """Scripts rely on them."""
    assert {code.name: code.value for code in ExitCode} == {
        "COMPLETE": 0,
        "CRASH": 1,
        "USAGE": 2,
        "FOUND": 3,
        "INCOMPLETE": 4,
        "NO_ANSWER": 5,
        "INTERRUPTED": 130,
    }
    assert NotFoundError("x").exit_code is ExitCode.NO_ANSWER
