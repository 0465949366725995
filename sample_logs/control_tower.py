"""What AWS Control Tower tells at the end of its work: here accounts and units have names."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import organization as org
from records import Call, Record, service_event, stamp
from stage import moment

if TYPE_CHECKING:
    import random
    from datetime import datetime

SOURCE = "controltower.amazonaws.com"
_TAKES = timedelta(minutes=19, seconds=53)
Named = tuple[str, str]  # what it is called, and its id

_UNITS: list[tuple[str, Named]] = [
    ("09-05 09:10:41", ("Infrastructure", org.OU_INFRASTRUCTURE)),
    ("09-05 09:24:18", ("Production", org.OU_PRODUCTION)),
    ("09-05 09:38:02", ("Sandbox", org.OU_SANDBOX)),
]
_ENROLLED: list[tuple[str, Named, Named]] = [
    ("09-05 10:12:37", ("workloads", org.WORKLOADS), ("Production", org.OU_PRODUCTION)),
    ("09-05 10:41:09", ("sandbox", org.SANDBOX), ("Sandbox", org.OU_SANDBOX)),
    ("09-18 09:52:30", ("gov-reports", org.GOVERNMENT), ("Infrastructure", org.OU_INFRASTRUCTURE)),
    ("09-23 08:15:26", ("acquired-shop", org.ACQUIRED), ("NonProd", org.OU_TEST)),
]


def lifecycle(rng: random.Random) -> list[Record]:
    """Every lifecycle event but the one of the payments account, which the story has."""
    units = [registered_unit(rng, when, unit) for when, unit in _UNITS]
    accounts = [managed_account(rng, when, account, unit) for when, account, unit in _ENROLLED]
    return [_landing_zone(rng, "09-02 11:02:14"), *units, *accounts, _guardrail(rng)]


def managed_account(rng: random.Random, when: str, account: Named, unit: Named) -> Record:
    """An account is made or enrolled."""
    done = moment(when)
    status: Record = {
        "organizationalUnit": _unit(unit),
        "account": _account(account),
        "state": "SUCCEEDED",
        "message": "AWS Control Tower successfully created a managed account.",
        "requestedTimestamp": _offset_stamp(done - _TAKES),
        "completedTimestamp": _offset_stamp(done),
    }
    return _event(rng, done, "CreateManagedAccount", {"createManagedAccountStatus": status})


def registered_unit(rng: random.Random, when: str, unit: Named) -> Record:
    """Governance begins for a unit."""
    done = moment(when)
    status: Record = {
        "state": "SUCCEEDED",
        "message": "AWS Control Tower successfully registered an organizational unit.",
        "organizationalUnit": _unit(unit),
        "requestedTimestamp": stamp(done - _TAKES),
        "completedTimestamp": stamp(done),
    }
    return _event(
        rng, done, "RegisterOrganizationalUnit", {"registerOrganizationalUnitStatus": status}
    )


def _landing_zone(rng: random.Random, when: str) -> Record:
    done = moment(when)
    accounts = [("Audit", org.AUDIT), ("Log archive", org.LOG_ARCHIVE)]
    status: Record = {
        "state": "SUCCEEDED",
        "message": "AWS Control Tower successfully set up a new landing zone.",
        "rootOrganizationalId": org.ROOT,
        "organizationalUnits": [_unit(("Security", org.OU_SECURITY))],
        "accounts": [_account(account) for account in accounts],
        "requestedTimestamp": stamp(done - _TAKES),
        "completedTimestamp": stamp(done),
    }
    return _event(rng, done, "SetupLandingZone", {"setupLandingZoneStatus": status})


def _guardrail(rng: random.Random) -> Record:
    done = moment("09-06 07:42:20")
    guardrail = {"guardrailId": "AWS-GR_LOG_GROUP_POLICY", "guardrailBehavior": "PREVENTIVE"}
    status: Record = {
        "organizationalUnits": [_unit(("Security", org.OU_SECURITY))],
        "guardrails": [guardrail],
        "state": "SUCCEEDED",
        "message": "AWS Control Tower successfully enabled a guardrail on an organizational unit.",
        "requestTimestamp": _offset_stamp(done - timedelta(seconds=49)),
        "completedTimestamp": _offset_stamp(done),
    }
    return _event(rng, done, "EnableGuardrail", {"enableGuardrailStatus": status})


def _event(rng: random.Random, when: datetime, name: str, details: Record) -> Record:
    return service_event(rng, Call(when, SOURCE, name, org.MANAGEMENT), details)


def _unit(unit: Named) -> Record:
    return {"organizationalUnitName": unit[0], "organizationalUnitId": unit[1]}


def _account(account: Named) -> Record:
    return {"accountName": account[0], "accountId": account[1]}


def _offset_stamp(when: datetime) -> str:
    """An instant as some lifecycle events have it: `2026-09-15T12:29:51+0000`."""
    return when.strftime("%Y-%m-%dT%H:%M:%S+0000")
