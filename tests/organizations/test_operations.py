"""The records of AWS Organizations match the service model of the installed botocore."""

from __future__ import annotations

import botocore.session
import pytest
from making import call, changes

from trailscan.events.event import decode_event
from trailscan.organizations.operation import READ
from trailscan.organizations.policy_types import policy_type_at
from trailscan.organizations.resources import resource_in_role
from trailscan.organizations.sentences import placeholders
from trailscan.organizations.services import ORGANIZATIONS
from trailscan.organizations.services.organizations.roles import ROLES
from trailscan.organizations.services.organizations.values import VALUES
from trailscan.organizations.state import Organization

OPERATIONS = {operation.name: operation for operation in ORGANIZATIONS.operations}
READS = {name for name, operation in OPERATIONS.items() if operation.category == READ}


def test_the_catalogue_has_every_operation_of_the_service():
    """An operation that AWS adds must be added here, with what it does in words."""
    model = botocore.session.get_session().get_service_model("organizations")
    calls = {name for name, row in OPERATIONS.items() if not row.service_event}
    missing = sorted(set(model.operation_names) - calls)
    assert not missing, (
        f"AWS Organizations has new operations: {', '.join(missing)}. For each, add a record to "
        "the module of its topic in trailscan/organizations/services/organizations/, its sentence "
        "to tests/organizations/test_changes.py, and the call to the story in sample_logs/."
    )
    assert calls <= set(model.operation_names)
    assert (len(calls), len(READS), len(OPERATIONS)) == (63, 29, 70)
    assert len(ORGANIZATIONS.operations) == 70


def test_every_change_has_its_effect():
    """A read changes nothing in the state; what else changes nothing says so."""
    with_effect = {name for name, operation in OPERATIONS.items() if operation.effect}
    assert with_effect == set(OPERATIONS) - READS


def test_reads_are_those_that_describe_and_list():
    """Whether a call changes something is told by its record, or without one by its name."""
    assert all(name.startswith(("Describe", "List")) for name in READS)
    novelties = changes(call("ListNovelties"), call("MakeNovelty"))
    assert [change.category for change in novelties] == [READ, "unknown"]


def test_every_row_says_from_where_it_is_known():
    """Sentences that rest on a real log can be told from those that rest on a description."""
    assert {row.known_from for row in OPERATIONS.values()} == {"log", "page", "model", "text"}


def test_what_ends_a_request_is_an_event_of_the_service():
    """A request that waits for a result has words for the time before it."""
    waiting = [row for row in OPERATIONS.values() if row.result or row.pending]
    assert len(waiting) == 3
    assert all(OPERATIONS[row.result].service_event and row.pending for row in waiting)


@pytest.mark.parametrize("row", OPERATIONS.values(), ids=OPERATIONS)
def test_every_name_in_a_sentence_has_a_value(row):
    """A sentence asks for nothing that an event cannot be asked for; its subject is a thing."""
    assert set(placeholders(row.done, row.tried, row.pending)) <= {*VALUES, *ROLES}
    assert row.target in ROLES


@pytest.mark.parametrize("role", ROLES)
def test_what_nobody_plays_is_said_to_be_unknown(role):
    """A role without a thing is told in words, and the words name no placeholder."""
    event = decode_event({"eventTime": "2026-11-22T12:00:00Z", "eventID": "e"})
    assert resource_in_role(event, ROLES[role], Organization()).id is None
    assert ROLES[role].unknown_words.startswith("an unknown ")


def test_every_policy_type_reads_as_an_adjective():
    """No type is shown as its enum, and an unknown one is spelt out."""
    model = botocore.session.get_session().get_service_model("organizations")
    types = {*model.shape_for("PolicyType").enum, "NOVEL_THING_POLICY"}
    record = {"eventTime": "2026-11-22T12:00:00Z", "eventID": "e"}
    shown = {
        policy_type_at(decode_event({**record, "requestParameters": {"type": each}}))
        for each in types
    }
    assert len(shown) == len(types)
    assert {"SCP", "RCP", "backup", "EC2 declarative", "novel thing"} <= shown
    assert not any("_" in each or "policy" in each.casefold() for each in shown)
