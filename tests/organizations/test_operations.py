"""The catalogue is the service model of the installed botocore."""

from __future__ import annotations

import botocore.session

from trailscan.organizations.operations import OPERATIONS, READ_ONLY_NAMES, is_read_only


def test_the_catalogue_has_every_operation_of_the_service():
    """An operation that AWS adds must be added here, with what it does in words."""
    model = botocore.session.get_session().get_service_model("organizations")
    calls = {name for name, row in OPERATIONS.items() if not row.service_event}
    missing = set(model.operation_names) - calls - READ_ONLY_NAMES
    assert not missing, f"add to trailscan/organizations/operations.py: {sorted(missing)}"
    assert calls | READ_ONLY_NAMES <= set(model.operation_names)
    assert (len(calls), len(READ_ONLY_NAMES)) == (34, 29)


def test_reads_are_those_that_describe_and_list():
    """Whether a call changes something is told by the table, or for unknown ones by the name."""
    assert all(name.startswith(("Describe", "List")) for name in READ_ONLY_NAMES)
    assert [is_read_only(name) for name in ("ListNovelties", "MakeNovelty")] == [True, False]
