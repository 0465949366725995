"""An account with a twin in GovCloud, and namesakes of Organizations' events in other services."""

from __future__ import annotations

from typing import TYPE_CHECKING

import organization as org
from organization import ALICE, GITHUB, GOVERNMENT_ROOT, on_behalf
from records import Call, Outcome, api_call, older_java_stamp
from stage import Stage, moment

if TYPE_CHECKING:
    import random

    from records import Record

_REQUEST = "car-examplegovreports091800000000003"
_ASKED, _DONE = "09-18 09:15:02", "09-18 09:16:20"


def government_account(rng: random.Random) -> list[Record]:
    """Asked for, made, placed; a month later it closes itself, without Organizations."""
    stage = Stage(rng)
    _ask(stage)
    stage.look(
        ALICE, "09-18 09:15:40", "DescribeCreateAccountStatus", {"createAccountRequestId": _REQUEST}
    )
    stage.records.append(_signed_up(rng))
    twin: Record = {"accountId": org.GOVERNMENT, "govCloudAccountId": org.GOVERNMENT_TWIN}
    stage.account_created(_ASKED, _DONE, _REQUEST, twin)
    stage.joined("09-18 09:16:21", org.GOVERNMENT, "CREATED")
    stage.look(ALICE, "09-18 09:17:05", "ListCreateAccountStatus", {"states": ["SUCCEEDED"]})
    stage.move(GITHUB, "09-18 09:24:33", org.GOVERNMENT, org.ROOT, org.OU_INFRASTRUCTURE)
    stage.records.append(_closes_itself(rng))
    unit = org.OU_INFRASTRUCTURE
    stage.move(GITHUB, "10-21 10:31:12", org.GOVERNMENT, unit, org.OU_SUSPENDED)
    return stage.records


def _ask(stage: Stage) -> None:
    request: Record = {
        "tags": [{"key": "Owner", "value": "public-sector"}],
        "email": "****",
        "accountName": "****",
        "roleName": "OrganizationAccountAccessRole",
        "iamUserAccessToBilling": "DENY",
    }
    status: Record = {
        "accountName": "****",
        "state": "IN_PROGRESS",
        "id": _REQUEST,
        "requestedTimestamp": older_java_stamp(moment(_ASKED)),
    }
    stage.call(ALICE, _ASKED, "CreateGovCloudAccount", request, {"createAccountStatus": status})


def _signed_up(rng: random.Random) -> Record:
    """The sign-up behind the new account: CreateAccount, but not of Organizations."""
    call = Call(moment("09-18 09:15:58"), "signup.amazonaws.com", "CreateAccount", org.GOVERNMENT)
    caller = on_behalf(GOVERNMENT_ROOT, "organizations.amazonaws.com")
    return api_call(rng, caller, call, Outcome())


def _closes_itself(rng: random.Random) -> Record:
    """CloseAccount, but of Account Management: the root user closes the account it is in."""
    call = Call(moment("10-20 16:22:09"), "account.amazonaws.com", "CloseAccount", org.GOVERNMENT)
    return api_call(rng, GOVERNMENT_ROOT, call, Outcome())
