"""A bill is taken over from another organization, and given back: a transfer of responsibility.

How CloudTrail shows these events was never published: members are the service model's, hidden where
the model calls them sensitive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import organization as org
from organization import FINANCE
from records import java_stamp
from stage import Handshake, Stage, moment

if TYPE_CHECKING:
    import random

    from records import Record

_START = java_stamp(moment("10-01 00:00:00"))
_END = java_stamp(moment("10-29 00:00:00"))
_HANDSHAKE = "h-examplebilling5"


def billing_transfer(rng: random.Random) -> list[Record]:
    """From the invitation to the end."""
    stage = Stage(rng)
    _invite(stage, "09-14 10:05:00")
    stage.look(FINANCE, "09-14 10:05:09", "DescribeHandshake", {"handshakeId": _HANDSHAKE})
    _event(stage, "09-16 08:30:12", "ResponsibilityTransferAccepted", _transfer())
    look: Record = {"type": "BILLING"}
    stage.look(FINANCE, "09-16 13:02:31", "ListInboundResponsibilityTransfers", look)
    stage.look(FINANCE, "09-16 13:02:33", "ListOutboundResponsibilityTransfers", look)
    stage.look(FINANCE, "09-16 13:02:50", "DescribeResponsibilityTransfer", {"id": org.TRANSFER})
    request: Record = {"id": org.TRANSFER, "name": "****"}
    stage.call(FINANCE, "09-16 13:04:18", "UpdateResponsibilityTransfer", request, _transfer())
    stage.tag(FINANCE, "09-16 13:06:40", org.TRANSFER, Contract="2026-114")
    ended = _transfer(end=True)
    request = {"id": org.TRANSFER, "endTimestamp": _END}
    stage.call(FINANCE, "10-19 09:41:27", "TerminateResponsibilityTransfer", request, ended)
    withdrawn = _transfer(end=True, status="WITHDRAWN")
    _event(stage, "10-29 00:00:07", "ResponsibilityTransferTerminated", withdrawn)
    return stage.records


def _invite(stage: Stage, when: str) -> None:
    target: Record = {"type": "ACCOUNT", "id": org.OTHER_MANAGEMENT}
    more: list[Record] = [
        {"type": "TRANSFER_TYPE", "value": "BILLING"},
        {"type": "TRANSFER_START_TIMESTAMP", "value": _START},
        {"type": "RESPONSIBILITY_TRANSFER", "value": org.TRANSFER},
        {"type": "NOTES", "value": "****"},
    ]
    handshake = Handshake(
        _HANDSHAKE, target, moment(when), action="transfer_responsibility", more=more
    )
    request: Record = {
        "type": "BILLING",
        "target": target,
        "notes": "****",
        "startTimestamp": _START,
        "sourceName": "****",
        "tags": [],
    }
    name = "InviteOrganizationToTransferResponsibility"
    stage.call(FINANCE, when, name, request, handshake.shown("REQUESTED"))


def _event(stage: Stage, when: str, name: str, transfer: Record) -> None:
    stage.service(when, name, transfer, "organizations.amazonaws.com")


def _transfer(*, end: bool = False, status: str = "ACCEPTED") -> Record:
    place = f"{org.ORGANIZATION}/billing/inbound/{org.TRANSFER}"
    shown: Record = {
        "arn": f"arn:aws:organizations::{org.MANAGEMENT}:transfer/{place}",
        "name": "****",
        "id": org.TRANSFER,
        "type": "BILLING",
        "status": status,
        "source": _participant(org.OTHER_MANAGEMENT),
        "target": _participant(org.MANAGEMENT),
        "startTimestamp": _START,
        **({"endTimestamp": _END} if end else {}),
        "activeHandshakeId": _HANDSHAKE,
    }
    return {"responsibilityTransfer": shown}


def _participant(account: str) -> Record:
    return {"managementAccountId": account, "managementAccountEmail": "****"}
