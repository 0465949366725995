"""The permissions that trailscan needs, and the least-privilege IAM policy that grants them.

They match the requests of `load`, `validate` and the reports: a test checks the requests of a load
against the policy. Conditions are those of the S3 user guide ("Enforce conditional writes") and of
the CloudTrail user guide ("Configure AWS KMS key policies for CloudTrail").
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, get_args

from trailscan.location import EVENT_HISTORY, parse_bucket, parse_s3_uri
from trailscan.store.paths import MARKER, TableName

Condition = Mapping[str, Mapping[str, object]]

OPTIONAL = "Optional"
"""The first word in the Sid of a statement that may be left out."""

_NONE: Condition = MappingProxyType({})
_SECURE: Condition = {"Bool": {"aws:SecureTransport": "true"}}
_NEW: Condition = {"Null": {"s3:if-none-match": "false"}}
_SUFFIXES = {"aws-cn": ("amazonaws.com.cn", "amazonaws.com")}
"""Domains in `kms:ViaService`, for partitions where they are not amazonaws.com."""


class Need(NamedTuple):
    """One statement: actions, resources, and what needs them.

    Attributes:
        sid: the name of the statement.
        actions: of IAM.
        resources: ARNs.
        needed_by: what does not work without it.
        condition: under which the actions are needed.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    needed_by: str
    condition: Condition = _NONE

    @property
    def optional(self) -> bool:
        """Whether everything else works without it."""
        return self.sid.startswith(OPTIONAL)


class S3Resource(NamedTuple):
    """A bucket, or a prefix in it, in a partition."""

    partition: str
    bucket: str
    prefix: str

    @classmethod
    def of(cls, uri: str, partition: str) -> S3Resource:
        """The location that an `s3://bucket/prefix` URI names."""
        location = parse_bucket(uri)
        return cls(partition, location.bucket, location.prefix.rstrip("/"))

    @property
    def arn(self) -> str:
        """The bucket's ARN."""
        return f"arn:{self.partition}:s3:::{self.bucket}"

    def objects(self, *names: str) -> tuple[str, ...]:
        """The ARNs of objects below the prefix."""
        above = f"{self.arn}/{self.prefix}/" if self.prefix else f"{self.arn}/"
        return tuple(f"{above}{name}" for name in names)

    @property
    def listing(self) -> Condition:
        """The condition of a listing of this location."""
        if not self.prefix:
            return _SECURE
        return {"StringLike": {"s3:prefix": [self.prefix, f"{self.prefix}/*"]}, **_SECURE}

    def through_s3(self) -> Condition:
        """The condition that S3 uses a key, for objects of this bucket."""
        domains = _SUFFIXES.get(self.partition, ("amazonaws.com",))
        return {
            "StringLike": {
                "kms:ViaService": [f"s3.*.{domain}" for domain in domains],
                "kms:EncryptionContext:aws:s3:arn": [self.arn, f"{self.arn}/*"],
            }
        }


def trail_needs(trail: S3Resource) -> tuple[Need, ...]:
    """The permissions to read log files and digest files."""
    key = f"arn:{trail.partition}:kms:*:*:key/*"
    objects = trail.objects("*")
    if trail.prefix:  # it may be the key of one log file
        objects = (f"{trail.arn}/{trail.prefix}", *objects)
    return (
        Need("TrailList", ("s3:ListBucket",), (trail.arn,), "load", trail.listing),
        Need("TrailRead", ("s3:GetObject",), objects, "load", _SECURE),
        Need("ValidateKeys", ("cloudtrail:ListPublicKeys",), ("*",), "validate"),
        Need(
            "OptionalTrailDecrypt",
            ("kms:Decrypt",),
            (key,),
            "load, where log files are encrypted with KMS",
            trail.through_s3(),
        ),
        Need(
            "OptionalTrailLocation",
            ("s3:GetBucketLocation",),
            (trail.arn,),
            "nothing; it finds the region of a bucket that cannot be listed",
        ),
        _NAMES,
    )


def inventory_needs(inventory: S3Resource) -> tuple[Need, ...]:
    """The permissions to read an inventory, by its manifest or by the Parquet file of a table.

    The data files of a report are below the folder that holds the folder of its manifest
    (docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html).
    """
    needed_by = "load --inventory"
    listing: tuple[Need, ...] = ()
    files = f"{inventory.arn}/{inventory.prefix}"
    if inventory.prefix.endswith(".json"):
        above = inventory.prefix.split("/")[:-2]
        files = f"{inventory.arn}/{'/'.join([*above, '*'])}"
    elif not inventory.prefix.endswith(".parquet"):  # a folder of them
        files = inventory.objects("*")[0]
        listed = inventory.listing
        listing = (Need("InventoryList", ("s3:ListBucket",), (inventory.arn,), needed_by, listed),)
    key = f"arn:{inventory.partition}:kms:*:*:key/*"
    encrypted = "load --inventory, where it is encrypted with KMS"
    decrypt = ("kms:Decrypt",)
    return (
        *listing,
        Need("InventoryRead", ("s3:GetObject",), (files,), needed_by, _SECURE),
        Need("OptionalInventoryDecrypt", decrypt, (key,), encrypted, inventory.through_s3()),
    )


def store_needs(store: S3Resource, *, written: bool) -> tuple[Need, ...]:
    """The permissions to read a store in S3, and to write it."""
    found = [
        Need("StoreList", ("s3:ListBucket",), (store.arn,), "every command", store.listing),
        Need("StoreRead", ("s3:GetObject",), store.objects("*"), "every command", _SECURE),
    ]
    uses: tuple[str, ...] = ("kms:Decrypt",)
    if written:
        data = store.objects(*(f"{table}/*" for table in get_args(TableName)))
        commits = store.objects("_intent/*", "_ledger/*", "_runs/*", "_probe/*", MARKER)
        spent = store.objects("_intent/*", "_runs/*", "_probe/*")
        new = {**_NEW, **_SECURE}
        found += [
            Need("StoreWrite", ("s3:PutObject",), data, "load", _SECURE),
            Need("StoreCommit", ("s3:PutObject",), commits, "load", new),
            Need("OptionalStoreTidy", ("s3:DeleteObject",), spent, "load, to clear up"),
        ]
        uses = ("kms:Decrypt", "kms:GenerateDataKey")
    key = f"arn:{store.partition}:kms:*:*:key/*"
    encrypted = "every command, where the store is encrypted with KMS"
    found.append(Need("OptionalStoreEncrypt", uses, (key,), encrypted, store.through_s3()))
    return tuple(found)


def evidence_needs(to: str, kms_key: str | None, partition: str) -> tuple[Need, ...]:
    """The permissions to write compliance packages: to create objects, and to replace none.

    Args:
        to: `s3://bucket/prefix` of the packages, or a folder, which needs none.
        kms_key: the ARN of the key that signs their seals; None for a key file or none.
        partition: of the bucket.
    """
    found: list[Need] = []
    if parse_s3_uri(to):
        place = S3Resource.of(to, partition)
        objects, key = place.objects("*"), f"arn:{partition}:kms:*:*:key/*"
        new, locked = {**_NEW, **_SECURE}, "export --lock-days"
        uses = ("kms:Decrypt", "kms:GenerateDataKey")
        found += [
            Need("EvidenceList", ("s3:ListBucket",), (place.arn,), "export", place.listing),
            Need("EvidenceRead", ("s3:GetObject",), objects, "export", _SECURE),
            Need("EvidenceCreate", ("s3:PutObject",), objects, "export", new),
            Need("OptionalEvidenceLock", ("s3:PutObjectRetention",), objects, locked, _SECURE),
            Need(
                "OptionalEvidenceIsLocked",
                ("s3:GetBucketObjectLockConfiguration",),
                (place.arn,),
                "nothing; doctor sees whether Object Lock is on",
            ),
            Need(
                "OptionalEvidenceEncrypt",
                uses,
                (key,),
                "export, where packages are encrypted with KMS",
                place.through_s3(),
            ),
        ]
    if kms_key is not None:
        actions = ("kms:GetPublicKey", "kms:Sign")
        found.append(Need("SealSign", actions, (kms_key,), "export --kms-key"))
    return tuple(found)


_NAMES = Need(
    "OptionalNames",
    ("organizations:DescribeOrganization", "organizations:ListAccounts"),
    ("*",),
    "nothing; they provide the names of accounts",
)


def needs(
    source: str | None, store: str, partition: str, inventory: str | None = None
) -> tuple[Need, ...]:
    """All permissions that commands on a source and a store need.

    Args:
        source: what to load; None to read the store only.
        store: a folder, which needs none, or `s3://bucket/prefix`.
        partition: of both.
        inventory: the manifest or table that lists the source; None without one.
    """
    found: list[Need] = []
    if source == EVENT_HISTORY:
        lookup = ("cloudtrail:LookupEvents",)
        found += [Need("EventHistory", lookup, ("*",), f"load {EVENT_HISTORY}"), _NAMES]
    elif source is not None and parse_s3_uri(source):
        found += trail_needs(S3Resource.of(source, partition))
    if inventory is not None and parse_s3_uri(inventory):
        found += inventory_needs(S3Resource.of(inventory, partition))
    if parse_s3_uri(store):
        found += store_needs(S3Resource.of(store, partition), written=source is not None)
    return tuple(found)


def to_policy(needed: tuple[Need, ...]) -> dict[str, object]:
    """An IAM policy that grants permissions; optional statements are named `Optional…`."""
    ordered = sorted(needed, key=lambda need: need.optional)
    return {"Version": "2012-10-17", "Statement": [_statement(need) for need in ordered]}


def _statement(need: Need) -> dict[str, object]:
    """One statement of the policy, single values without brackets."""
    return {
        "Sid": need.sid,
        "Effect": "Allow",
        "Action": _one_or_all(need.actions),
        "Resource": _one_or_all(need.resources),
        **({"Condition": dict(need.condition)} if need.condition else {}),
    }


def _one_or_all(values: tuple[str, ...]) -> object:
    return values[0] if len(values) == 1 else list(values)
