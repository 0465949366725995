"""The settings of every declarative and management policy type, and which way is stricter.

From the syntax page of each type in the AWS Organizations user guide; the addresses end in the
names below. A path begins below the policy's top-level name; `*` is any name, `**` any names or
none. A setting that no row has is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from trailscan.organizations.access.setting_rules import (
    Neutral,
    Number,
    Required,
    Rule,
    Scale,
    Unclear,
    Values,
)


@dataclass(frozen=True)
class PolicyType:
    """The settings of a policy type.

    Attributes:
        root: The top-level name of its policies; None where the syntax page was not seen whole.
        source: The end of the address of its syntax page.
        settings: The rule of each setting.
        containers: The rule of each part that enforces something by being there.
        default_of: The part whose member `default` holds for the members that are missing.
    """

    root: str | None
    source: str
    settings: dict[str, Rule]
    containers: dict[str, Rule] = field(default_factory=dict)
    default_of: tuple[str, ...] | None = None


_SWITCH = Scale(("disabled", "enabled"))
_REGIONS: dict[str, Rule] = {
    "**.enable_in_regions": Values("more values"),
    "**.disable_in_regions": Values("fewer values"),
}
_ANY_UNLESS_LISTED = Values("fewer values", absent="everything")
_TAG_VALUES = Values("fewer values", absent="everything", wildcards="*")
"""Such as `300*`."""
_IMAGE_NAMES = Values("fewer values", absent="everything", wildcards="*?")
_IMAGE_PROVIDERS = Values("fewer values", absent="everything", nothing="none")
"""Images of the account itself are always allowed (`API_ImageCriterionRequest` of EC2)."""
_RETENTION = Number("more values")

_EC2: dict[str, Rule] = {
    "exception_message": Neutral(),
    "vpc_block_public_access.internet_gateway_block.mode": Scale(
        ("off", "block_ingress", "block_bidirectional")
    ),
    "vpc_block_public_access.internet_gateway_block.exclusions_allowed": Scale(
        ("enabled", "disabled")
    ),
    "serial_console_access.status": Scale(("enabled", "disabled")),
    "image_block_public_access.state": Scale(("unblocked", "block_new_sharing")),
    "snapshot_block_public_access.state": Scale(
        ("unblocked", "block_new_sharing", "block_all_sharing")
    ),
    "allowed_images_settings.state": Scale(("disabled", "audit_mode", "enabled")),
    "allowed_images_settings.image_criteria.*.allowed_image_providers": _IMAGE_PROVIDERS,
    "allowed_images_settings.image_criteria.*.image_names": _IMAGE_NAMES,
    "allowed_images_settings.image_criteria.*.marketplace_product_codes": _ANY_UNLESS_LISTED,
    "allowed_images_settings.image_criteria.*.creation_date_condition"
    ".maximum_days_since_created": Number("fewer values"),
    "allowed_images_settings.image_criteria.*.deprecation_time_condition"
    ".maximum_days_since_deprecated": Number("fewer values"),
    "instance_metadata_defaults.http_tokens": Scale(("optional", "no_preference", "required")),
    "instance_metadata_defaults.http_endpoint": Scale(("enabled", "no_preference", "disabled")),
    "instance_metadata_defaults.instance_metadata_tags": Scale(
        ("enabled", "no_preference", "disabled")
    ),
}

_BACKUP: dict[str, Rule] = {
    "plans.*.regions": Values("more values"),
    "plans.*.rules.*.lifecycle.delete_after_days": _RETENTION,
    "plans.*.rules.*.copy_actions.*.lifecycle.delete_after_days": _RETENTION,
    "plans.*.rules.*.enable_continuous_backup": Scale(("false", "true"), default="false"),
    "plans.*.rules.**.move_to_cold_storage_after_days": Neutral(),
    "plans.*.rules.**.opt_in_to_archive_for_supported_resources": Neutral(),
    "plans.*.rules.*.start_backup_window_minutes": Neutral(),
    "plans.*.rules.*.complete_backup_window_minutes": Neutral(),
    "plans.*.rules.*.recovery_point_tags.**": Neutral(),
    "plans.*.rules.*.index_actions.**": Neutral(),
    "plans.*.backup_plan_tags.**": Neutral(),
    "plans.*.selections.tags.*.tag_value": Values("more values"),
    "plans.*.selections.resources.*.resource_types": Values("more values", wildcards="*"),
    "plans.*.selections.resources.*.not_resource_types": Values("fewer values", wildcards="*"),
    "plans.*.advanced_backup_settings.ec2.windows_vss": Scale(
        ("disabled", "enabled"), default="disabled"
    ),
    "plans.*.advanced_backup_settings.s3.*": Scale(("disabled", "enabled"), default="enabled"),
}

_CHAT: dict[str, Rule] = {
    "default.client": Scale(("enabled", "disabled")),
    "platforms.*.client": Scale(("enabled", "disabled")),
    "platforms.slack.workspaces": _ANY_UNLESS_LISTED,
    "platforms.microsoft_teams.tenants.*": Values("fewer values"),
    "platforms.**.supported_channel_types": _ANY_UNLESS_LISTED,
    "platforms.**.supported_role_settings": _ANY_UNLESS_LISTED,
}

POLICY_TYPES: dict[str, PolicyType] = {
    "DECLARATIVE_POLICY_EC2": PolicyType(
        "ec2_attributes",
        "orgs_manage_policies_declarative_syntax",
        _EC2,
        containers={"allowed_images_settings.image_criteria.*": Unclear()},
    ),
    "S3_POLICY": PolicyType(
        "s3_attributes",
        "orgs_manage_policies_s3_syntax",
        {"public_access_block_configuration": Scale(("none", "all"))},
    ),
    "SECURITYHUB_POLICY": PolicyType(
        "securityhub", "orgs_manage_policies_security_hub_syntax", _REGIONS
    ),
    "SECURITYHUB_CSPM_POLICY": PolicyType(
        None, "orgs_manage_policies_security_hub_cspm_syntax", _REGIONS
    ),
    "INSPECTOR_POLICY": PolicyType("inspector", "orgs_manage_policies_inspector_syntax", _REGIONS),
    "NETWORK_SECURITY_DIRECTOR_POLICY": PolicyType(
        "network_security_director",
        "orgs_manage_policies_network_security_director_syntax",
        _REGIONS,
    ),
    "GUARDDUTY_POLICY": PolicyType(
        "guardduty",
        "orgs_manage_policies_guardduty_syntax",
        {"enablement.**.status": _SWITCH},
        default_of=("enablement",),
    ),
    "BEDROCK_POLICY": PolicyType(
        "bedrock",
        "orgs_manage_policies_bedrock_syntax",
        {
            "guardrail_inference.*.*.selective_content_guarding.*": Scale(
                ("selective", "comprehensive"), default="comprehensive"
            ),
            "guardrail_inference.*.*.input_tags": Scale(("honor", "ignore")),
            "guardrail_inference.*.*.model_enforcement.included_models": Values(
                "more values", absent="everything", empty="everything"
            ),
            "guardrail_inference.*.*.model_enforcement.excluded_models": Values("fewer values"),
        },
        containers={"guardrail_inference.*.*": Required()},
    ),
    "BACKUP_POLICY": PolicyType(
        None,
        "orgs_manage_policies_backup_syntax",
        _BACKUP,
        containers={
            "plans.*": Required(),
            "plans.*.rules.*": Required(),
            "plans.*.rules.*.copy_actions.*": Required(),
            "plans.*.rules.*.scan_actions.*": Required(),
            "plans.*.scan_settings": Required(),
            "plans.*.selections.tags.*": Required(),
            "plans.*.selections.resources.*": Required(),
        },
    ),
    "TAG_POLICY": PolicyType(
        "tags",
        "orgs_manage_policies_example-tag-policies",
        {
            "*.tag_key": Required(),
            "*.tag_value": _TAG_VALUES,
            "*.enforced_for": Values("more values", wildcards="*"),
            "*.report_required_tag_for": Values("more values"),
        },
    ),
    "AISERVICES_OPT_OUT_POLICY": PolicyType(
        "services",
        "orgs_manage_policies_ai-opt-out_syntax",
        {"*.opt_out_policy": Scale(("optIn", "optOut"))},
        default_of=(),
    ),
    "CHATBOT_POLICY": PolicyType(
        "chatbot",
        "orgs_manage_policies_chatbot_syntax",
        _CHAT,
        containers={"platforms.*.overrides.*": Unclear()},
    ),
    "UPGRADE_ROLLOUT_POLICY": PolicyType(
        "upgrade_rollout", "orgs_manage_policies_upgrade_syntax", {}
    ),
}
"""Every type but SCPs and RCPs. In upgrade rollout policies no order is stricter than another."""
