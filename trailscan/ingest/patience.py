"""When the rest of a source is given up: refused credentials, too many reads without answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.errors import (
    AccessError,
    ArchivedError,
    CredentialsError,
    KeyAccessError,
    RefusedError,
    TrailscanError,
)

if TYPE_CHECKING:
    from trailscan.store.log_file_result import LogFileResult

_PATIENCE = 200
"""How many log files in a row may get no answer before the rest of a source is given up."""

_REFUSALS = frozenset(
    error.reason
    for error in (
        *(TrailscanError, RefusedError),
        *(AccessError, CredentialsError, ArchivedError, KeyAccessError),
    )
)
"""Reasons that may go away: until such a log file was read, no look-back moves past it."""


class Patience:
    """Watches the results of one source, in order.

    Attributes:
        given_up: why the rest of the source is not read; None while it is.
        refused: whether a log file could not be read for a reason that may go away.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._without_answer = 0
        self.given_up: str | None = None
        self.refused = False

    def ends_with(self, result: LogFileResult) -> bool:
        """Whether a result only says that its source can no longer be read."""
        failure = result.failure
        if failure is not None and failure.reason in _REFUSALS:
            self.refused = True
        if failure is None or failure.reason != TrailscanError.reason:
            self._without_answer = 0
        else:
            self._without_answer += 1
        if failure is not None and failure.reason == CredentialsError.reason:
            self.given_up = f"the rest of {self._uri} was not read: {failure.message}"
            return True
        if failure is not None and self._without_answer >= _PATIENCE:
            self.given_up = (
                f"the rest of {self._uri} was not read: "
                f"{_PATIENCE} log files in a row gave no answer"
            )
        return False
