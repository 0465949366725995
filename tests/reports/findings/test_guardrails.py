"""Rules about guardrails: each fires on its example and stays quiet on its neighbour."""

from __future__ import annotations

import pytest
from firing import CREATED, DETACH, MINUTE, on, rules_of, text
from making import MEMBER, denied, service_event, write_policy

from trailscan.reports.findings.guardrails import GUARDRAILS

TAG_POLICY = write_policy("CreatePolicy", "{}", policy_id="p-tags0001", policy_type="TAG_POLICY")
STOP = write_policy("CreatePolicy", text("*"))

CASES = {
    "guardrail-detached": (
        [CREATED, on("DetachPolicy", **DETACH)],
        [
            TAG_POLICY,
            on("DetachPolicy", **(DETACH | {"policyId": "p-tags0001"})),
            on("DetachPolicy", **(DETACH | {"policyId": "p-FullAWSAccess"})),
            denied("DetachPolicy"),
        ],
    ),
    "guardrail-weakened": (
        [CREATED, write_policy("UpdatePolicy", text("iam:*"), MINUTE)],
        [CREATED, write_policy("UpdatePolicy", text("iam:*", "organizations:*"), MINUTE)],
    ),
    "guardrail-changed": (
        [write_policy("UpdatePolicy", text("iam:*"), MINUTE)],
        [CREATED, write_policy("UpdatePolicy", text("iam:*"), MINUTE)],
    ),
    "guardrail-deleted": (
        [CREATED, on("DeletePolicy", policyId="p-guard001")],
        [TAG_POLICY, on("DeletePolicy", policyId="p-tags0001"), denied("DeletePolicy")],
    ),
    "policy-type-disabled": (
        [on("DisablePolicyType", rootId="r-exam", policyType="TAG_POLICY")],
        [on("EnablePolicyType", rootId="r-exam", policyType="TAG_POLICY")],
    ),
    "allow-list-lifted": (
        [on("AttachPolicy", policyId="p-FullAWSAccess", targetId="ou-exam-11111111")],
        [
            on("AttachPolicy", policyId="p-other0001", targetId="ou-exam-11111111"),
            denied("AttachPolicy"),
        ],
    ),
    "everything-denied": (
        [STOP, on("AttachPolicy", policyId="p-guard001", targetId="ou-exam-11111111")],
        [STOP, on("AttachPolicy", policyId="p-guard001", targetId=MEMBER)],
    ),
    "effective-policy-invalid": (
        [service_event("EffectivePolicyValidation", accountId=MEMBER, state="INVALID")],
        [service_event("EffectivePolicyValidation", accountId=MEMBER, state="VALID")],
    ),
}


def test_every_rule_has_a_case():
    """No rule is without an example and a neighbour."""
    assert [rule.id for rule in GUARDRAILS] == list(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_rule_fires_on_its_example_and_not_on_its_neighbour(name):
    """The rule is what tells both apart."""
    example, neighbour = CASES[name]
    assert name in rules_of(*example)
    assert name not in rules_of(*neighbour)
