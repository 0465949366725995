"""Finds which program made a call, from what the program says of itself and what AWS adds."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from trailscan.events.event import SessionContext
from trailscan.events.role_sessions import AWS_MCP

if TYPE_CHECKING:
    from trailscan.events.event import Event

_TOOLS = (
    ("opentofu", re.compile(r"OpenTofu/", re.IGNORECASE)),
    ("terraform", re.compile(r"APN/1\.0 HashiCorp|Terraform/", re.IGNORECASE)),
    ("cli", re.compile(r"aws-cli/")),
)
_CONSOLE = re.compile(r"(console|signin)\.([a-z0-9-]+\.)*amazonaws\.com(\.cn)?")
_AGENTS = (
    ("console", re.compile(rf"^{_CONSOLE.pattern}|AWS Organizations Console|^Mozilla/")),
    ("aws_service", re.compile(r"^AWS Internal|^aws-internal/|\.amazonaws\.com$")),
    ("sdk", re.compile(r"boto|aws-sdk|exec-env/", re.IGNORECASE)),
)
_SERVICE_CLIENTS = (
    ("control_tower", "controltower"),
    ("cloudformation", "cloudformation"),
    ("cloudformation", "stacksets"),
)


def client(event: Event) -> str:
    """The client that made a call: console, cli, sdk, terraform, agent, aws_service, or unknown.

    The caller chooses the user agent, so this is what the call looks like, not what it must be.
    `agent` is certain: AWS marks what its MCP server calls, and sessions of `aws login`, which sign
    a program in with a person's permissions.
    """
    who, agent = event.user_identity, event.user_agent or ""
    if who.invoked_by == AWS_MCP:
        return "agent"
    if who.invoked_by and _CONSOLE.fullmatch(who.invoked_by):
        return "console"
    if event.event_type == "AwsServiceEvent" or who.type == "AWSService" or who.invoked_by:
        return _service_client(f"{who.invoked_by or ''} {agent} {who.arn or ''}")
    from_console = str(event.session_credential_from_console).lower() == "true"
    context = who.session_context or SessionContext()
    found = _by_agent(agent, from_console)
    if found != "console" and (who.sign_in_session_arn or context.sign_in_session_arn):
        return "agent"
    if found == "unknown" and _CONSOLE.fullmatch(event.source_ip_address or ""):
        return "console"
    return _service_client(f"{agent} {who.arn or ''}") if found == "aws_service" else found


@lru_cache(maxsize=2048)
def _by_agent(agent: str, from_console: bool) -> str:  # noqa: FBT001  # a key of the cache
    """The client by its user agent, cached because the same few recur."""
    if found := next((name for name, mark in _TOOLS if mark.search(agent)), None):
        return found  # before the console: CloudShell has its credentials
    if from_console:
        return "console"
    return next((name for name, mark in _AGENTS if mark.search(agent)), "unknown")


@lru_cache(maxsize=2048)
def _service_client(marks: str) -> str:
    """The client name of an AWS service; `aws_service` for most."""
    lower = marks.casefold()
    return next((name for name, mark in _SERVICE_CLIENTS if mark in lower), "aws_service")
