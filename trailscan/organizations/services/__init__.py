"""The services whose events are understood, one module or package of records each.

To add a service, write a module with a `Service`: its event source, an `Operation` for each
operation and service event, and the roles and values that its sentences name. Then list it in
`SERVICES`. Changes, findings, `show` and the page of operations take everything from there.
"""

from __future__ import annotations

from trailscan.organizations.services.control_tower import CONTROL_TOWER
from trailscan.organizations.services.organizations import ORGANIZATIONS

__all__ = ["CONTROL_TOWER", "ORGANIZATIONS", "SERVICES"]

SERVICES = (ORGANIZATIONS, CONTROL_TOWER)
"""Every service."""
