"""Finds the access keys that the records of a log file issued, without parsing it."""

from __future__ import annotations

import re

import stringzilla

_SOURCE = b"sts.amazonaws.com"
_NAME = b"credentials"
_ISSUED = re.compile(
    rb'credentials\\*"\s*:\s*\{[^{}]{0,16384}?accessKeyId\\*"\s*:\s*\\*"(\w{4,128})\\*"'
)
"""An access key in the response of AWS STS, also in JSON that is text inside of JSON."""


def issued_key_ids(body: bytes | bytearray) -> tuple[bytes, ...]:
    """The ids of the access keys that records may have issued; a record has one at most.

    This is a byte search: a key that it finds may be none, and the records decide.
    """
    if stringzilla.find(body, _SOURCE) < 0:
        return ()
    found, at = [], 0
    while (at := stringzilla.find(body, _NAME, at)) >= 0:  # a third of the time of `findall`
        issued = _ISSUED.match(body, at)
        at = issued.end() if issued else at + len(_NAME)
        if issued:
            found.append(issued[1])
    return tuple(found)
