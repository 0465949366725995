"""S3's error codes as errors of trailscan."""

from __future__ import annotations

from typing import Any

from trailscan.errors import (
    AccessError,
    ArchivedError,
    ChangedError,
    CredentialsError,
    KeyAccessError,
    NoAnswerError,
    NotFoundError,
    RefusedError,
    TrailscanError,
)

_ERRORS: dict[str, type[TrailscanError]] = {
    "404": NotFoundError,
    "NoSuchBucket": NotFoundError,
    "NotFound": NotFoundError,
    "NoSuchKey": NotFoundError,
    "412": ChangedError,
    "PreconditionFailed": ChangedError,
    "403": AccessError,
    "AccessDenied": AccessError,
    "AccessDeniedException": AccessError,
    "Forbidden": AccessError,
    "AllAccessDisabled": AccessError,
    "AccountProblem": AccessError,
    "AuthFailure": CredentialsError,
    "ExpiredToken": CredentialsError,
    "ExpiredTokenException": CredentialsError,
    "InvalidClientTokenId": CredentialsError,
    "InvalidToken": CredentialsError,
    "UnrecognizedClientException": CredentialsError,
    "TokenRefreshRequired": CredentialsError,
    "InvalidAccessKeyId": CredentialsError,
    "SignatureDoesNotMatch": AccessError,  # perhaps of this key alone
    "RequestTimeTooSkewed": CredentialsError,
    "RequestExpired": CredentialsError,
    "InvalidObjectState": ArchivedError,
    "SlowDown": NoAnswerError,
    "InternalError": NoAnswerError,
    "ServiceUnavailable": NoAnswerError,
    "RequestTimeout": NoAnswerError,
}
"""S3's error codes (docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html) as our errors."""

_HINTS = {
    "ExpiredToken": "sign in again, then run the same command to resume",
    "RequestTimeTooSkewed": "this machine's clock is wrong",
    "InvalidObjectState": "the object is archived: restore it, then load again with --since",
}


def explain(error: Any, where: str) -> TrailscanError:
    """The error of trailscan for a botocore `ClientError`, with a message of one line."""
    found = error.response.get("Error", {})
    code = str(found.get("Code", ""))
    return explain_code(code, str(found.get("Message", "")), where, error.operation_name)


def explain_code(code: str, message: str, where: str, operation: str) -> TrailscanError:
    """The error of trailscan for an error code of S3, with a message of one line."""
    may_differ = code.startswith("5") or "Throttl" in code
    kind = _ERRORS.get(code, NoAnswerError if may_differ else RefusedError)
    if code.startswith("KMS.") or (kind is AccessError and "kms:" in message):
        kind = KeyAccessError
    if kind is NotFoundError:
        return kind(f"{where} does not exist" + (f" ({code})" if code == "NoSuchBucket" else ""))
    if kind is ChangedError:
        return kind(f"{where} changed after it was listed")
    said = f"{code}: {message}" if message and message != code else code
    denied = issubclass(kind, AccessError)
    what = f"access denied by {operation}" if denied else f"{operation} failed"
    return kind(f"{where}: {what} ({said})", _HINTS.get(code, ""))
