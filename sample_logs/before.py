"""The third of August, before there was an organization trail: the account's own trail has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import organization as org
from organization import FOUNDER, SETUP
from stage import Handshake, Stage, moment

if TYPE_CHECKING:
    import random

    from records import Record


def founding(rng: random.Random) -> list[Record]:
    """A first try, thrown away, then the organization and its first units."""
    stage = Stage(rng)
    _create(stage, "09:02:11", org.FIRST_TRY, "ALL", by_root=True)
    stage.call(FOUNDER, "08-03 09:03:40", "DeleteOrganization")
    stage.departed("08-03 09:03:42", org.MANAGEMENT, "LEFT")
    _create(stage, "09:06:05", org.ORGANIZATION, "CONSOLIDATED_BILLING")
    _all_features(stage)
    stage.look(SETUP, "08-03 09:08:12", "DescribeOrganization")
    stage.look(SETUP, "08-03 09:08:14", "ListRoots")
    for second, (unit, name) in enumerate(
        [(org.OU_INFRASTRUCTURE, "Infrastructure"), (org.OU_STAGING, "Policy Staging")], start=31
    ):
        stage.create_unit(SETUP, f"08-03 09:08:{second}", unit, name, org.ROOT)
    return stage.records


def _create(
    stage: Stage, time: str, organization: str, features: str, *, by_root: bool = False
) -> None:
    """An organization is made, and the account that made it is its first."""
    arn = f"arn:aws:organizations::{org.MANAGEMENT}"
    policies = [{"type": org.SCP, "status": "ENABLED"}] if features == "ALL" else []
    made: Record = {
        "id": organization,
        "arn": f"{arn}:organization/{organization}",
        "featureSet": features,
        "masterAccountArn": f"{arn}:account/{organization}/{org.MANAGEMENT}",
        "masterAccountId": org.MANAGEMENT,
        "masterAccountEmail": "****",
        "availablePolicyTypes": policies,
    }
    who = FOUNDER if by_root else SETUP
    request: Record = {"featureSet": features}
    stage.call(who, f"08-03 {time}", "CreateOrganization", request, {"organization": made})
    stage.joined(f"08-03 {time}", org.MANAGEMENT, "INVITED")


def _all_features(stage: Stage) -> None:
    """Asked for, and agreed to: no other account has to."""
    asked = "08-03 09:07:20"
    handshake = Handshake("h-examplefeatures4", {}, moment(asked), action="enable_all_features")
    stage.call(SETUP, asked, "EnableAllFeatures", None, handshake.shown("REQUESTED"))
    stage.answer(SETUP, "08-03 09:07:52", "AcceptHandshake", handshake, "ACCEPTED")
