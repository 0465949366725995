"""The services whose events are understood, one module or package of records each."""

from __future__ import annotations

from trailscan.organizations.services.control_tower import CONTROL_TOWER
from trailscan.organizations.services.organizations import ORGANIZATIONS

__all__ = ["CONTROL_TOWER", "ORGANIZATIONS", "SERVICES"]

SERVICES = (ORGANIZATIONS, CONTROL_TOWER)
"""Every service; a new one is a module of records and its name here."""
