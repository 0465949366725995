"""The invented organization: its accounts, units, policies, and who acts in it."""

from __future__ import annotations

import json

from records import Caller, Role, iam_user, role_session, root_user

ORGANIZATION = "o-exampleorg1"
OTHER_ORGANIZATION = "o-otherexample2"
FIRST_TRY = "o-firsttryex0"  # made and deleted within minutes, in August
ROOT = "r-exam"

MANAGEMENT = "111122223333"
LOG_ARCHIVE = "222233334444"
AUDIT = "333344445555"
WORKLOADS = "444455556666"
SANDBOX = "555566667777"
PAYMENTS = "666677778888"  # created by Control Tower on 15 September
ACQUIRED = "777788889999"  # invited, joins on 22 September
ANALYTICS = "888899990000"  # removed on 12 October
PARTNER = "999900001111"  # leaves on 9 October
LEGACY = "012345678901"  # closed on 14 October; a spreadsheet would drop its first digit
CLOSED_EARLIER = "131313131313"  # closed before the window, purged on 20 September
GOVERNMENT = (
    "121212121212"  # made with a GovCloud twin on 18 September, closes itself on 20 October
)
GOVERNMENT_TWIN = "141414141414"  # in GovCloud, whose trail is not this one
OTHER_MANAGEMENT = "101010101010"

OU_INFRASTRUCTURE = "ou-exam-infr2222"
OU_STAGING = "ou-exam-stag9999"
OU_HOSTILE = "ou-exam-host0000"
OU_SECURITY = "ou-exam-secu1111"
OU_WORKLOADS = "ou-exam-work3333"
OU_PRODUCTION = "ou-exam-prod4444"
OU_TEST = "ou-exam-test5555"
OU_SANDBOX = "ou-exam-sand6666"
OU_SUSPENDED = "ou-exam-susp7777"
OU_EXPERIMENT = "ou-exam-expe8888"

P_DENY_LEAVE = "p-exleave1"
P_REGIONS = "p-exregion2"
P_GUARDRAIL = "p-exguard3"
P_PERIMETER = "p-experim4"
P_COST_TAGS = "p-extags05"
P_TRIAL = "p-extrial6"
P_SANDBOX = "p-exsandb8"
P_BACKUP = "p-exbackup9"
TRANSFER = "rt-examplebilling1"
RESOURCE_POLICY = "rp-exdeleg7"

SCP = "SERVICE_CONTROL_POLICY"
RCP = "RESOURCE_CONTROL_POLICY"
TAGS = "TAG_POLICY"
BACKUP = "BACKUP_POLICY"

BROWSER = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
CLI = (
    "aws-cli/2.31.4 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.7 "
    "md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/prompt#off md/command#"
)
TERRAFORM = (
    "APN/1.0 HashiCorp/1.0 Terraform/1.13.3 (+https://www.terraform.io) "
    "terraform-provider-aws/6.14.1 (+https://registry.terraform.io/providers/hashicorp/aws) "
    "aws-sdk-go-v2/1.39.2 ua/2.1 os/linux lang/go#1.24.6 md/GOOS#linux md/GOARCH#amd64 "
    "api/organizations#1.45.3"
)
OPENTOFU = (
    "APN/1.0 OpenTofu/1.0 OpenTofu/1.10.6 (+https://opentofu.org) terraform-provider-aws/6.14.1 "
    "(+https://registry.opentofu.org/providers/hashicorp/aws) aws-sdk-go-v2/1.39.2 ua/2.1 os/linux "
    "lang/go#1.24.6 md/GOOS#linux md/GOARCH#amd64 api/organizations#1.45.3"
)
HOSTILE_AGENT = "tool/1.0 <script>alert(1)</script> \x1b[31mred\x1b[0m"
HOSTILE_SESSION = '=HYPERLINK("www.example.com","open")'
HOSTILE_UNIT_NAME = "Experiments | \u202egnitset"
HOSTILE_LONG_UNIT_NAME = '=HYPERLINK("http://www.example.com","Sandbox")\x1b[2J\x07\r\n<script>alert(1)</script>\u202exobdnas'
HOSTILE_RECON_AGENT = '=HYPERLINK("http://www.example.com","aws-cli")\r\n\x1b]0;owned\x07<script>alert(1)</script>\u202e'
HOSTILE_TAG_VALUE = "=SUM(1+1)*cmd|' /C calc'!A0"

_SSO_PATH = "aws-reserved/sso.amazonaws.com/"
_SERVICE_PATH = "aws-service-role/"


def _sso(account: str, permission_set: str, suffix: str) -> Role:
    return Role(account, f"AWSReservedSSO_{permission_set}_{suffix}", _SSO_PATH)


_ADMIN = _sso(MANAGEMENT, "OrgAdmin", "0a1b2c3d4e5f6071")
_SECURITY = _sso(MANAGEMENT, "SecurityEngineer", "1b2c3d4e5f60718a")

ALICE = role_session(_ADMIN, "alice.moreau@example.com", "192.0.2.10", BROWSER, console=True)
BEN = role_session(
    _SECURITY,
    "ben.okafor@example.com",
    "192.0.2.24",
    CLI + "organizations",
    identity_center_user="1a2b3c4d-0000-4000-8000-example00002",
)
CHEN = role_session(
    _sso(SANDBOX, "PowerUser", "2c3d4e5f60718a9b"),
    "chen.li@example.com",
    "198.51.100.31",
    CLI + "organizations.leave-organization",
)
FATIMA = role_session(
    _sso(SANDBOX, "AccountOwner", "3d4e5f60718a9b0c"),
    "fatima.haddad@example.com",
    "198.51.100.40",
    FIREFOX,
    console=True,
)
PIPELINE = role_session(
    Role(MANAGEMENT, "terraform-organization"), "gha-org-baseline-4711", "198.51.100.77", TERRAFORM
)
CONTROL_TOWER = role_session(
    Role(MANAGEMENT, "AWSControlTowerAdmin", "service-role/"),
    "AWSControlTower",
    "controltower.amazonaws.com",
    "controltower.amazonaws.com",
    invoked_by="controltower.amazonaws.com",
)
STACK_SETS = role_session(
    Role(
        MANAGEMENT,
        "AWSServiceRoleForCloudFormationStackSetsOrgAdmin",
        _SERVICE_PATH + "stacksets.cloudformation.amazonaws.com/",
    ),
    "StackSetsOrganizationsSession",
    "stacksets.cloudformation.amazonaws.com",
    "stacksets.cloudformation.amazonaws.com",
    invoked_by="stacksets.cloudformation.amazonaws.com",
)
CONFIG = role_session(
    Role(AUDIT, "AWSServiceRoleForConfig", _SERVICE_PATH + "config.amazonaws.com/"),
    "ConfigResourceCompositionSession",
    "config.amazonaws.com",
    "config.amazonaws.com",
    invoked_by="config.amazonaws.com",
)
SCANNER = role_session(
    Role(SANDBOX, "ci-scanner"),
    HOSTILE_SESSION,
    "203.0.113.66",
    "Boto3/1.40.45 md/Botocore#1.40.45",
)
RECON = role_session(
    Role(SANDBOX, "ci-scanner"), "botocore-session-1790388662", "203.0.113.66", HOSTILE_RECON_AGENT
)
FINANCE = role_session(
    _sso(MANAGEMENT, "Billing", "4e5f60718a9b0c1d"),
    "ines.duarte@example.com",
    "192.0.2.37",
    FIREFOX,
    console=True,
)
GITHUB = role_session(
    Role(MANAGEMENT, "github-actions-organization"),
    "GitHubActions",
    "198.51.100.78",
    OPENTOFU,
    federated_by=f"arn:aws:iam::{MANAGEMENT}:oidc-provider/token.actions.githubusercontent.com",
)
CLOUDFORMATION = role_session(
    Role(MANAGEMENT, "cfn-organization"),
    "AWSCloudFormation",
    "cloudformation.amazonaws.com",
    "cloudformation.amazonaws.com",
    invoked_by="cloudformation.amazonaws.com",
)
SETUP = iam_user(MANAGEMENT, "org-setup", "192.0.2.9", CLI + "organizations")
FOUNDER = root_user(MANAGEMENT, "192.0.2.9", FIREFOX)
GOVERNMENT_ROOT = root_user(GOVERNMENT, "198.51.100.61", BROWSER)
DANA = iam_user(MANAGEMENT, "break-glass-dana", "203.0.113.66", HOSTILE_AGENT)
ACQUIRED_OWNER = iam_user(
    ACQUIRED, "hq-admin", "203.0.113.12", f"{CLI}organizations.accept-handshake"
)
PARTNER_ROOT = root_user(PARTNER, "203.0.113.25", BROWSER)
MANAGEMENT_ROOT = root_user(MANAGEMENT, "203.0.113.66", FIREFOX)


def on_behalf(caller: Caller, service: str) -> Caller:
    """A person, through a service that calls Organizations for them."""
    identity = {**caller.identity, "invokedBy": service}
    return Caller(identity, service, service, console=caller.console)


def _document(*statements: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))


def _deny_leave(**more: object) -> str:
    return _document(
        {
            "Sid": "DenyLeavingTheOrganization",
            "Effect": "Deny",
            "Action": ["organizations:LeaveOrganization"],
            "Resource": "*",
            **more,
        }
    )


def _regions(*regions: str) -> str:
    return _document(
        {
            "Sid": "DenyOutsideOurRegions",
            "Effect": "Deny",
            "NotAction": ["iam:*", "organizations:*", "sts:*", "support:*", "cloudfront:*"],
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": list(regions)}},
        }
    )


DENY_LEAVE = _deny_leave()
DENY_LEAVE_WEAKENED = _deny_leave(
    Condition={"ArnNotLike": {"aws:PrincipalArn": ["arn:aws:iam::*:role/*"]}}
)
REGIONS = _regions("us-east-1", "eu-west-1")
REGIONS_WIDER = _regions("us-east-1", "eu-west-1", "eu-central-1")
GUARDRAIL = _document(
    {
        "Sid": "GRLOGGROUPPOLICY",
        "Effect": "Deny",
        "Action": ["logs:DeleteLogGroup", "logs:PutRetentionPolicy"],
        "Resource": ["arn:aws:logs:*:*:log-group:*aws-controltower*"],
        "Condition": {
            "StringNotLike": {"aws:PrincipalArn": ["arn:aws:iam::*:role/AWSControlTowerExecution"]}
        },
    }
)
_NO_KEYS: dict[str, object] = {
    "Sid": "DenyLongTermKeys",
    "Effect": "Deny",
    "Action": ["iam:CreateAccessKey", "iam:CreateUser"],
    "Resource": "*",
}
_SMALL_INSTANCES: dict[str, object] = {
    "Sid": "DenyCostlyInstances",
    "Effect": "Deny",
    "Action": "ec2:RunInstances",
    "Resource": "arn:aws:ec2:*:*:instance/*",
    "Condition": {"StringNotLike": {"ec2:InstanceType": ["t4g.*", "t3.*"]}},
}
SANDBOX_LIMITS = _document(_NO_KEYS, _SMALL_INSTANCES)
SANDBOX_LIMITS_LESS = _document(_NO_KEYS)
SANDBOX_LIMITS_REFORMATTED = json.dumps(json.loads(SANDBOX_LIMITS_LESS), indent=4)
DAILY_BACKUP = (
    '{"plans":{"daily":{"regions":{"@@assign":["us-east-1","eu-west-1"]},"rules":{"daily_rule":'
    '{"schedule_expression":{"@@assign":"cron(0 5 ? * * *)"},"target_backup_vault_name":'
    '{"@@assign":"Default"}}}}}}'
)
PERIMETER = _document(
    {
        "Sid": "OnlyOurOrganizationAndServices",
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:*", "sqs:*"],
        "Resource": "*",
        "Condition": {
            "StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        },
    }
)
COST_TAGS = '{"tags":{"costcentre":{"tag_key":{"@@assign":"CostCentre"}}}}'
TRIAL = _document({"Sid": "DenyEverything", "Effect": "Deny", "Action": "*", "Resource": "*"})
