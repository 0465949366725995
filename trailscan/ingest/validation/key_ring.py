"""The public keys of a validation: from the user, as AWS lists them, and those kept in the store.

Whoever may write to a store can put a key into it. So a kept key is used only where the user gave
none and AWS does not answer, and it is called kept whatever the store says of its origin.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from trailscan.errors import TrailscanError
from trailscan.validate.chain import HOUR, DigestFile, Keys
from trailscan.validate.keys import PublicKey, has_fingerprint
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


KEPT = "kept in the store by an earlier validation, not confirmed"


class KeyRing:
    """Public keys by fingerprint; AWS lists only those that are missing, once for each region.

    Args:
        keys: from the user.
        lister: lists keys from AWS; None to ask nobody.
        kept: in the store.

    Attributes:
        known: every key so far that may be used.
        failures: the regions that gave no answer, and refused keys, a line each.
    """

    def __init__(
        self, keys: Iterable[PublicKey], lister: Lister | None, kept: Iterable[PublicKey] = ()
    ) -> None:
        self.failures: list[str] = []
        self.known: dict[str, PublicKey] = {}
        for key in keys:
            self._take(key)
        self._kept = {} if self.known else {key.fingerprint: key for key in kept}
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
            answered = bool(listed) and all(listed)
            if not answered:
                self._take_kept(unknown)
            return Keys(dict(self.known), answered)

    def _take(self, key: PublicKey) -> None:
        """Use a key, unless its fingerprint is that of another one."""
        if has_fingerprint(key.value, key.fingerprint):
            self.known.setdefault(key.fingerprint, key)
        else:
            self.failures.append(
                f"public keys: a key is not the one of its fingerprint {key.fingerprint[:80]} "
                f"({key.origin})"
            )

    def _take_kept(self, unknown: Iterable[DigestFile]) -> None:
        """Use the keys of the store for digests whose key nobody else knows."""
        for file in unknown:
            key = self._kept.pop(file.digest.fingerprint, None) if file.digest else None
            if key is not None:
                self._take(key)

    def _list(self, region: str, start: datetime, end: datetime) -> bool:
        """List keys from AWS; returns whether it answered. A silent region is not tried again."""
        if self._lister is None or region in self._silent:
            return False
        try:
            for key in self._lister.list(region, start, end):
                self._take(PublicKey(*key, f"ListPublicKeys {region}"))
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
