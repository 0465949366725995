"""The public keys of a validation: those given, those kept in the store, those that AWS lists."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from trailscan.aws.public_keys import list_public_keys
from trailscan.aws.session import no_credentials, open_session
from trailscan.errors import TrailscanError
from trailscan.validate.chain import HOUR, DigestFile, Keys
from trailscan.validate.keys import PublicKey
from trailscan.window import shifted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    import boto3

    from trailscan.aws.session import AwsOptions

ROTATION = timedelta(hours=2)
"""How long after a digest ends the key that signed it may begin to be valid (aws-cli #10072)."""

Ask = tuple["datetime", "datetime"]


class KeyRing:
    """Public keys by fingerprint; AWS is asked only for what is not at hand, each region once.

    Attributes:
        known: every key at hand.
        failures: the regions that gave no answer, a line each.
    """

    def __init__(self, keys: Iterable[PublicKey], aws: AwsOptions | None) -> None:
        self.known = {key.fingerprint: key for key in keys}
        self.failures: list[str] = []
        self._aws = aws
        self._session: boto3.Session | None = None
        self._silent: set[str] = set()
        self._lock = threading.Lock()

    def for_digests(self, region: str, files: Iterable[DigestFile]) -> Keys:
        """The keys for some digests of a region, after asking AWS for those that are unknown."""
        with self._lock:
            unknown = [
                file for file in files if file.digest and file.digest.fingerprint not in self.known
            ]
            listed = [self._ask(region, *span) for span in _spans(unknown)]
            return Keys(dict(self.known), bool(listed) and all(listed))

    def _ask(self, region: str, start: datetime, end: datetime) -> bool:
        """Ask AWS; whether it answered. What gave no answer is not asked again."""
        if self._aws is None or region in self._silent:
            return False
        try:
            self._session = self._session or _session(self._aws)
            for key in list_public_keys(self._session, region, start, end):
                listed = PublicKey(*key, f"ListPublicKeys {region}")
                self.known.setdefault(listed.fingerprint, listed)
        except TrailscanError as error:
            self._silent.add(region)
            self.failures.append(f"public keys: {error}")
            if self._session is None:
                self._aws = None
            return False
        return True


def _session(aws: AwsOptions) -> boto3.Session:
    """A session that has credentials.

    Raises:
        AccessError: there are none.
    """
    session = open_session(aws)
    if session.get_credentials() is None:
        raise no_credentials()
    return session


def _spans(files: list[DigestFile]) -> list[Ask]:
    """For which times to ask: as aws-cli does, for ordinary digests and for backfill ones."""
    ends = [file.name.end for file in files if not file.name.chain.backfill]
    made = [file.signature.generated for file in files if file.signature]
    generated = [when for when in made if when is not None]
    spans = [(shifted(min(ends), -HOUR), shifted(max(ends), ROTATION))] if ends else []
    if generated:
        spans.append((shifted(min(generated), -HOUR), shifted(max(generated), HOUR)))
    return spans
