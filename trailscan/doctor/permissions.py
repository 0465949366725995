"""The permissions that trailscan needs, and the least IAM policy that grants them; asks nobody.

Each fits what `load`, `validate` and the reports do ask of AWS: a test holds the requests of a load
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
"""How the name of a statement begins that may be left out."""

_NONE: Condition = MappingProxyType({})
_SECURE: Condition = {"Bool": {"aws:SecureTransport": "true"}}
_NEW: Condition = {"Null": {"s3:if-none-match": "false"}}
_SUFFIXES = {"aws-cn": ("amazonaws.com.cn", "amazonaws.com")}
"""Domains that a partition's services have in `kms:ViaService`, where they are others."""


class Need(NamedTuple):
    """One statement: what is needed, on what, and what for.

    Attributes:
        sid: its name in the policy.
        actions: of IAM.
        resources: ARNs.
        needed_by: what does not work without.
        condition: under which it suffices.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    needed_by: str
    condition: Condition = _NONE

    @property
    def optional(self) -> bool:
        """Whether the rest works without."""
        return self.sid.startswith(OPTIONAL)


class Place(NamedTuple):
    """A bucket, or what stands in it at a prefix, in a partition."""

    partition: str
    bucket: str
    prefix: str

    @classmethod
    def of(cls, uri: str, partition: str) -> Place:
        """The place of an `s3://bucket/prefix` URI."""
        location = parse_bucket(uri)
        return cls(partition, location.bucket, location.prefix.rstrip("/"))

    @property
    def arn(self) -> str:
        """The bucket's ARN."""
        return f"arn:{self.partition}:s3:::{self.bucket}"

    def objects(self, *names: str) -> tuple[str, ...]:
        """The ARNs of some objects below the prefix."""
        above = f"{self.arn}/{self.prefix}/" if self.prefix else f"{self.arn}/"
        return tuple(f"{above}{name}" for name in names)

    @property
    def listing(self) -> Condition:
        """What a listing of this place asks for."""
        if not self.prefix:
            return _SECURE
        return {"StringLike": {"s3:prefix": [self.prefix, f"{self.prefix}/*"]}, **_SECURE}

    def through_s3(self) -> Condition:
        """That a key is used by S3, for objects of this bucket."""
        domains = _SUFFIXES.get(self.partition, ("amazonaws.com",))
        return {
            "StringLike": {
                "kms:ViaService": [f"s3.*.{domain}" for domain in domains],
                "kms:EncryptionContext:aws:s3:arn": [self.arn, f"{self.arn}/*"],
            }
        }


def trail_needs(trail: Place) -> tuple[Need, ...]:
    """To read log files and digest files at a place."""
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
            "nothing; it tells where a bucket is that refuses to be listed",
        ),
        _NAMES,
    )


def history_needs() -> tuple[Need, ...]:
    """To load Event history."""
    lookup = Need("EventHistory", ("cloudtrail:LookupEvents",), ("*",), f"load {EVENT_HISTORY}")
    return (lookup, _NAMES)


def store_needs(store: Place, *, written: bool) -> tuple[Need, ...]:
    """To read a store in S3, and to write it."""
    found = [
        Need("StoreList", ("s3:ListBucket",), (store.arn,), "every command", store.listing),
        Need("StoreRead", ("s3:GetObject",), store.objects("*"), "every command", _SECURE),
    ]
    uses: tuple[str, ...] = ("kms:Decrypt",)
    if written:
        data = store.objects(*(f"{table}/*" for table in get_args(TableName)))
        commits = store.objects("_intent/*", "_ledger/*", "_probe/*", MARKER)
        spent = store.objects("_intent/*", "_probe/*")
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


_NAMES = Need(
    "OptionalNames",
    ("organizations:DescribeOrganization", "organizations:ListAccounts"),
    ("*",),
    "nothing; they give accounts their names",
)


def needs(source: str | None, store: str, partition: str) -> tuple[Need, ...]:
    """All that commands on a source and a store need of AWS.

    Args:
        source: what to load; None to read the store only.
        store: a folder, which needs nothing, or `s3://bucket/prefix`.
        partition: of both.
    """
    found: list[Need] = []
    if source == EVENT_HISTORY:
        found += history_needs()
    elif source is not None and parse_s3_uri(source):
        found += trail_needs(Place.of(source, partition))
    if parse_s3_uri(store):
        found += store_needs(Place.of(store, partition), written=source is not None)
    return tuple(found)


def to_policy(needed: tuple[Need, ...]) -> dict[str, object]:
    """An IAM policy that grants what is needed; what may be left out is named `Optional…`."""
    ordered = sorted(needed, key=lambda need: need.optional)
    return {"Version": "2012-10-17", "Statement": [_statement(need) for need in ordered]}


def _statement(need: Need) -> dict[str, object]:
    """One statement, single values without brackets."""
    return {
        "Sid": need.sid,
        "Effect": "Allow",
        "Action": _one_or_all(need.actions),
        "Resource": _one_or_all(need.resources),
        **({"Condition": dict(need.condition)} if need.condition else {}),
    }


def _one_or_all(values: tuple[str, ...]) -> object:
    return values[0] if len(values) == 1 else list(values)
