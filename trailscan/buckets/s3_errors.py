"""Errors of obstore as errors of trailscan, in one line each."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from trailscan.aws.error_codes import explain_code
from trailscan.errors import (
    AccessError,
    AlreadyExistsError,
    ChangedError,
    NoAnswerError,
    NotFoundError,
    TrailscanError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_SAID = re.compile(r"<Code>([^<]*)</Code>(?:.*?<Message>([^<]*)</Message>)?", re.DOTALL)


@contextlib.contextmanager
def s3_errors(where: str, operation: str) -> Iterator[None]:
    """Turn errors of obstore into errors of trailscan, in one line each."""
    from obstore import exceptions  # noqa: PLC0415  # start-up

    try:
        yield
    except (exceptions.BaseError, OSError) as error:
        raise s3_error(error, where, operation) from None


def s3_error(error: Exception, where: str, operation: str) -> TrailscanError:
    """The error of trailscan for an error of obstore, by S3's error code if it has one."""
    from obstore import exceptions  # noqa: PLC0415  # start-up

    match error:
        case exceptions.AlreadyExistsError() | exceptions.NotModifiedError():
            return AlreadyExistsError(f"{where} exists already")
        case exceptions.PreconditionError():
            return ChangedError(f"{where} changed after it was listed")
    if said := _SAID.search(str(error)):
        return explain_code(said[1], said[2] or "", where, operation)
    match error:
        case exceptions.NotFoundError() | FileNotFoundError():
            return NotFoundError(f"{where} does not exist")
        case exceptions.PermissionDeniedError() | exceptions.UnauthenticatedError():
            return AccessError(f"{where}: access denied ({_first_line(error)})")
        case _:
            return NoAnswerError(f"{where}: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    """The first line of a message: obstore appends its internals to it."""
    return next(iter(str(error).splitlines()), type(error).__name__)
