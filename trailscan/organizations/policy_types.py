"""The types of policies as people call them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from trailscan.organizations.fields import text_at

if TYPE_CHECKING:
    from trailscan.events.event import Event

_LABELS = {
    "SERVICE_CONTROL_POLICY": "SCP",
    "RESOURCE_CONTROL_POLICY": "RCP",
    "AISERVICES_OPT_OUT_POLICY": "AI services opt-out",
    "BEDROCK_POLICY": "Bedrock",
    "DECLARATIVE_POLICY_EC2": "EC2 declarative",
    "GUARDDUTY_POLICY": "GuardDuty",
    "INSPECTOR_POLICY": "Inspector",
    "NETWORK_SECURITY_DIRECTOR_POLICY": "Network Security Director",
    "S3_POLICY": "S3",
    "SECURITYHUB_CSPM_POLICY": "Security Hub CSPM",
    "SECURITYHUB_POLICY": "Security Hub",
}
"""Types whose name is not simply the enum in lower case."""


_PLURALS = {
    "SCP": "service control policies (SCPs)",
    "RCP": "resource control policies (RCPs)",
}


def policy_type_at(event: Event) -> str | None:
    """The label of the policy type in an event: SCP, backup, GuardDuty."""
    found = text_at(
        event,
        "request.policyType",
        "request.type",
        "request.filter",
        "response.policy.policySummary.type",
        "details.policyType",
    )
    return policy_type_label(found)


def policy_type_label(policy_type: str | None) -> str | None:
    """The label of a policy type, `SCP` of `SERVICE_CONTROL_POLICY`; unknown ones spelled out."""
    if policy_type is None:
        return None
    lower = policy_type.upper().removesuffix("_POLICY").lower().replace("_", " ")
    return _LABELS.get(policy_type.upper(), lower)


def policy_types_label(policy_type: str | None) -> str:
    """The noun for all policies of a type: `service control policies (SCPs)`, `tag policies`."""
    label = policy_type_label(policy_type)
    return _PLURALS.get(label or "", f"{label} policies" if label else "policies")


@lru_cache(maxsize=64)
def policy_noun(policy_type: str | None) -> str | None:
    """The noun for a policy of some type: `SCP`, `tag policy`; None if the type is not known."""
    label = policy_type_label(policy_type)
    return label if label in {None, "SCP", "RCP"} else f"{label} policy"
