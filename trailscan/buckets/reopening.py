"""What opens an S3 bucket again in a worker process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from trailscan.aws.lent import Lent
    from trailscan.aws.session import AwsOptions


class Reopening(NamedTuple):
    """What a process needs to open a bucket that another one found.

    Attributes:
        answered_at: the URL at which the bucket answered.
        retry: obstore's retries.
        client: obstore's timeouts.
        lent: credentials for a process of the same machine; None if it is to find them by itself.
        certificates: what `lent` goes with, in PEM; None for the usual ones.
    """

    options: AwsOptions
    bucket: str
    region: str
    answered_at: str
    retry: dict[str, Any]
    client: dict[str, Any]
    lent: Lent | None = None
    certificates: bytes | None = None
