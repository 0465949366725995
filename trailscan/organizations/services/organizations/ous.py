"""Operations on OUs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.organizations.effects import with_ou, with_roots
from trailscan.organizations.fields import text_at
from trailscan.organizations.operation import BeforeAndAfter, Operation
from trailscan.organizations.services.organizations.membership import of_caller
from trailscan.organizations.severity import CIS_CONTROL

if TYPE_CHECKING:
    from trailscan.events.event import Event
    from trailscan.organizations.context import SentenceContext
    from trailscan.organizations.state import Organization

_UNIT = "response.organizationalUnit"


def _create(state: Organization, event: Event) -> Organization:
    parent = text_at(event, "request.parentId")
    name = text_at(event, f"{_UNIT}.name", "request.name")
    state = of_caller(state, event, f"{_UNIT}.arn")
    created = with_ou(state, text_at(event, f"{_UNIT}.id"), name=name, parent_id=parent)
    return with_roots(created, parent)


def _rename(state: Organization, event: Event) -> Organization:
    name = text_at(event, "request.name", f"{_UNIT}.name")
    return with_ou(state, text_at(event, "request.organizationalUnitId"), name=name)


def _delete(state: Organization, event: Event) -> Organization:
    """The OU keeps its name."""
    return with_ou(state, text_at(event, "request.organizationalUnitId"), deleted=True)


def _names(call: SentenceContext) -> BeforeAndAfter:
    return call.resource("ou").name, text_at(call.event, "request.name")


# fmt: off
OPERATIONS = (
    Operation("CreateOrganizationalUnit", "ou", "ou",
        done="created OU {new_ou}[ in {parent}]", tried="create an OU[ named {name}][ in {parent}]",
        known_from="page", severity="low", watched_by="CIS", cis=CIS_CONTROL,
        reason="Adds an empty OU, which affects nothing until accounts are moved into it.",
        names_target=True, effect=_create),
    Operation("UpdateOrganizationalUnit", "ou", "ou",
        done="renamed {ou} to {name}", tried="rename {ou}[ to {name}]",
        known_from="model", severity="low", watched_by="incident-response", cis=CIS_CONTROL,
        reason="Renames an OU, and its accounts and policies stay where they are.",
        names_target=True, effect=_rename, before_and_after=_names),
    Operation("DeleteOrganizationalUnit", "ou", "ou",
        done="deleted {ou}", tried="delete {ou}",
        known_from="model", severity="medium", watched_by="df00tech", mitre=("T1666",), cis=CIS_CONTROL,
        reason="Takes an emptied OU out of the hierarchy, together with the place where its policies were attached.",
        effect=_delete),
)
