"""Which way a change of a declarative or management policy goes, type by type."""

from __future__ import annotations

import json
import time

import pytest

from trailscan.organizations.access.directions import SettingChange, Settings, compare_settings
from trailscan.organizations.access.setting_table import POLICY_TYPES

CONTROL = "@@operators_allowed_for_child_policies"


def assign(value):
    """A value with the operator that replaces what is inherited."""
    return {"@@assign": value}


def at(path, value):
    """A policy with one setting."""
    for name in reversed(path.split("/")):
        value = {name: value}
    return value


def compare(policy_type, before, after):
    """Compare two policies given as objects."""
    return compare_settings(policy_type, json.dumps(before), json.dumps(after))


def regions(*names):
    """A list of regions as it is assigned."""
    return assign(list(names))


EC2 = "DECLARATIVE_POLICY_EC2"
CRITERIA = "ec2_attributes/allowed_images_settings/image_criteria/criteria_1"
RULE = "plans/daily/rules/nightly"
GUARDRAIL = "bedrock/guardrail_inference/us-east-1/config_1"


@pytest.mark.parametrize(
    ("policy_type", "path", "old", "new", "expected"),
    [
        (EC2, "ec2_attributes/serial_console_access/status", "disabled", "enabled", "more"),
        (EC2, "ec2_attributes/serial_console_access/status", "disabled", None, "more"),
        (EC2, "ec2_attributes/serial_console_access/status", "enabled", None, "less"),
        (EC2, "ec2_attributes/image_block_public_access/state", "block_new_sharing", "unblocked", "more"),
        (EC2, "ec2_attributes/snapshot_block_public_access/state", "block_new_sharing", "block_all_sharing", "less"),
        (EC2, "ec2_attributes/instance_metadata_defaults/http_tokens", "required", "optional", "more"),
        (EC2, "ec2_attributes/allowed_images_settings/state", "enabled", "audit_mode", "more"),
        (EC2, f"{CRITERIA}/allowed_image_providers", ["amazon"], ["amazon", "aws_marketplace"], "more"),
        (EC2, f"{CRITERIA}/allowed_image_providers", ["none"], ["amazon"], "more"),
        (EC2, f"{CRITERIA}/image_names", ["golden-*"], ["golden-*", "golden-x"], "same"),
        (EC2, f"{CRITERIA}/image_names", ["golden-?"], ["golden-*"], "more"),
        (EC2, f"{CRITERIA}/image_names", ["golden-*"], ["golden-?"], "less"),
        (EC2, f"{CRITERIA}/creation_date_condition/maximum_days_since_created", "90", "30", "less"),
        (EC2, "ec2_attributes/exception_message", "ask us", "ask them", "same"),
        (EC2, "ec2_attributes/serial_console_access/status", "disabled", "perhaps", "unknown"),
        (EC2, "ec2_attributes/of_next_year/state", "a", "b", "unknown"),
        ("S3_POLICY", "s3_attributes/public_access_block_configuration", "all", "none", "more"),
        ("SECURITYHUB_POLICY", "securityhub/enable_in_regions", ["us-east-1"], ["ALL_SUPPORTED"], "less"),
        ("SECURITYHUB_POLICY", "securityhub/disable_in_regions", [], ["us-east-1"], "more"),
        ("SECURITYHUB_CSPM_POLICY", "securityhub_cspm/cspm_enablement/enable_in_regions", ["us-east-1", "us-east-2"], ["us-east-1"], "more"),
        ("INSPECTOR_POLICY", "inspector/enablement/ec2_scanning/enable_in_regions", ["us-east-1"], ["us-east-1", "us-west-2"], "less"),
        ("INSPECTOR_POLICY", "inspector/enablement/lambda_standard_scanning/lambda_code_scanning/enable_in_regions", ["us-east-1"], [], "more"),
        ("INSPECTOR_POLICY", "inspector/enablement/ec2_scanning/enable_in_regions", ["us-east-1"], ["us-west-2"], "unknown"),
        ("NETWORK_SECURITY_DIRECTOR_POLICY", "network_security_director/enablement/network_security_scan/enable_in_regions", ["eu-west-1"], [], "more"),
        ("GUARDDUTY_POLICY", "guardduty/enablement/default/foundational/status", "enabled", "disabled", "more"),
        ("GUARDDUTY_POLICY", "guardduty/enablement/default/runtime_monitoring/additional_configuration/ec2_agent_management/status", "disabled", "enabled", "less"),
        ("BEDROCK_POLICY", f"{GUARDRAIL}/selective_content_guarding/system", "comprehensive", "selective", "more"),
        ("BEDROCK_POLICY", f"{GUARDRAIL}/model_enforcement/included_models", [], ["a.model"], "more"),
        ("BEDROCK_POLICY", f"{GUARDRAIL}/model_enforcement/excluded_models", ["a.model"], [], "less"),
        ("BEDROCK_POLICY", f"{GUARDRAIL}/identifier", "arn:a:1", "arn:a:2", "unknown"),
        ("BACKUP_POLICY", f"{RULE}/lifecycle/delete_after_days", "365", "30", "more"),
        ("BACKUP_POLICY", f"{RULE}/lifecycle/delete_after_days", "365", None, "less"),
        ("BACKUP_POLICY", f"{RULE}/lifecycle/delete_after_days", "35", 35, "same"),
        ("BACKUP_POLICY", "plans/daily/selections/resources/all/resource_types", ["arn:aws:s3:::*"], ["arn:aws:s3:::a"], "more"),
        ("BACKUP_POLICY", f"{RULE}/enable_continuous_backup", "true", None, "more"),
        ("BACKUP_POLICY", f"{RULE}/start_backup_window_minutes", "60", "120", "same"),
        ("BACKUP_POLICY", f"{RULE}/schedule_expression", "cron(0 5 ? * * *)", "cron(0 5 ? * 1 *)", "unknown"),
        ("BACKUP_POLICY", "plans/daily/regions", ["us-east-1", "eu-north-1"], ["us-east-1"], "more"),
        ("BACKUP_POLICY", "plans/daily/selections/resources/all/not_resource_types", [], ["arn:aws:s3:::*"], "more"),
        ("TAG_POLICY", "tags/cost/enforced_for", ["ec2:instance"], ["ec2:ALL_SUPPORTED"], "less"),
        ("TAG_POLICY", "tags/cost/tag_value", ["a"], ["a", "b"], "more"),
        ("TAG_POLICY", "tags/cost/tag_value", ["a"], None, "more"),
        ("TAG_POLICY", "tags/cost/tag_value", ["300*"], ["300*", "3001"], "same"),
        ("TAG_POLICY", "tags/cost/tag_value", ["3001"], ["300*"], "more"),
        ("TAG_POLICY", "tags/cost/tag_value", ["300*"], ["30*1", "300x"], "unknown"),
        ("TAG_POLICY", "tags/cost/enforced_for", ["ec2:*"], ["ec2:*", "ec2:instance"], "same"),
        ("TAG_POLICY", "tags/cost/tag_key", "Cost", None, "more"),
        ("TAG_POLICY", "tags/cost/tag_key", "Cost", "COST", "unknown"),
        ("AISERVICES_OPT_OUT_POLICY", "services/default/opt_out_policy", "optOut", "optIn", "more"),
        ("AISERVICES_OPT_OUT_POLICY", "services/lex/opt_out_policy", None, "optOut", "less"),
        ("CHATBOT_POLICY", "chatbot/platforms/slack/client", "disabled", "enabled", "more"),
        ("CHATBOT_POLICY", "chatbot/platforms/slack/workspaces", ["T1"], ["T1", "T2"], "more"),
        ("CHATBOT_POLICY", "chatbot/platforms/slack/default/supported_channel_types", ["private", "public"], ["private"], "less"),
        ("UPGRADE_ROLLOUT_POLICY", "upgrade_rollout/default/patch_order", "first", "last", "unknown"),
    ],
)  # fmt: skip
def test_each_setting_has_its_direction(policy_type, path, old, new, expected):
    """One setting changes its value, beside one that does not."""
    name, _, below = path.partition("/")
    before, after = (
        {name: {"zzz": {}} | (at(below, assign(value)) if value is not None else {})}
        for value in (old, new)
    )
    if policy_type == "BACKUP_POLICY":
        for side in (before, after):
            merge(side, at(f"{RULE}/target_backup_vault_name", assign("vault")))
    found = compare(policy_type, before, after)
    assert found.kind == expected
    assert (found.reason is not None) == (expected == "unknown")


def merge(policy, other):
    """Add settings to a policy."""
    for name, value in other.items():
        if isinstance(value, dict) and name in policy:
            merge(policy[name], value)
        else:
            policy[name] = value


def test_the_values_of_a_change_are_readable():
    """VPC block public access is switched off and the serial console on."""
    block = {"exclusions_allowed": assign("disabled")}
    before = {
        "ec2_attributes": {
            "vpc_block_public_access": {
                "internet_gateway_block": block | {"mode": assign("block_bidirectional")}
            },
            "serial_console_access": {"status": assign("disabled")},
        }
    }
    after = {
        "ec2_attributes": {
            "vpc_block_public_access": {"internet_gateway_block": block | {"mode": assign("off")}},
            "serial_console_access": {"status": assign("enabled")},
        }
    }
    found = compare(EC2, before, after)
    assert found.kind == "more"
    assert list(map(str, found.changes)) == [
        "serial_console_access.status: disabled -> enabled",
        "vpc_block_public_access.internet_gateway_block.mode: block_bidirectional -> off",
    ]


def test_a_tag_policy_without_enforcement_enforces_less():
    """Only reporting is left when enforced_for is gone."""
    cost = {"tag_key": assign("CostCenter")}
    before = {
        "tags": {"costcenter": cost | {"enforced_for": assign(["ec2:instance", "s3:bucket"])}}
    }
    assert compare("TAG_POLICY", before, {"tags": {"costcenter": cost}}) == Settings(
        "more",
        (SettingChange("costcenter.enforced_for", "ec2:instance, s3:bucket", None, "more"),),
    )


def test_security_hub_switched_off_everywhere_enforces_less():
    """All regions move from the list that enables to the one that disables."""
    before = {"securityhub": {"enable_in_regions": regions("ALL_SUPPORTED"), "disable_in_regions": regions()}}  # fmt: skip
    after = {"securityhub": {"enable_in_regions": regions(), "disable_in_regions": regions("ALL_SUPPORTED")}}  # fmt: skip
    found = compare("SECURITYHUB_POLICY", before, after)
    assert (found.kind, list(map(str, found.changes))) == (
        "more",
        ["disable_in_regions: [] -> ALL_SUPPORTED", "enable_in_regions: ALL_SUPPORTED -> []"],
    )


@pytest.mark.parametrize("policy_type", sorted(POLICY_TYPES))
def test_the_same_settings_in_another_order_are_the_same(policy_type):
    """Spaces and the order of names do not count."""
    root = POLICY_TYPES[policy_type].root or "plans"
    before, after = (
        f'{{"{root}":{{"a":{{}},"b":{{}}}}}}',
        f'{{ "{root}": {{"b": {{}}, "a": {{}}}}}}',
    )
    assert compare_settings(policy_type, before, after) == Settings("same")


def test_both_directions_are_told():
    """One setting is loosened and another tightened."""
    found = compare(
        "CHATBOT_POLICY",
        {"chatbot": {"platforms": {"slack": {"client": assign("enabled")}, "chime": {"client": assign("disabled")}}}},
        {"chatbot": {"platforms": {"slack": {"client": assign("disabled")}, "chime": {"client": assign("enabled")}}}},
    )  # fmt: skip
    assert (found.kind, found.reason) == ("both", None)


def test_an_unknown_setting_hides_no_loosening():
    """The kind is what is known, and the reason names what is not."""
    before = {"ec2_attributes": {"new": assign("a"), "serial_console_access": {"status": assign("disabled")}}}  # fmt: skip
    after = {"ec2_attributes": {"new": assign("b"), "serial_console_access": {"status": assign("enabled")}}}  # fmt: skip
    found = compare(EC2, before, after)
    assert (found.kind, found.reason) == ("more", "the direction of new is not known")
    back = compare(EC2, after, before)
    assert (back.kind, back.reason) == ("unknown", "the direction of new is not known")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"@@append": ["a"]}, {"@@append": ["a", "b"]}, "less"),
        ({"@@append": ["a"]}, {"@@append": ["a"], "@@remove": ["c"]}, "more"),
        ({"@@remove": ["c", "d"]}, {"@@remove": ["c"]}, "less"),
        ({"@@assign": ["a"]}, {"@@append": ["a"]}, "unknown"),
        ({"@@assign": ["a"]}, ["a"], "same"),
        ({"@@assign": ["a"], CONTROL: ["@@none"]}, {"@@assign": ["a"]}, "more"),
        ({"@@assign": ["a"]}, {"@@assign": ["a"], CONTROL: ["@@none"]}, "less"),
        ({"@@assign": ["a"], CONTROL: ["@@append"]}, {"@@assign": ["a"], CONTROL: ["@@all"]}, "more"),
        ({"@@assign": ["a"], CONTROL: ["@@append"]}, {"@@assign": ["a"], CONTROL: ["@@remove"]}, "unknown"),
    ],
)  # fmt: skip
def test_inheritance_operators_have_their_directions(old, new, expected):
    """Appending to what is inherited, removing from it, and what child policies may do."""
    found = compare(
        "INSPECTOR_POLICY",
        at("inspector/enablement/ec2_scanning/enable_in_regions", old),
        at("inspector/enablement/ec2_scanning/enable_in_regions", new),
    )
    assert found.kind == expected


def test_a_rule_that_is_gone_is_one_change():
    """A backup rule that is removed takes its settings with it."""
    rule = {"target_backup_vault_name": assign("vault"), "lifecycle": {"delete_after_days": assign("35")}}  # fmt: skip
    before = {"plans": {"daily": {"rules": {"a": rule, "b": rule}}}}
    after = {"plans": {"daily": {"rules": {"a": rule}}}}
    assert compare("BACKUP_POLICY", before, after) == Settings(
        "more", (SettingChange("plans.daily.rules.b", "present", None, "more"),)
    )


def test_a_region_of_guardduty_replaces_the_default():
    """What the new region leaves out is no longer enabled there."""
    on = {"status": assign("enabled")}
    default = {"foundational": on, "s3_data_events": on}
    before = {"guardduty": {"enablement": {"default": default}}}
    after = {"guardduty": {"enablement": {"default": default, "us-east-1": {"foundational": on}}}}
    assert compare("GUARDDUTY_POLICY", before, after) == Settings(
        "more",
        (SettingChange("enablement.us-east-1.s3_data_events.status", "enabled", None, "more"),),
    )


def test_a_criterion_more_or_less_is_unknown_and_the_first_ones_are_not():
    """Criteria are alternatives; with the whole setting new, its state decides."""
    criterion = {"allowed_image_providers": assign(["amazon"])}
    one = at("ec2_attributes/allowed_images_settings", {"state": assign("enabled"), "image_criteria": {"criteria_1": criterion}})  # fmt: skip
    two = at("ec2_attributes/allowed_images_settings", {"state": assign("enabled"), "image_criteria": {"criteria_1": criterion, "criteria_2": criterion}})  # fmt: skip
    assert compare(EC2, one, two).kind == "unknown"
    assert compare(EC2, {"ec2_attributes": {}}, two).kind == "less"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the policy is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[]", "the policy is not a JSON object"),
        ('{"tags":{"a":{},"a":{}}}', "an object of the policy has the same name twice"),
        ('{"tags":{"a":NaN}}', "the policy is not JSON: NaN"),
        ('{"other":{}}', "the direction of other is not known"),
        ('{"a":' * 100_000, "the policy is nested too deeply"),
        ('{"a":' * 60 + "1" + "}" * 60, "the policy is nested too deeply"),
        (" " * 600_000, "the policy has more than 524,288 characters"),
        (json.dumps({"tags": {f"t{n}": {} for n in range(20_000)}}), "the policy has more than 10,000 settings"),
    ],
)  # fmt: skip
def test_a_text_that_cannot_be_read_is_unknown_with_the_reason(text, reason):
    """Hostile texts end quickly, on either side."""
    started = time.perf_counter()
    assert compare_settings("TAG_POLICY", text, '{"tags":{}}') == Settings("unknown", (), reason)
    assert compare_settings("TAG_POLICY", '{"tags":{}}', text).kind == "unknown"
    assert time.perf_counter() - started < 1


def test_defaults_of_many_regions_do_not_fill_memory():
    """A default of many settings for many regions is not written out."""
    on = {"status": assign("enabled")}
    before = {"guardduty": {"enablement": {"default": {f"f{n}": on for n in range(2_000)}}}}
    after = {"guardduty": {"enablement": {f"r{n}": {} for n in range(5_000)}}}
    assert compare("GUARDDUTY_POLICY", before, after).reason == (
        "the policy has more than 10,000 settings"
    )


def test_a_type_that_is_not_known_is_unknown():
    """A type that AWS adds later has no direction."""
    assert compare_settings("NEXT_POLICY", "{}", "{}") == Settings(
        "unknown", (), "no direction is known for the type NEXT_POLICY"
    )


def tag(**settings):
    """A tag policy with one key."""
    return {"tags": {"cost": {"tag_key": assign("Cost"), **settings}}}


def opt_out(*operators):
    """An opt-out of which child policies may change so much."""
    return at("services/default/opt_out_policy", {CONTROL: list(operators), **assign("optOut")})


WORKSPACES = "chatbot/platforms/slack/workspaces"
HUB = "securityhub/enable_in_regions"
SERIAL, IMAGES = "serial_console_access/status", "image_block_public_access/state"


@pytest.mark.parametrize(
    ("policy_type", "before", "after", "expected", "reason"),
    [
        ("BACKUP_POLICY", at("plans/daily/regions", {"@@append": ["a", "b"]}), at("plans/daily/regions", {"@@append": ["b", "a"]}), "same", "order does not count"),
        ("TAG_POLICY", tag(tag_value=assign(["a", "b"])), tag(tag_value=assign(["b", "a"])), "same", "order does not count"),
        ("TAG_POLICY", tag(), tag(enforced_for=assign(["ec2:instance"])), "less", "what was reported only is enforced"),
        ("TAG_POLICY", tag(tag_value={"@@append": ["a"]}), tag(tag_value={"@@append": ["a", "b"]}), "more", "one value more is allowed, whatever is inherited"),
        ("TAG_POLICY", tag(tag_value={"@@remove": ["a"]}), tag(tag_value={"@@append": ["a"]}), "more", "a value that was taken away is added"),
        ("TAG_POLICY", tag(tag_value=assign(["a"])), tag(tag_value={"@@append": ["a"]}), "unknown", "what is inherited counts only afterwards"),
        ("TAG_POLICY", tag(tag_value={CONTROL: ["@@none"], **assign(["a"])}), tag(tag_value=assign(["a"])), "more", "child policies may overrule it"),
        ("AISERVICES_OPT_OUT_POLICY", opt_out("@@none"), opt_out("@@assign"), "more", "child policies may opt in"),
        ("SECURITYHUB_POLICY", at(HUB, {"@@append": ["us-east-1"]}), at(HUB, {"@@append": ["us-east-1"], "@@remove": ["eu-west-1"]}), "more", "an inherited region is taken away"),
        ("CHATBOT_POLICY", at(WORKSPACES, assign(["T1", "T2"])), at(WORKSPACES, assign(["T2"])), "less", "one workspace less"),
        (EC2, {"ec2_attributes": at(SERIAL, assign("disabled")) | at(IMAGES, assign("unblocked"))}, {"ec2_attributes": at(SERIAL, assign("enabled")) | at(IMAGES, assign("block_new_sharing"))}, "both", "the console opens and sharing closes"),
        ("S3_POLICY", at("s3_attributes/public_access_block_configuration", assign("none")), at("s3_attributes/public_access_block_configuration", assign("all")), "less", "public access is blocked"),
    ],
)  # fmt: skip
def test_inheritance_operators_and_lists(policy_type, before, after, expected, reason):
    """Texts as people change them, with operators for child policies and inherited values."""
    assert compare(policy_type, before, after).kind == expected, reason
