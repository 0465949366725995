"""Joins of sessions with the records that issued them: when there is one, and when there is none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sessions.organization_trail import MANAGEMENT, START, Trail, Who

from trailscan.events.event import decode_event
from trailscan.location import Location
from trailscan.organizations.changes import describe_changes
from trailscan.reports.findings.history import History
from trailscan.reports.findings.report import find
from trailscan.sessions.chain import Issuances, chain_of
from trailscan.sessions.issued import read_issued
from trailscan.sessions.sought import AllSought, Call

MINUTE = timedelta(minutes=1)


def made(change=None):
    """A call by a role that an IAM user assumed: the records, the issuing one changed if asked."""
    trail = Trail(1)
    user = trail.user(MANAGEMENT)
    session = trail.assume(user, "admin", MANAGEMENT, START)
    trail.call(session, START + MINUTE)
    records = [record for *_, record in trail.records]
    if change:
        records[0] = change(records[0])
    return records, user


def chained(records):
    """The chain behind the last record, and the issuing records."""
    events = [decode_event(record) for record in records]
    issued = Issuances(filter(None, (read_issued(event, "a#1") for event in events[:-1])))
    return chain_of(events[-1], issued)


def test_a_chain_has_the_origin_and_its_evidence():
    """The hop names who asked for the credentials, and the record that says so."""
    records, user = made()
    chain = chained(records)
    assert (chain.state, chain.contradictions) == ("traced", ())
    assert chain.evidence == (
        {
            "name": user.name,
            "kind": "iam_user",
            "arn": user.identity["arn"],
            "event_id": records[0]["eventID"],
            "event_time": "2026-11-02T08:00:00Z",
            "source": "a#1",
        },
    )
    assert chain.origin.display == f"{user.name}, by role admin"
    assert (chain.origin.rule, chain.origin.certain) == ("traced_user_name", True)


@pytest.mark.parametrize(
    ("service", "named"),
    [
        ("rolesanywhere.amazonaws.com", "CN=build7.example (role builder)"),
        ("ec2.amazonaws.com", "ec2.amazonaws.com, by role builder"),
    ],
)
def test_roles_anywhere_names_the_certificate(service, named):
    """The service sets the source identity of a session that it opens; no other service does."""
    trail = Trail(1)
    caller = Who({"type": "AWSService", "invokedBy": service, "principalId": ""}, "", MANAGEMENT)
    session = trail.assume(caller, "builder", MANAGEMENT, START)
    session.identity["sessionContext"]["sourceIdentity"] = "CN=build7.example"
    trail.call(session, START + MINUTE)
    chain = chained([record for *_, record in trail.records])
    assert (chain.state, chain.origin.display) == ("traced", named)
    assert [hop.name for hop in chain.hops] == [service]
    assert chain.origin.certain


def with_role(record):
    """An issuing record of another role."""
    request = {**record["requestParameters"], "roleArn": f"arn:aws:iam::{MANAGEMENT}:role/other"}
    return {**record, "requestParameters": request}


def with_session(record):
    """An issuing record of another session."""
    arn = f"arn:aws:sts::{MANAGEMENT}:assumed-role/admin/other"
    response = {**record["responseElements"], "assumedRoleUser": {"arn": arn}}
    return {**record, "responseElements": response}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (with_role, "its role is"),
        (with_session, "its session is"),
        (lambda one: {**one, "eventTime": "2026-11-02T08:00:01Z"}, "but was issued at"),
        (lambda one: {**one, "eventTime": "2026-11-02T08:09:00Z"}, "before it was issued"),
        (lambda one: {**one, "eventName": "AssumeRoot"}, "does not issue a session of this kind"),
    ],
)
def test_a_record_that_does_not_fit_is_no_join_but_a_finding(change, why):
    """The access key alone does not suffice: time, account, role and session must agree."""
    records, _ = made(change)
    chain = chained(records)
    assert (chain.state, chain.hops, chain.origin.name) == ("contradicted", (), "admin")
    assert len(chain.contradictions) == 1
    assert why in chain.contradictions[0]
    events = [decode_event(record) for record in records]
    issued = Issuances([one for one in [read_issued(events[0], "a#1")] if one])
    pairs = [(event, Location("b", "k", at)) for at, event in enumerate(events)]
    found = find(History(describe_changes(pairs, issued=issued)))
    assert "session-contradicts-record" in {one.rule.id for one in found}
    honest, _ = made()
    pairs = [(decode_event(record), Location("b", "k", at)) for at, record in enumerate(honest)]
    issued = Issuances([one for one in [read_issued(pairs[0][0], "a#1")] if one])
    found = find(History(describe_changes(pairs, issued=issued)))
    assert "session-contradicts-record" not in {one.rule.id for one in found}


def test_of_two_records_none_is_chosen():
    """Two calls that both issued the credentials name nobody."""
    records, _ = made()
    other = {**records[0], "eventID": "another", "userIdentity": Trail(2).user(MANAGEMENT).identity}
    chain = chained([records[0], other, records[-1]])
    assert (chain.state, chain.hops, chain.origin.name) == ("ambiguous", (), "admin")


def test_copies_of_one_call_are_one():
    """The copy that names the caller counts, not the one that has the account only."""
    trail = Trail(1)
    user = trail.user("222233334444")
    trail.call(trail.assume(user, "admin", MANAGEMENT, START), START + MINUTE)
    records = [record for *_, record in trail.records]
    assert len(records) == 3
    for some in (records, [*records[1::-1], records[2]]):
        chain = chained(some)
        assert chain.origin.display == f"{user.name} (account 222233334444), by role admin"
        assert [hop.kind for hop in chain.hops] == ["iam_user"]
    outside = chained([records[0], records[2]])
    assert outside.origin.name == "account 222233334444"


def test_sessions_that_issued_each_other_name_nobody():
    """Only made-up records form a circle."""
    trail = Trail(1)
    first = trail.session("one", "x", MANAGEMENT, START)
    second = trail.session("two", "x", MANAGEMENT, START)
    records = []
    for caller, session in ((first, second), (second, first)):
        response = {"credentials": {"accessKeyId": session["accessKeyId"]}}
        more = {"responseElements": response, "requestParameters": {}}
        records.append(trail.record(caller, START, "AssumeRole", MANAGEMENT, **more))
    trail.call(Who(first, "one", MANAGEMENT), START)
    chain = chained([*records, trail.records[-1][-1]])
    assert (chain.state, chain.hops, chain.origin.name) == ("circular", (), "one")


def test_a_failed_call_issued_nothing():
    """A denied AssumeRole has no credentials, whatever else it says."""
    records, _ = made(lambda one: {**one, "errorCode": "AccessDenied"})
    assert chained(records).state == "untraced"


@pytest.mark.parametrize("mfa", ["true", "false"])
def test_mfa_is_judged_at_the_beginning_of_the_chain(mfa):
    """A role session has no MFA of its own; the user who opened it has, or has not."""
    attributes = {"attributes": {"mfaAuthenticated": mfa}}
    records, _ = made()
    records[0]["userIdentity"] = {**records[0]["userIdentity"], "sessionContext": attributes}
    issued = Issuances([one for one in [read_issued(decode_event(records[0]), "a#1")] if one])
    pairs = [(decode_event(record), Location("b", "k", at)) for at, record in enumerate(records)]
    found = find(History(describe_changes(pairs, issued=issued)))
    assert ("change-without-mfa" in {one.rule.id for one in found}) == (mfa == "false")


def test_what_is_sought_says_where_it_can_lie():
    """The key, the time of the record and the account of its log file; nothing once it is known."""
    records, _ = made()
    event = decode_event(records[-1])
    call = Call(event.user_identity, event.event_time, MANAGEMENT)
    sought = AllSought([call, call])
    (one,) = sought.missing()
    assert (one.access_key_id, one.issued_at, one.account_id) == (
        event.user_identity.access_key_id,
        START,
        MANAGEMENT,
    )
    assert one.sessions == 2
    sought.add(read_issued(decode_event(records[0]), "a#1"))
    assert sought.missing() == []


def rules(records):
    """The rules that fire on some records, with the credentials that they issued."""
    pairs = [(decode_event(record), Location("b", "k", at)) for at, record in enumerate(records)]
    issued = Issuances(filter(None, (read_issued(event, "a#1") for event, _ in pairs)))
    return [one.rule.id for one in find(History(describe_changes(pairs, issued=issued)))]


def test_a_person_is_new_by_the_beginning_of_the_chain_not_by_the_role():
    """A known person in a new role is not new; an unknown one in a known role is."""
    trail, days = Trail(1), timedelta(days=1)
    names = {}
    for user in (trail.user(MANAGEMENT) for _ in range(20)):
        names.setdefault(user.name, user)
    known, other = [*names.values()][:2]
    trail.call(known, START)
    trail.call(trail.assume(known, "admin", MANAGEMENT, START + 20 * days), START + 20 * days)
    records = [record for *_, record in trail.records]
    assert rules(records).count("first-time-principal") == 0
    trail.call(trail.assume(other, "admin", MANAGEMENT, START + 21 * days), START + 21 * days)
    records = [record for *_, record in trail.records]
    assert rules(records).count("first-time-principal") == 1


def test_a_root_user_is_found_behind_a_session():
    """A root user who opened a session under another name made the change."""
    trail = Trail(1)
    root = {"type": "Root", "accountId": MANAGEMENT, "principalId": MANAGEMENT}
    session = trail.assume(Who(root, "root", MANAGEMENT), "admin", MANAGEMENT, START)
    trail.call(session, START)
    assert "root-user-change" in rules([record for *_, record in trail.records])
    honest, _ = made()
    assert "root-user-change" not in rules(honest)


def test_mfa_of_the_first_hop_holds_for_all_that_follow():
    """A user whose AssumeRole names an MFA device used MFA, also for a role after the first."""
    trail = Trail(1)
    first = trail.assume(trail.user(MANAGEMENT), "one", MANAGEMENT, START)
    trail.call(trail.assume(first, "two", MANAGEMENT, START), START)
    records = [record for *_, record in trail.records]
    assert "change-without-mfa" in rules(records)
    records[0]["requestParameters"]["serialNumber"] = "arn:aws:iam::111122223333:mfa/ci"
    assert "change-without-mfa" not in rules(records)


@pytest.mark.parametrize("mfa", ["true", "false"])
def test_a_session_token_has_the_mfa_that_its_calls_show(mfa):
    """GetSessionToken records need not name the device; the calls of the session say it."""
    trail = Trail(1)
    user = trail.user(MANAGEMENT)
    who = trail.session_token(user, START)
    who.identity["sessionContext"]["attributes"]["mfaAuthenticated"] = mfa
    trail.call(who, START + MINUTE)
    records = [record for *_, record in trail.records]
    assert ("change-without-mfa" in rules(records)) == (mfa == "false")
    assert chained(records).origin.name == user.name
