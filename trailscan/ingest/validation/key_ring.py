"""The public keys of a validation: from the user, from the store, and as AWS lists them."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from trailscan.errors import TrailscanError
from trailscan.validate.chain import HOUR, DigestFile, Keys
from trailscan.validate.keys import PublicKey
from trailscan.window import shifted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from trailscan.aws.public_keys import ListedKey
    from trailscan.validate.reconcile import TimeRange

ROTATION = timedelta(hours=2)
"""How long after a digest ends the key that signed it may begin to be valid (aws-cli #10072)."""


class Lister(Protocol):
    """Lists the public keys of a region, as `trailscan.aws.public_keys.PublicKeyLister` does."""

    @property
    def has_credentials(self) -> bool:
        """Whether credentials were found; known after the first call of `list`."""
        ...

    def list(self, region: str, start: datetime, end: datetime) -> list[ListedKey]:
        """The keys that signed digests of a region in a span of time."""
        ...


class KeyRing:
    """Public keys by fingerprint; AWS lists only those that are missing, once for each region.

    Attributes:
        known: every key so far.
        failures: the regions that gave no answer, a line each.
    """

    def __init__(self, keys: Iterable[PublicKey], lister: Lister | None) -> None:
        self.known = {key.fingerprint: key for key in keys}
        self.failures: list[str] = []
        self._lister = lister
        self._silent: set[str] = set()
        self._lock = threading.Lock()

    def for_digests(self, region: str, files: Iterable[DigestFile]) -> Keys:
        """The keys for some digests of a region; AWS lists those that are missing."""
        with self._lock:
            unknown = [
                file for file in files if file.digest and file.digest.fingerprint not in self.known
            ]
            listed = [self._list(region, *times) for times in _times(unknown)]
            return Keys(dict(self.known), bool(listed) and all(listed))

    def _list(self, region: str, start: datetime, end: datetime) -> bool:
        """List keys from AWS; returns whether it answered. A silent region is not tried again."""
        if self._lister is None or region in self._silent:
            return False
        try:
            for key in self._lister.list(region, start, end):
                listed = PublicKey(*key, f"ListPublicKeys {region}")
                self.known.setdefault(listed.fingerprint, listed)
        except TrailscanError as error:
            self.failures.append(f"public keys: {error.line}")
            self._silent.add(region)
            if not self._lister.has_credentials:
                self._lister = None
            return False
        return True


def _times(files: list[DigestFile]) -> list[TimeRange]:
    """The times to list keys for, as aws-cli does: of ordinary digests and of backfill digests."""
    ends = [file.name.end for file in files if not file.name.chain.backfill]
    made = [file.signature.generated for file in files if file.signature]
    generated = [when for when in made if when is not None]
    times = [(shifted(min(ends), -HOUR), shifted(max(ends), ROTATION))] if ends else []
    if generated:
        times.append((shifted(min(generated), -HOUR), shifted(max(generated), HOUR)))
    return times
