"""Rules about delegations: each fires on its example and stays quiet on its neighbour."""

from __future__ import annotations

import pytest
from firing import GUARDDUTY, MINUTE, RAM, fired, on, rules_of
from making import MANAGEMENT, MEMBER, call, denied, service_event

from trailscan.reports.findings.delegations import DELEGATIONS

CASES = {
    "delegated-administrator-added": (
        [on("RegisterDelegatedAdministrator", accountId=MEMBER, **RAM)],
        [denied("RegisterDelegatedAdministrator")],
    ),
    "delegated-administrator-removed": (
        [on("DeregisterDelegatedAdministrator", accountId=MEMBER, **RAM)],
        [on("DeregisterDelegatedAdministrator", accountId=MEMBER, **GUARDDUTY)],
    ),
    "trusted-access-added": (
        [on("EnableAWSServiceAccess", **RAM)],
        [denied("EnableAWSServiceAccess")],
    ),
    "trusted-access-removed": (
        [on("DisableAWSServiceAccess", **RAM)],
        [on("DisableAWSServiceAccess", **GUARDDUTY)],
    ),
    "resource-policy-changed": (
        [on("PutResourcePolicy", content="HIDDEN_DUE_TO_SECURITY_REASONS")],
        [denied("PutResourcePolicy"), on("DescribeResourcePolicy")],
    ),
    "bills-handed-over": (
        [
            service_event(
                "ResponsibilityTransferAccepted",
                id="rt-example1",
                target={"managementAccountId": "999900001111"},
            )
        ],
        [
            service_event(
                "ResponsibilityTransferAccepted",
                id="rt-example1",
                target={"managementAccountId": MANAGEMENT},
            )
        ],
    ),
}


def test_every_rule_has_a_case():
    """No rule is without an example and a neighbour."""
    assert [rule.id for rule in DELEGATIONS] == list(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_rule_fires_on_its_example_and_not_on_its_neighbour(name):
    """The rule is what tells both apart."""
    example, neighbour = CASES[name]
    assert name in rules_of(*example)
    assert name not in rules_of(*neighbour)


def test_an_accepted_transfer_and_its_service_event_are_one_finding():
    """What AWS itself reports of an acceptance is no second one."""
    parties = [{"type": "ORGANIZATION", "id": "o-otherorg99"}]
    handshake = {"id": "h-example01", "action": "TRANSFER_RESPONSIBILITY", "parties": parties}
    accepted = call("AcceptHandshake", responseElements={"handshake": handshake})
    after = service_event(
        "ResponsibilityTransferAccepted", MINUTE, id="rt-1", activeHandshakeId="h-example01"
    )
    assert fired(accepted, after) == [("bills-handed-over", 2)]
