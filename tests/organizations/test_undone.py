"""Which later event undid a change."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from making import MANAGEMENT, MEMBER, call, changes, denied, service_event

from trailscan.organizations.changes import with_undone

OU, OTHER = "ou-exam-11111111", "ou-exam-22222222"
GUARD, COPY = "p-guard001", "p-guard002"
DENY = '{"Statement": [{"Sid": "A", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}'
SAME = '{"Statement":{"Effect":"Deny","Action":["s3:*"],"Resource":"*"}}'
WEAK = DENY.replace("s3:*", "s3:PutObject")
WEAKER = DENY.replace("Deny", "Allow")


def create(policy_id, content):
    """CreatePolicy of a service control policy."""
    summary = {"id": policy_id, "name": policy_id, "type": "SERVICE_CONTROL_POLICY"}
    request = {"name": policy_id, "type": "SERVICE_CONTROL_POLICY", "content": content}
    created = {"policy": {"policySummary": summary, "content": content}}
    return call("CreatePolicy", request=request, responseElements=created)


def update(content, policy_id=GUARD):
    """UpdatePolicy with a text."""
    return call("UpdatePolicy", request={"policyId": policy_id, "content": content})


def attach(policy_id=GUARD, target=OU):
    """AttachPolicy."""
    return call("AttachPolicy", request={"policyId": policy_id, "targetId": target})


def detach(policy_id=GUARD, target=OU):
    """DetachPolicy."""
    return call("DetachPolicy", request={"policyId": policy_id, "targetId": target})


def move(source, destination):
    """MoveAccount."""
    request = {"accountId": MEMBER, "sourceParentId": source, "destinationParentId": destination}
    return call("MoveAccount", request=request)


def kind(name, policy_type="SERVICE_CONTROL_POLICY"):
    """EnablePolicyType or DisablePolicyType."""
    return call(name, request={"rootId": "r-exam", "policyType": policy_type})


def service(name, principal="sso.amazonaws.com", **more):
    """A call on trusted access or a delegated administrator."""
    return call(name, request={"servicePrincipal": principal, **more})


def apart(*events):
    """The events, a minute after one another."""
    return [
        msgspec.structs.replace(one, event_time=one.event_time + place * timedelta(minutes=1))
        for place, one in enumerate(events)
    ]


def undone(*events):
    """The pairs (place of a change, place of what undid it)."""
    found = with_undone(changes(*apart(*events)))
    places = {one.event.event_id: place for place, one in enumerate(found)}
    return [
        (place, places[one.undone_by]) for place, one in enumerate(found) if one.undone is not None
    ]


@pytest.mark.parametrize(
    ("events", "pairs"),
    [
        ([detach(), attach()], [(0, 1)]),
        ([detach(), attach(target=OTHER)], []),
        ([attach(), detach(), attach()], [(0, 1), (1, 2)]),
        ([attach(), detach()], [(0, 1)]),
        ([create(GUARD, DENY), create(COPY, SAME), detach(), attach(COPY)], [(2, 3)]),
        ([create(GUARD, DENY), create(COPY, WEAK), detach(), attach(COPY)], []),
        ([create(GUARD, DENY), create(COPY, SAME), attach(), detach(COPY)], []),
        ([create(GUARD, DENY), update(WEAK), update(SAME)], [(1, 2)]),
        ([create(GUARD, DENY), update(WEAK), update(WEAKER), update(DENY)], [(1, 3), (2, 3)]),
        (
            [create(GUARD, DENY), update(WEAK), update(DENY), update(WEAKER), update(WEAK)],
            [(1, 2)],
        ),
        ([update(WEAK), update(DENY)], []),
        ([create(GUARD, DENY), update(SAME), update(DENY)], []),
        ([kind("DisablePolicyType"), kind("EnablePolicyType")], [(0, 1)]),
        ([kind("DisablePolicyType"), kind("EnablePolicyType", "TAG_POLICY")], []),
        (
            [
                service("RegisterDelegatedAdministrator", accountId=MEMBER),
                service("DeregisterDelegatedAdministrator", accountId=MEMBER),
            ],
            [(0, 1)],
        ),
        (
            [
                service("RegisterDelegatedAdministrator", accountId=MEMBER),
                service("DeregisterDelegatedAdministrator", accountId=MANAGEMENT),
            ],
            [],
        ),
        ([service("EnableAWSServiceAccess"), service("DisableAWSServiceAccess")], [(0, 1)]),
        ([service("DisableAWSServiceAccess"), service("EnableAWSServiceAccess")], [(0, 1)]),
        (
            [
                service("EnableAWSServiceAccess"),
                service("EnableAWSServiceAccess"),
                service("DisableAWSServiceAccess"),
            ],
            [(0, 2)],
        ),
        ([move("r-exam", OU), move(OU, "r-exam")], [(0, 1)]),
        ([move("r-exam", OU), move(OU, OTHER), move(OTHER, "r-exam")], [(0, 2), (1, 2)]),
        ([move("r-exam", OU), move(OU, OTHER)], []),
        (
            [
                call("RemoveAccountFromOrganization", request={"accountId": MEMBER}),
                service_event(
                    "AccountJoinedOrganization", accountId=MEMBER, joinedMethod="INVITED"
                ),
            ],
            [(0, 1)],
        ),
    ],
)
def test_a_setting_that_is_as_it_was_undoes_what_changed_it(events, pairs):
    """By state, whatever the operation; a value that returns undoes every change since it left."""
    assert undone(*events) == pairs


def test_a_denied_call_neither_does_nor_undoes_anything():
    """An attempt to attach the policy again leaves it detached."""
    attempt = denied("AttachPolicy", request={"policyId": GUARD, "targetId": OU})
    assert undone(detach(), attempt) == []


def test_how_long_it_was_open():
    """From the change to the event that undid it."""
    first, second = changes(*apart(detach(), attach()))
    found = with_undone([first, second])[0]
    assert found.open_for == timedelta(minutes=1)
    assert found.undone_at == second.event.event_time
    assert (second.undone_at, second.undone_by, second.open_for) == (None, None, None)
