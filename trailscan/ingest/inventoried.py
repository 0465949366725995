"""Sources that are listed by an inventory: opened without a LIST request."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from trailscan.buckets import open_unlisted
from trailscan.errors import NotFoundError, TrailscanError
from trailscan.ingest.plan import SourcePlan
from trailscan.inventory.bucket import InventoryBucket, NewerBucket
from trailscan.inventory.inventory import read_inventory
from trailscan.location import parse_s3_uri
from trailscan.numbers import counted
from trailscan.window import Window, format_instant, shifted

if TYPE_CHECKING:
    from trailscan.aws.session import AwsOptions
    from trailscan.inventory.inventory import Inventory

UNSETTLED = timedelta(days=1)
"""How long before its time an inventory may lack what was there: it is eventually consistent
(docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory.html)."""


def open_inventoried(uri: str, manifest: str, options: AwsOptions) -> tuple[SourcePlan, SourcePlan]:
    """A source as an inventory lists it, and the same as S3 lists what the inventory lacks.

    Raises:
        NotFoundError: the inventory has nothing there.
        TrailscanError: the source is not in S3, or the inventory cannot be used.
    """
    location = parse_s3_uri(uri)
    if location is None:
        raise TrailscanError(
            f"{uri} is not in S3, so no inventory lists it", "leave out --inventory"
        )
    inventory = read_inventory(manifest, location.bucket, options)
    bucket = open_unlisted(location.bucket, options)
    prefix = location.prefix
    single = bool(prefix) and not prefix.endswith("/") and inventory.rows.find(prefix) is not None
    if prefix and not single:
        prefix = location.folder
        if next(inventory.rows.below(prefix), None) is None:
            raise NotFoundError(
                f"there is no object or folder at {uri} in the inventory {manifest}"
            )
    source = SourcePlan(
        uri,
        InventoryBucket(bucket, inventory.rows),
        prefix,
        single=single,
        has_digests=not single,
        note=_note(uri, inventory),
        missing="; ".join(inventory.left.failures),
        as_of=shifted(inventory.as_of, -UNSETTLED),
        opening_requests=inventory.requests,
    )
    later = replace(
        source,
        bucket=NewerBucket(bucket, inventory.rows),
        note="",
        missing="",
        as_of=None,
        beyond=True,
        opening_requests=0,
    )
    return source, later


def _note(uri: str, inventory: Inventory) -> str:
    """What lists the source, and what of it is left out."""
    left = f"; left out: {inventory.left.note}" if inventory.left.note else ""
    etags = (
        ""
        if inventory.has_etags
        else (
            "; it has no ETags: log files that were loaded from a listing are read again, and new "
            "versions are not noticed (add ETag to the fields of the inventory)"
        )
    )
    return (
        f"{uri} is listed by the inventory of {format_instant(inventory.as_of)} "
        f"({inventory.uri}): {counted(inventory.objects, 'object')}{left}{etags}"
    )


def parts(
    source: SourcePlan, later: SourcePlan, window: Window, *, then_list: bool
) -> tuple[list[tuple[SourcePlan, Window]], str]:
    """The parts of a source and what is not looked at, if anything.

    Args:
        source: as an inventory lists it.
        later: what the inventory does not have.
        window: of delivery time.
        then_list: list what can be newer than the inventory.
    """
    as_of = source.as_of
    if as_of is None or (window.end is not None and window.end <= as_of):
        return [(source, window)], ""
    if not then_list:
        since = format_instant(as_of)
        missing = (
            f"log files of {source.uri} delivered after {since}, a day before the time of the "
            "inventory, which may lack them: --then-list lists them, --until leaves them out"
        )
        return [(source, window)], missing
    start = as_of if window.start is None else max(as_of, window.start)
    return [(source, window), (later, Window(start, window.end))], ""


def settled(source: SourcePlan, window: Window) -> tuple[Window, list[str]]:
    """The part of a window in which an inventory lacks nothing, and what is left, in one line.

    Only there a log file that a digest names and the inventory does not have is missing.
    """
    if source.as_of is None:
        return window, []
    end = source.as_of
    if window.end is not None and window.end <= end:
        return window, []
    start = window.start if window.start is None else min(window.start, end)
    line = (
        f"what was delivered to {source.uri} after {format_instant(end)}, a day before the time of "
        "the inventory; `trailscan validate` lists it"
    )
    return Window(start, end), [line]
