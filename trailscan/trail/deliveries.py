"""What else AWS delivers beside log files, and what file systems and jobs leave behind.

AWS puts the files of each service in a folder of the account, `AWSLogs/[o-id/]account/service/…`,
and repeats account and service in their names. A folder of such a name anywhere else means nothing.
"""

from __future__ import annotations

import re

SERVICES = {
    "CloudTrail-Digest": "digest",
    "CloudTrail-Insight": "insight",
    "CloudTrail-Aggregated": "aggregated",
    "CloudTrail-NetworkActivity": "network_activity",
    "CloudTrail-Lake": "lake",
    "Config": "config",
    "elasticloadbalancing": "elb",
    "vpcflowlogs": "vpc_flow_logs",
    "vpcdnsquerylogs": "dns_query_logs",
    "WAFLogs": "waf",
    "GuardDuty": "guardduty",
    "network-firewall": "network_firewall",
    "globalaccelerator": "global_accelerator",
    "CloudFront": "cloudfront",
    "redshift": "redshift",
    "VerifiedAccess": "verified_access",
    "VpcLattice": "vpc_lattice",
    "BedrockModelInvocationLogs": "bedrock",
}
"""Folder below an account -> kind. From the pages on log file names and delivery to S3 in the user
guides of CloudTrail, Config, Elastic Load Balancing, VPC, Route 53, WAF, GuardDuty, Network
Firewall, Global Accelerator, CloudFront, Redshift, Verified Access, VPC Lattice and Bedrock."""

_BY_NAME = {name.lower(): kind for name, kind in SERVICES.items()}
_NAMED = re.compile(r"[0-9]{12}_([A-Za-z]+(?:-[A-Za-z]+)?)_")
_IN_ACCOUNT = re.compile(r"(?:(?:^|/)AWSLogs/|^)(?:o-[a-z0-9]{10,32}/)?[0-9]{12}/([A-Za-z-]+)(?=/)")
_MARKERS = frozenset(
    {
        *(".ds_store", "thumbs.db", "desktop.ini", ".localized", ".gitkeep", ".keep", ".empty"),
        *("_success", "_committed", "_started", "_temporary", "lost+found"),
        *("aws-logs-write-test", "configwritabilitycheckfile"),
        *("elbaccesslogtestfile", "elbconnectionlogtestfile"),
    }
)
"""Names that Finder, Explorer, git and Hadoop's jobs write, and those with which CloudWatch Logs,
AWS Config and Elastic Load Balancing try whether they may write to a bucket; in lower case."""

_MARKER = re.compile(
    r".*_\$folder\$|\.(?:.+)\.crc|_(?:committed|started)_[0-9]+|\.nfs[0-9a-f]{24}|\._.*\.DS_Store",
    re.IGNORECASE,
)
"""EMR's folders, checksums of Hadoop, marks of Databricks jobs, files that NFS still holds open."""


_DOCUMENT = re.compile(
    r"(?:readme|license|licence|changelog|notice|makefile|dockerfile)|.+\.(?:md|rst|adoc|py|sh|tf)",
    re.IGNORECASE,
)
"""Names of documentation and program source, which people keep beside log files."""


def service_of(key: str, source_length: int = 0) -> str | None:
    """The kind of an object that a service of AWS delivered, by its folders; None for others.

    Args:
        key: of the object, or of a folder with its slash.
        source_length: how much of the key is the source: folders above it decide nothing.
    """
    for found in _IN_ACCOUNT.finditer(key):
        if found.start(1) >= source_length and (kind := SERVICES.get(found[1])):
            return kind
    if source_length:
        inside = _IN_ACCOUNT.match(key[source_length:])
        return SERVICES.get(inside[1]) if inside else None
    return None


def service_named(name: str) -> str | None:
    """The kind of an object that a service of AWS delivered, by its own name; None for others."""
    found = _NAMED.match(name)
    return _BY_NAME.get(found[1].lower()) if found else None


def is_marker(name: str) -> bool:
    """Whether a file is one that a file system or a job writes for itself; by its name."""
    return not name or name.lower() in _MARKERS or _MARKER.fullmatch(name) is not None


def is_document(name: str) -> bool:
    """Whether a file is documentation or program source by its name; its content may be neither."""
    return _DOCUMENT.fullmatch(name) is not None
