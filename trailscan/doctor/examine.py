"""Every permission tried once, with the call that a command would make."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from trailscan.aws.calls import find_caller, service_client
from trailscan.aws.partitions import global_regions
from trailscan.aws.session import open_session, partition_of
from trailscan.aws.tries import try_call
from trailscan.doctor.check import Check, tried
from trailscan.doctor.evidence import evidence_checks
from trailscan.doctor.permissions import Need, S3Resource, evidence_needs, needs
from trailscan.doctor.s3 import inventory_checks, store_checks, trail_checks
from trailscan.location import EVENT_HISTORY, parse_s3_uri
from trailscan.numbers import counted
from trailscan.table import Column, Table
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trailscan.aws.session import AwsOptions, Session

COLUMNS = (
    Column("status", "Status", "text"),
    Column("action", "Action", "id"),
    Column("resource", "Resource", "text", most_width=60, rank=1, least_width=20),
    Column("needed_by", "Needed by", "text", most_width=30, rank=2),
    Column("optional", "Optional", "flag", rank=3),
    Column("detail", "Detail", "text", wide=True, least_width=20),
)
_DIGESTS_SINCE = datetime(2015, 1, 1, tzinfo=UTC)
_SERVICES = {
    "EventHistory": (("cloudtrail:LookupEvents", "lookup_events"),),
    "ValidateKeys": (("cloudtrail:ListPublicKeys", "list_public_keys"),),
    "OptionalNames": (
        ("organizations:DescribeOrganization", "describe_organization"),
        ("organizations:ListAccounts", "list_accounts"),
    ),
}
"""The calls that try permissions of services other than S3."""


def examine(
    source: str | None,
    store: str,
    options: AwsOptions,
    now: datetime,
    inventory: str | None = None,
    to: str = "",
    kms_key: str | None = None,
) -> list[Check]:
    """Every permission that the source, the store and the packages need, tried.

    Args:
        source: the source of `load`; None to check reading the store only.
        store: a folder or `s3://bucket/prefix`.
        options: how to reach AWS.
        now: the present.
        inventory: the manifest or table that lists the source; None without one.
        to: where packages go; empty to leave them out.
        kms_key: the ARN of the key that signs them.

    Raises:
        TrailscanError: nobody is signed in, AWS does not answer, or a URI names no bucket.
    """
    session = open_session(options)
    unasked = _why_unasked(options)
    who, partition = _who(session, unasked)
    needed = {need.sid: need for need in needs(source, store, partition, inventory)}
    checks = [who]
    if source is not None and parse_s3_uri(source):
        place = S3Resource.of(source, partition)
        checks += trail_checks(session, options, source, place, needed)
    elif source is not None and source != EVENT_HISTORY:
        checks.append(_local(source))
    if inventory is not None and parse_s3_uri(inventory):
        place = S3Resource.of(inventory, partition)
        checks += inventory_checks(session, options, place, needed)
    elif inventory is not None:
        checks.append(_local(inventory))
    checks += _service_checks(session, unasked, partition, needed, now)
    if parse_s3_uri(store):
        checks += store_checks(session, options, store, S3Resource.of(store, partition), needed)
    else:
        checks.append(_local(store))
    wanted = {need.sid: need for need in evidence_needs(to, kms_key, partition)}
    checks += evidence_checks(session, options, to, kms_key, partition, wanted)
    return checks


def _why_unasked(options: AwsOptions) -> str:
    """Why AWS services other than S3 are not asked; empty if they are."""
    if options.no_sign_request:
        return "requests are not signed"
    if options.endpoint_url is not None and ".amazonaws.com" not in options.endpoint_url:
        return f"{options.endpoint_url} serves S3 only"
    return ""


def _who(session: Session, unasked: str) -> tuple[Check, str]:
    """The signed-in identity, and the partition."""
    who = Need("Identity", ("sts:GetCallerIdentity",), ("*",), "nothing")
    if unasked:
        nobody = Check.of(who, "not tried", who.actions[0], unasked)._replace(optional=True)
        return nobody, partition_of(session.region_name)
    caller = find_caller(session)
    return Check.of(who, "ok", who.actions[0], f"signed in as {caller.arn}"), caller.partition


def _local(place: str) -> Check:
    """The line for a folder on this machine."""
    why = "not in S3: no AWS permission is needed"
    return Check("not tried", "-", place, "nothing", optional=True, detail=why)


def _service_checks(
    session: Session,
    unasked: str,
    partition: str,
    needed: Mapping[str, Need],
    now: datetime,
) -> Iterator[Check]:
    """The permissions of CloudTrail and Organizations, tried."""
    asked: dict[str, dict[str, Any]] = {
        "lookup_events": {"StartTime": now, "EndTime": now, "MaxResults": 1},
        "list_public_keys": {"StartTime": _DIGESTS_SINCE, "EndTime": now},
        "list_accounts": {"MaxResults": 1},
    }
    for sid, calls in _SERVICES.items():
        for action, operation in calls if sid in needed else ():
            if unasked:
                yield Check.of(needed[sid], "not tried", action, unasked)._replace(optional=True)
                continue
            service = action.partition(":")[0]
            region = global_regions().get(partition)
            client = service_client(session, service, region)
            outcome = try_call(client, operation, **asked.get(operation, {}))
            yield tried(needed[sid], action, outcome)


def is_healthy(checks: list[Check]) -> bool:
    """Whether every required permission works."""
    return all(check.status == "ok" or check.optional for check in checks)


def to_table(checks: list[Check]) -> Table:
    """The checks as a report."""
    missing = [check for check in checks if check.status == "missing" and not check.optional]
    note = (
        f"{counted(len(missing), 'permission')} to allow" if missing else "no permission is missing"
    )
    return Table("doctor", COLUMNS, tuple(map(tuple, checks)), Window(), (note,))


def to_line(check: Check) -> str:
    """A check in one line: status, action, and what to do or what was observed."""
    allow = f"allow it on {check.resource}, needed by {check.needed_by}: "
    told = {"missing": allow, "failed": f"on {check.resource}: "}.get(check.status, "")
    optional = " (optional)" if check.optional and check.status in ("missing", "failed") else ""
    seen = check.detail if check.action != "-" else f"{check.resource}: {check.detail}"
    words = f"{check.status:<10} {check.action:<34} {told}{' '.join(seen.split())}{optional}"
    return words.rstrip()
