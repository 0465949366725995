"""The page of operations leaves no event untold; `tests/test_docs.py` compares its text."""

from __future__ import annotations

from operations_page import sample_changes

from trailscan.organizations.services import ORGANIZATIONS


def test_every_event_has_a_sentence_of_success_and_every_call_one_of_refusal():
    """The sample organization leaves no row of the catalogue untold."""
    changes = sample_changes()
    told = {(one.action, one.outcome) for one in changes}
    for operation in ORGANIZATIONS.operations:
        name = operation.name
        assert (name, "succeeded") in told, name
        assert (name, "denied") in told or operation.service_event, name
