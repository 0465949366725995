"""A second model of the join, written from AWS's facts alone, gives the same chains as the program."""

from __future__ import annotations

import random
from copy import deepcopy
from typing import Any

import pytest
from sessions import oracle
from sessions.organization_trail import Trail

from trailscan.events.event import decode_event
from trailscan.sessions.chain import Issuances, chain_of
from trailscan.sessions.issued import read_issued

ENDS = {
    "direct": {"origin", "no record", "two candidates", "contradiction"},
    "traced": {"origin", "no record", "two candidates", "contradiction"},
    "untraced": {"origin", "no record"},
    "ambiguous": {"two candidates"},
    "contradicted": {"contradiction"},
    "circular": {"circle"},
}
"""How the second model may end where the program says so; it goes on behind whom AWS names."""


def other_time(record: dict[str, Any]) -> None:
    """The record is of another second than the session."""
    record["eventTime"] = record["eventTime"][:-3] + "59Z"


def other_role(record: dict[str, Any]) -> None:
    """The record is of another role, user or account."""
    asked, answer = record.get("requestParameters") or {}, record["responseElements"]
    if "roleArn" in asked:
        asked["roleArn"] = asked["roleArn"].replace(":role/", ":role/other-")
    elif "targetPrincipal" in asked:
        asked["targetPrincipal"] = "999988887777"
    elif "federatedUser" in answer:
        answer["federatedUser"]["arn"] += "-other"
    else:
        record["userIdentity"]["arn"] += "-other"


def other_account(record: dict[str, Any]) -> None:
    """The record is of the same role in another account."""
    asked = record.get("requestParameters") or {}
    if "roleArn" in asked:
        asked["roleArn"] = asked["roleArn"].replace(":iam::", ":iam::9").replace("::9", "::", 1)
        account = asked["roleArn"].split(":")[4]
        asked["roleArn"] = asked["roleArn"].replace(account, "999988887777")


def failed(record: dict[str, Any]) -> None:
    """The call was denied."""
    record["errorCode"] = "AccessDenied"


CHANGES = (other_time, other_role, other_account, failed)


def disturbed(seed: int) -> list[dict[str, Any]]:
    """The records of a trail, some missing, doubled, contradicting or with the key of another."""
    trail = Trail(seed, late=0.3).fill(3, noise=False)
    rng, records = random.Random(seed), []
    made = [deepcopy(record) for *_, record in trail.records]
    issuing = [one for one in made if one["eventName"] in oracle.ISSUERS]
    for record in made:
        chance = rng.random()
        if record in issuing and chance < 0.05:
            continue
        if record in issuing and chance < 0.25:
            rng.choice(CHANGES)(record)
        elif record in issuing and chance < 0.30:
            twin = {**deepcopy(record), "eventID": f"twin-{len(records)}"}
            twin["sharedEventID"] = f"twin-{len(records)}"
            records.append(twin)
        elif record in issuing and chance < 0.35:
            other = rng.choice(issuing)["responseElements"]["credentials"]["accessKeyId"]
            record["responseElements"]["credentials"]["accessKeyId"] = other
        records.append(record)
    rng.shuffle(records)
    return records


@pytest.mark.parametrize("seed", range(12))
def test_the_program_and_the_second_model_agree(seed):
    """Of each change: the same hops, as far as AWS names nobody, and the same end."""
    records = disturbed(seed)
    events = {one["eventID"]: decode_event(one) for one in records}
    issued = Issuances(filter(None, (read_issued(one, "f#0") for one in events.values())))
    calls = {one["eventID"]: oracle.request_of(one) for one in records}
    compared = 0
    for record in records:
        if record["eventSource"] != "organizations.amazonaws.com":
            continue
        chain = chain_of(events[record["eventID"]], issued)
        second = oracle.behind(records, record["userIdentity"])
        hops = tuple(calls[hop.event_id] for hop in chain.hops)
        assert (hops, second.end in ENDS[chain.state]) == (second.hops[: len(hops)], True), (
            record,
            chain,
            second,
        )
        assert chain.state in {"direct", "traced"} or hops == second.hops or second.end == "circle"
        compared += 1
    assert compared > 30
