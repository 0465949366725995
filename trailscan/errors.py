"""Errors that trailscan raises on purpose.

    TrailscanError              this operation has no answer (exit code 5)
    ├── AccessError             a bucket, object or credential could not be used
    │   ├── CredentialsError    the credentials themselves are refused: nothing more can be asked
    │   ├── ArchivedError       the object must be restored first
    │   └── KeyAccessError      the KMS key of the object may not be used
    ├── NotFoundError           a folder, bucket, store or object is not there
    │   └── ChangedError        it is another now than when it was listed
    ├── NoAnswerError           throttled, cut short or unreachable: later it may go well
    ├── AlreadyExistsError      a conditional write lost: somebody wrote that object first
    └── StoreError              the store is unreadable, or of a format this version does not know

    DecodeError                 one input is unusable: becomes a `Reject`, never ends a load

A caller's mistake (a naive datetime, an end before its start) is a `ValueError`.

What servers, proxies and credential helpers answer goes into messages, and may hold credentials:
S3 sends back the canonical request of a wrong signature with its session token, for one. So every
message passes through `without_secrets`.
"""

from __future__ import annotations

import re

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
_USER_INFO = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@]+@", re.IGNORECASE)


def without_secrets(text: str) -> str:
    """Text with what looks like a credential blotted out; of an access key id the end is left."""
    text = _KEY_ID.sub(rf"\1{_HIDDEN}\2", text)
    text = _NAMED.sub(rf"\1{_HIDDEN}", _CANONICAL.sub(rf"\1{_HIDDEN}", text))
    return _USER_INFO.sub(rf"\1{_HIDDEN}@", text)


class TrailscanError(Exception):
    """This operation has no answer; the message says why in one line, without any credential.

    Attributes:
        reason: a short stable word for counting what could not be read.
    """

    reason = "unreadable"

    def __init__(self, message: str) -> None:
        super().__init__(without_secrets(message))


class AccessError(TrailscanError):
    """A bucket, an object or a credential could not be used."""

    reason = "access_denied"


class CredentialsError(AccessError):
    """The credentials are refused: expired, unknown, or signed by a clock that is wrong."""

    reason = "credentials"


class ArchivedError(AccessError):
    """The object is in an archive and must be restored before it can be read."""

    reason = "archived"


class KeyAccessError(AccessError):
    """The KMS key with which the object is encrypted is disabled, or may not be used."""

    reason = "kms"


class NotFoundError(TrailscanError):
    """A folder, bucket, store or object is not there."""

    reason = "not_found"


class ChangedError(NotFoundError):
    """The object is another now than when it was listed."""

    reason = "changed"


class NoAnswerError(TrailscanError):
    """No usable answer: throttled, cut short, unreachable, or not spoken as S3 does."""


class AlreadyExistsError(TrailscanError):
    """A conditional write lost: the object is there already."""


class StoreError(TrailscanError):
    """The store is unreadable, damaged, or of an unknown format."""


class DecodeError(Exception):
    """One input is unusable.

    Attributes:
        reason: a short stable word for counting, such as `not_gzip`.
        json_path: where inside the record, as `$.eventTime`; `$` for all of it.
    """

    def __init__(self, reason: str, message: str, json_path: str = "$") -> None:
        super().__init__(without_secrets(message))
        self.reason = reason
        self.json_path = json_path
