"""AWS Organizations: the records of its 63 operations and 7 service events, by topic.

Sources: the service model of botocore 1.44 (`organizations/2016-11-28`) for operations and their
members; AWS's page "Logging AWS Organizations with CloudTrail" for the service events.
"""

from __future__ import annotations

from trailscan.organizations.operation import Service
from trailscan.organizations.services.organizations import (
    accounts,
    delegation,
    handshakes,
    ous,
    policies,
    reads,
    tags,
    transfers,
)
from trailscan.organizations.services.organizations.roles import ROLES
from trailscan.organizations.services.organizations.values import VALUES

ORGANIZATIONS = Service(
    "organizations.amazonaws.com",
    operations=(
        *accounts.OPERATIONS,
        *ous.OPERATIONS,
        *handshakes.OPERATIONS,
        *policies.OPERATIONS,
        *delegation.OPERATIONS,
        *transfers.OPERATIONS,
        *tags.OPERATIONS,
        *reads.OPERATIONS,
    ),
    roles=ROLES,
    values=VALUES,
)
"""The records of AWS Organizations."""
