"""Operations on policies: their texts, what they are attached to, and which types are enabled."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from trailscan.organizations.effects import Switch, no_effect, with_attachment, with_values
from trailscan.organizations.fields import omitted, text_at
from trailscan.organizations.in_force import meaning
from trailscan.organizations.operation import BeforeAndAfter, Operation
from trailscan.organizations.policies import compare_policies
from trailscan.organizations.resources import caller, quoted
from trailscan.organizations.services.organizations.membership import of_caller
from trailscan.organizations.services.organizations.policy_access import (
    attached_access,
    detached_access,
    type_access,
    updated_access,
)
from trailscan.organizations.services.organizations.policy_cases import (
    ATTACHED,
    DELETED,
    DETACHED,
    TYPE_DISABLED,
    TYPE_ENABLED,
    UPDATED,
    VALIDATED,
    policy_before,
)
from trailscan.organizations.severity import CIS_CONTROL
from trailscan.organizations.state import Policy, ResourcePolicy
from trailscan.organizations.undone import Setting

if TYPE_CHECKING:
    from collections.abc import Callable

    from trailscan.events.event import Event
    from trailscan.organizations.context import SentenceContext
    from trailscan.organizations.operation import Effect
    from trailscan.organizations.state import Organization

_RESOURCE_POLICY = "response.resourcePolicy.resourcePolicySummary"
SUMMARY = "response.policy.policySummary"
"""Where the response of a call has the summary of its policy."""


def _attachment(event: Event) -> tuple[str, str] | None:
    policy_id, target_id = text_at(event, "request.policyId"), text_at(event, "request.targetId")
    return (policy_id, target_id) if policy_id and target_id else None


def _type_in_root(event: Event) -> tuple[str, str] | None:
    """From the request, never from the response: DisablePolicyType answers ENABLED."""
    root, kind = text_at(event, "request.rootId"), text_at(event, "request.policyType")
    return (root, kind.upper()) if root and kind else None


_ATTACHMENT = Switch("attachments", _attachment, "attached", "not attached")
_POLICY_TYPE = Switch("policy_types", _type_in_root, "enabled", "disabled")
_type_disabled = _POLICY_TYPE.effect(on=False)


def _write(state: Organization, event: Event) -> Organization:
    """What neither request nor response gives stays as it was."""
    state = of_caller(state, event, f"{SUMMARY}.arn")
    return with_values(
        state,
        "policies",
        text_at(event, "request.policyId", f"{SUMMARY}.id"),
        Policy(),
        name=text_at(event, f"{SUMMARY}.name", "request.name"),
        type=text_at(event, f"{SUMMARY}.type", "request.type"),
        description=text_at(event, "request.description", f"{SUMMARY}.description"),
        content=text_at(event, "request.content", "response.policy.content"),
    )


def _delete(state: Organization, event: Event) -> Organization:
    """The policy keeps its name and text."""
    return with_values(
        state, "policies", text_at(event, "request.policyId"), Policy(), deleted=True
    )


def _attaching(*, on: bool) -> Effect:
    """The effect of attaching a policy, or of detaching it."""
    switched = _ATTACHMENT.effect(on=on)

    def effect(state: Organization, event: Event) -> Organization:
        key = _attachment(event)
        return switched(with_attachment(state, *key, attached=on), event) if key else state

    return effect


def _disable_type(state: Organization, event: Event) -> Organization:
    """Disabling a type detaches all policies of it (user guide, "Disabling a policy type")."""
    kind = (text_at(event, "request.policyType") or "").upper()
    for (policy_id, target_id), attached in state.attachments.items():
        if attached and (state.policy_type_of(policy_id) or "").upper() == kind:
            state = with_attachment(state, policy_id, target_id, attached=False)
    return _type_disabled(state, event)


def _put_resource_policy(state: Organization, event: Event) -> Organization:
    state = of_caller(state, event, f"{_RESOURCE_POLICY}.arn")
    identifier = text_at(event, f"{_RESOURCE_POLICY}.id")
    return with_values(
        state, "resource_policies", caller(event), ResourcePolicy(), id=identifier, deleted=False
    )


def _delete_resource_policy(state: Organization, event: Event) -> Organization:
    return with_values(state, "resource_policies", caller(event), ResourcePolicy(), deleted=True)


def put_verb(call: SentenceContext) -> str:
    """Whether a delegation policy is created or updated, if the log has what was before."""
    known: ResourcePolicy | None = call.state.resource_policies.get(caller(call.event))
    return "wrote" if known is None else "created" if known.deleted else "updated"


def _written(call: SentenceContext) -> BeforeAndAfter:
    """The texts; of an update that leaves the text alone, the names or descriptions."""
    before = policy_before(call)
    for member in ("content", "name", "description"):
        new, old = text_at(call.event, f"request.{member}"), getattr(before, member)
        if new is not None and new != old:
            return old, new
    return None, None


def _deleted(call: SentenceContext) -> BeforeAndAfter:
    return policy_before(call).content, None


def _text_setting(call: SentenceContext) -> tuple[Setting, ...]:
    """The text that an update wrote; none if it says the same as before."""
    identifier = text_at(call.event, "request.policyId")
    new, old = text_at(call.event, "request.content"), policy_before(call).content
    if identifier is None or new is None:
        return ()
    before, after = None if old is None else meaning(old), meaning(new)
    return () if before == after else (Setting(("policy text", identifier), before, after),)


def _attachment_settings(*, on: bool) -> Callable[[SentenceContext], tuple[Setting, ...]]:
    """The settings that attaching or detaching changes: the policy, and its text, on a target.

    A policy with the same text makes good for one that was detached; detaching it takes nothing
    from the other.
    """
    switched = _ATTACHMENT.settings(on=on)

    def changed(call: SentenceContext) -> tuple[Setting, ...]:
        found, text = switched(call), policy_before(call).content
        if not found or text is None:
            return found
        (own,) = found
        key = ("attached text", own.key[-1], meaning(text))
        return (own, Setting(key, None if on else own.before, own.after))

    return changed


def policy_changes(call: SentenceContext) -> str | None:
    """What an update changed; the console sends every member, changed or not."""
    event, before = call.event, policy_before(call)
    changes = []
    if (content := text_at(event, "request.content")) is not None:
        changes.append(_content_change(call, before.content, content))
    if (description := text_at(event, "request.description")) is not None:
        changes += [] if description == before.description else ["description"]
    old = call.state.name_of(text_at(event, "request.policyId") or "")
    name = text_at(event, "request.name")
    if name and name != old:
        changes.append(f"renamed to {quoted(name)}" if old else f"name {quoted(name)}")
    return "; ".join(filter(None, changes)) or (
        "no change" if event.request and not omitted(event) else None
    )


def _content_change(call: SentenceContext, before: str | None, after: str) -> str:
    """What a new text says that the previous one did not."""
    if before is None:
        return "new text (previous text not in the log)"
    if before == after:
        return ""
    if updated_access(call).kind == "same":
        return "text rewritten with the same meaning"
    return _difference(before, after)


@lru_cache(maxsize=256)
def _difference(before: str, after: str) -> str:
    """Two texts compared; pipelines write the same ones again and again."""
    return compare_policies(before, after).in_words


# fmt: off
OPERATIONS = (
    Operation("CreatePolicy", "policy", "policy",
        done="created {policy_kind} {new_policy}", tried="create a new {policy_kind}[ named {name}]",
        known_from="log", severity="low", watched_by="CIS", cis=CIS_CONTROL,
        reason="Writes a new policy, which restricts nobody until it is attached.",
        names_target=True, policy_step=("created", "create"), effect=_write, before_and_after=_written),
    Operation("UpdatePolicy", "policy", "policy",
        done="updated {policy}[: {changed}]", tried="update {policy}[: {changed}]",
        known_from="log", severity="high", watched_by="LZA", cis=CIS_CONTROL,
        reason="Can rewrite a policy while it is in force, so that a protection is emptied without being detached.",
        names_target=True, policy_step=("updated", "update"), effect=_write, before_and_after=_written, cases=UPDATED, access_change=updated_access, settings=_text_setting),
    Operation("DeletePolicy", "policy", "policy",
        done="deleted {policy}", tried="delete {policy}",
        known_from="model", severity="medium", watched_by="survival-kit", cis=CIS_CONTROL,
        reason="Destroys a policy that had been detached everywhere, so that it cannot simply be attached again.",
        policy_step=("deleted", "delete"), effect=_delete, before_and_after=_deleted, cases=DELETED),
    Operation("AttachPolicy", "policy", "policy",
        done="attached {policy} to {target}", tried="attach {policy}[ to {target}]",
        known_from="log", severity="medium", watched_by="LZA", cis=CIS_CONTROL,
        reason="Puts a policy in force on accounts, which can stop their work, or permit what an allow list had kept out.",
        policy_step=("attached", "attach"),
        effect=_attaching(on=True), before_and_after=_ATTACHMENT.shown(on=True), cases=ATTACHED,
        access_change=attached_access, settings=_attachment_settings(on=True)),
    Operation("DetachPolicy", "policy", "policy",
        done="detached {policy} from {target}", tried="detach {policy}[ from {target}]",
        known_from="log", severity="high", watched_by="survival-kit", mitre=("T1666",), cis=CIS_CONTROL,
        reason="Takes a policy off accounts, so that what it forbade can be possible at once.",
        policy_step=("detached", "detach"),
        effect=_attaching(on=False), before_and_after=_ATTACHMENT.shown(on=False), cases=DETACHED,
        access_change=detached_access, settings=_attachment_settings(on=False)),
    Operation("EnablePolicyType", "policy_type", "root",
        done="enabled {policy_types} in {root}", tried="enable {switched} in {root}",
        known_from="model", severity="low", watched_by="streamalert", cis=CIS_CONTROL,
        reason="Permits policies of one type to be attached, which restricts nobody before one is.",
        policy_step=("type enabled", "enable the type"),
        effect=_POLICY_TYPE.effect(on=True), before_and_after=_POLICY_TYPE.shown(on=True), cases=TYPE_ENABLED,
        access_change=type_access, settings=_POLICY_TYPE.settings(on=True)),
    Operation("DisablePolicyType", "policy_type", "root",
        done="disabled {policy_types} in {root}[, which detached {detached}]", tried="disable {switched} in {root}",
        known_from="log", severity="critical", watched_by="survival-kit", mitre=("T1666",), cis=CIS_CONTROL,
        reason="Switches off all policies of one type in the whole organization with a single call.",
        policy_step=("type disabled", "disable the type"),
        effect=_disable_type, before_and_after=_POLICY_TYPE.shown(on=False), cases=TYPE_DISABLED,
        access_change=type_access, settings=_POLICY_TYPE.settings(on=False)),
    Operation("EffectivePolicyValidation", "policy", "account",
        done="the effective {policy_type} policy of {account} became {validity}[: {invalid}]",
        tried="validate the effective policy of {account}",
        known_from="page", severity="medium", severity_of_attempt="medium",
        reason="Tells that the policies of an account add up to something invalid, so that they may not work as meant, or that they are valid again.",
        service_event=True, effect=no_effect, cases=VALIDATED),
    Operation("PutResourcePolicy", "resource_policy", "resource_policy",
        done="{put} the organization's delegation policy[ {delegation_policy}] (CloudTrail hides its text)",
        tried="write the organization's delegation policy",
        known_from="log", severity="high", mitre=("T1098",),
        reason="Can give member accounts rights over the organization, and CloudTrail hides which.",
        policy_step=("resource policy written", "write the resource policy"), effect=_put_resource_policy),
    Operation("DeleteResourcePolicy", "resource_policy", "resource_policy",
        done="deleted the organization's delegation policy[ {delegation_policy}]", tried="delete the organization's delegation policy",
        known_from="model", severity="high",
        reason="Takes from member accounts all rights over the organization that were delegated to them, for example to a security team.",
        policy_step=("resource policy deleted", "delete the resource policy"), effect=_delete_resource_policy),
)
