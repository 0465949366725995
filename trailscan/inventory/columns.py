"""The columns of inventories that a listing needs, by their names in every format.

| column | S3 Inventory, CSV | S3 Inventory, ORC and Parquet | S3 Metadata |
|---|---|---|---|
| bucket, key | Bucket, Key | bucket, key | bucket, key |
| size, etag | Size, ETag | size, e_tag | size, e_tag |
| modified | LastModifiedDate | last_modified_date | last_modified_date |
| latest | IsLatest | is_latest | |
| marker | IsDeleteMarker | is_delete_marker | is_delete_marker |
| storage_class | StorageClass | storage_class | storage_class |
| tier | IntelligentTieringAccessTier | intelligent_tiering_access_tier | |
| sequence | | | sequence_number |

Sources, below docs.aws.amazon.com/AmazonS3/latest/userguide/: storage-inventory.html,
storage-inventory-location.html, and for S3 Metadata metadata-tables-inventory-schema.html. All but
bucket and key may be missing; others, such as VersionId and IsMultipartUploaded, decide nothing.
"""

from __future__ import annotations

import pyarrow as pa

NAMES = {
    "bucket": "bucket",
    "key": "key",
    "size": "size",
    "etag": "etag",
    "lastmodifieddate": "modified",
    "islatest": "latest",
    "isdeletemarker": "marker",
    "storageclass": "storage_class",
    "intelligenttieringaccesstier": "tier",
    "sequencenumber": "sequence",
}
"""The column of each name, which is compared in lower case and without underscores."""

ARCHIVE_TIERS = {"ARCHIVE", "DEEP_ARCHIVE"}
"""Tiers of Intelligent-Tiering that an object must be restored from; the console and older
inventories write `ARCHIVE_ACCESS` and `DEEP_ARCHIVE_ACCESS`."""

ROWS = pa.schema(
    [
        ("key", pa.string()),
        ("sequence", pa.string()),
        ("modified", pa.int64()),
        ("etag", pa.string()),
        ("size", pa.int64()),
        ("archived", pa.string()),
        ("marker", pa.bool_()),
    ]
)
"""The rows that a listing is made of: the same for each format.

`sequence` and `modified` (microseconds since 1970) say which of several rows of a key is the
newest; unknown sizes are -1, other unknown values 0 or empty.
"""


def column_of(name: str) -> str | None:
    """The column that a name of an inventory stands for; None for one that decides nothing."""
    return NAMES.get(name.strip().lower().replace("_", ""))
