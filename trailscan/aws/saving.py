"""Large objects of S3 written into files, a piece at a time."""

from __future__ import annotations

import time
from typing import IO, TYPE_CHECKING, Any

from trailscan.errors import NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

_PIECE = 1024 * 1024
_PAUSES = (0.5, 2.0)
"""Seconds to wait before an object is requested again that came cut short."""


def persist(action: Callable[[], None]) -> None:
    """Repeat an action that gets no answer.

    Raises:
        NoAnswerError: it got none at the last attempt either.
    """
    for pause in _PAUSES:
        try:
            return action()
        except NoAnswerError:
            time.sleep(pause)
    return action()


def save(answer: Any, where: str, into: IO[bytes]) -> None:
    """Write the body of an answer to GetObject into a file, from the file's beginning.

    Raises:
        NoAnswerError: it was cut short.
    """
    from botocore.exceptions import (  # noqa: PLC0415  # start-up
        BotoCoreError,
        HTTPClientError,
    )

    into.seek(0)
    into.truncate()
    try:
        for piece in answer["Body"].iter_chunks(_PIECE):
            into.write(piece)
    except (BotoCoreError, HTTPClientError) as error:
        raise NoAnswerError(f"{where} was cut short: {error}") from None
    if into.tell() != answer["ContentLength"]:
        raise NoAnswerError(f"{where} was cut short at {into.tell():,} bytes")
    into.flush()
