"""Errors that trailscan raises on purpose, and the exit codes of its commands.

    TrailscanError              the operation has no answer
    ├── AccessError             a bucket, object or credential could not be used
    │   ├── CredentialsError    the credentials are refused, so every further request would be too
    │   ├── ArchivedError       the object must be restored first
    │   └── KeyAccessError      the KMS key of the object may not be used
    ├── NotFoundError           a folder, bucket, store or object does not exist
    │   └── ChangedError        the object changed after it was listed
    ├── RefusedError            S3 refuses for another reason, as objects with a key of their own
    ├── NoAnswerError           throttled, cut short or unreachable; a retry may succeed
    ├── AlreadyExistsError      a conditional write lost: somebody wrote that object first
    └── StoreError              the store is unreadable, or this version does not know its format

    DecodeError                 one input is unusable: it becomes a `Reject` and never ends a load

A caller's mistake (a naive datetime, an end before its start) is a `ValueError`.

Messages quote servers, proxies and credential helpers, whose answers may hold credentials: S3
repeats the canonical request of a wrong signature with its session token, for example. So every
message passes through `without_secrets`.
"""

from __future__ import annotations

import re
from enum import IntEnum

_HIDDEN = "***"
_KEY_ID = re.compile(r"\b(A[KS]IA)[A-Z0-9]{8,124}([A-Z0-9]{4})\b")
_NAMED = re.compile(
    r"""((?:x-amz-(?:security-token|signature|credential)|(?:aws)?_?secret_?(?:access)?_?key
    |(?:aws)?_?(?:session|security|access|refresh|id|authorization)_?token|client_?secret
    |signature(?:provided)?|credential|password)["']?\s*(?:[=:>]|%3d)\s*["']?|bearer\s+)
    ([^\s"'&<>,;]{6,})""",
    re.IGNORECASE | re.VERBOSE,
)
_CANONICAL = re.compile(r"((?:CanonicalRequest|StringToSign)(?:Bytes)?>)[^<]+")
_USER_INFO = re.compile(r"(\b[a-z][a-z0-9+.-]{0,30}://)[^\s/@]+@", re.IGNORECASE)


_LONGEST = 4000
"""How many characters of a message are shown: a server may answer with any number."""


def bounded(text: str) -> str:
    """The text, cut to a length that a person reads and a pattern is quickly searched in."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}… ({len(text):,} characters)"


def without_secrets(text: str) -> str:
    """The text with credentials replaced by `***`, cut to what is shown.

    An access key ID keeps its last four letters.
    """
    text = bounded(text)
    text = _KEY_ID.sub(rf"\1{_HIDDEN}\2", text)
    text = _NAMED.sub(rf"\1{_HIDDEN}", _CANONICAL.sub(rf"\1{_HIDDEN}", text))
    return _USER_INFO.sub(rf"\1{_HIDDEN}@", text)


class ExitCode(IntEnum):
    """How a command ended.

    The highest code wins, except that in `validate` tampering (3) wins over incomplete (4). With 3
    and 4 the command still prints what it has.
    """

    COMPLETE = 0
    CRASH = 1
    USAGE = 2
    FOUND = 3
    """A row at or above `--fail-on`, or tampering."""
    INCOMPLETE = 4
    NO_ANSWER = 5
    INTERRUPTED = 130


class TrailscanError(Exception):
    """The operation has no answer.

    Args:
        message: what happened and where, in one line; credentials in it are replaced by `***`.
        hint: what to do next; empty when there is nothing to recommend.

    Attributes:
        exit_code: with which a command ends.
        reason: a short stable word for counting what could not be read.
    """

    exit_code = ExitCode.NO_ANSWER
    reason = "unreadable"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(without_secrets(message))
        self.hint = without_secrets(hint)
        if hint:
            self.add_note(self.hint)  # a traceback shows it

    @property
    def line(self) -> str:
        """The message and the hint in one line, for a list of failures."""
        return f"{self}; {self.hint}" if self.hint else str(self)


class AccessError(TrailscanError):
    """A bucket, an object or a credential could not be used."""

    reason = "access_denied"


class CredentialsError(AccessError):
    """The credentials are refused: expired, unknown, or used with a wrong clock."""

    reason = "credentials"


class ArchivedError(AccessError):
    """The object is in an archive and must be restored before it can be read."""

    reason = "archived"


class KeyAccessError(AccessError):
    """The KMS key that encrypts the object is disabled, or may not be used."""

    reason = "kms"


class NotFoundError(TrailscanError):
    """A folder, bucket, store or object does not exist."""

    reason = "not_found"


class ChangedError(NotFoundError):
    """The object changed after it was listed."""

    reason = "changed"


class NoAnswerError(TrailscanError):
    """No usable answer: throttled, cut short, unreachable, or not an answer of S3."""


class RefusedError(TrailscanError):
    """S3 answered that it will not do what was requested; asking again gives the same answer."""

    reason = "refused"


class AlreadyExistsError(TrailscanError):
    """A conditional write lost: the object exists already."""


class PlaceError(TrailscanError):
    """A place is of a kind that cannot be used."""

    exit_code = ExitCode.USAGE


class StoreError(TrailscanError):
    """The store is unreadable, damaged, or of an unknown format."""


class DecodeError(Exception):
    """One input is unusable.

    Attributes:
        reason: a short stable word for counting, such as `not_gzip`.
        json_path: where inside the record, such as `$.eventTime`; `$` for the whole record.
    """

    def __init__(self, reason: str, message: str, json_path: str = "$") -> None:
        super().__init__(without_secrets(message))
        self.reason = reason
        self.json_path = json_path
