"""Who acted, by each type of identity."""

from __future__ import annotations

import pytest

from trailscan.events.client import client
from trailscan.events.event import decode_event
from trailscan.events.naming import identify


def make(identity, **fields):
    """An event by somebody."""
    return decode_event(
        {"eventTime": "2026-11-22T12:00:00Z", "eventID": "e", "userIdentity": identity, **fields}
    )


def assumed(role, session):
    """A role session."""
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLE:{session}",
        "arn": f"arn:aws:sts::111122223333:assumed-role/{role}/{session}",
        "accountId": "111122223333",
        "sessionContext": {"sessionIssuer": {"type": "Role", "userName": role}},
    }


@pytest.mark.parametrize(
    ("identity", "display", "kind", "certain"),
    [
        ({"type": "Root", "accountId": "1" * 12}, "root user of 111111111111", "root_user", True),
        ({"type": "IAMUser", "userName": "bob"}, "bob", "iam_user", True),
        (assumed("Admin", "carol"), 'role Admin, session named "carol"', "assumed_role", True),
        (
            assumed("AWSReservedSSO_OrgAdmin_0123456789abcdef", "alice@example.com"),
            "alice@example.com (OrgAdmin through Identity Center)",
            "identity_center_user",
            False,
        ),
        (
            {"accountId": "1" * 12, "invokedBy": "AWS Internal"},
            "AWS Organizations",
            "aws_service",
            True,
        ),
        (
            {"type": "AWSService", "invokedBy": "sso.amazonaws.com"},
            "sso.amazonaws.com",
            "aws_service",
            True,
        ),
        (
            {"type": "AWSAccount", "accountId": "2" * 12},
            "account 222222222222",
            "aws_account",
            True,
        ),
        ({"type": "Novel"}, "unknown", "unknown", False),
        ({"type": "AWSAccount"}, "an unknown account", "aws_account", True),
        (
            {"type": "Root", "accountId": "1" * 12, "sessionContext": {"assumedRoot": "true"}},
            "root user of 111111111111 (opened with AssumeRoot)",
            "root_user",
            False,
        ),
        (
            {"type": "FederatedUser", "arn": "arn:aws:sts::111122223333:federated-user/kim"},
            'an IAM user of an unknown account (federated session named "kim")',
            "iam_user",
            False,
        ),
        (
            {"type": "SAMLUser", "userName": "kim@example.com"},
            "kim@example.com",
            "federated_user",
            False,
        ),
        (
            {"type": "Unknown", "accountId": "1" * 12, "onBehalfOf": {"userId": "u-1"}},
            "Identity Center user u-1",
            "identity_center_user",
            True,
        ),
        (
            {"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}},
            "Identity Center user u-1",
            "identity_center_user",
            True,
        ),
        (
            {**assumed("App", "x"), "onBehalfOf": {"userId": "u-1"}},
            "Identity Center user u-1 (role App)",
            "identity_center_user",
            True,
        ),
        (
            {**assumed("Admin", "carol"), "type": "IAMUser"},
            'role Admin, session named "carol"',
            "assumed_role",
            True,
        ),
        (
            assumed("Deploy", "aws-go-sdk-1688990515440126480"),
            "role Deploy, session aws-go-sdk-1688990515440126480",
            "assumed_role",
            True,
        ),
        (
            {**assumed("stacksets-exec-1", "X"), "invokedBy": "cloudformation.amazonaws.com"},
            "cloudformation.amazonaws.com (role stacksets-exec-1)",
            "aws_service",
            False,
        ),
        (
            assumed("stacksets-exec-1", "eve"),
            'role stacksets-exec-1, session named "eve"',
            "assumed_role",
            True,
        ),
        (
            {**assumed("Admin", "carol"), "invokedBy": "cloudformation.amazonaws.com"},
            'role Admin, session named "carol", through cloudformation.amazonaws.com',
            "assumed_role",
            True,
        ),
    ],
)
def test_each_type_of_identity_has_a_name_a_kind_and_how_sure_it_is(
    identity, display, kind, certain
):
    """A convention is not a certainty, and an unknown type is said to be one."""
    who = identify(make(identity).user_identity)
    assert (who.display, who.kind, who.certain) == (display, kind, certain)


def test_source_identity_names_the_person():
    """A sourceIdentity comes before the role; the role's trust vouches for it, and not AWS."""
    identity = assumed("Admin", "session-1")
    identity["sessionContext"]["sourceIdentity"] = "dana"
    who = identify(make(identity).user_identity)
    assert (who.name, who.rule, who.certain) == ("dana", "source_identity", False)


def test_a_person_of_identity_center_keeps_the_permission_set():
    """A sourceIdentity says who, the role still says through what."""
    identity = assumed("AWSReservedSSO_OrgAdmin_0123456789abcdef", "session-1")
    identity["sessionContext"]["sourceIdentity"] = "dana"
    assert (
        identify(make(identity).user_identity).display == "dana (OrgAdmin through Identity Center)"
    )


SSO, LINKED = "AWSReservedSSO_OrgAdmin_0123456789abcdef", "AWSServiceRoleForSSO"


@pytest.mark.parametrize(
    ("role", "path", "kind", "certain"),
    [
        (SSO, "aws-reserved/sso.amazonaws.com/eu-west-1/", "identity_center_user", True),
        (SSO, "", "assumed_role", True),
        (LINKED, "aws-service-role/sso.amazonaws.com/", "aws_service", True),
        (LINKED, "", "assumed_role", True),
    ],
)
def test_a_role_that_only_borrows_a_reserved_name_is_an_ordinary_one(role, path, kind, certain):
    """AWS reserves the paths of its roles; a name convinces only where no path is recorded."""
    identity = assumed(role, "someone")
    identity["sessionContext"]["sessionIssuer"]["arn"] = (
        f"arn:aws:iam::111122223333:role/{path}{role}"
    )
    who = identify(make(identity).user_identity)
    assert (who.kind, who.certain) == (kind, certain)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"userAgent": "aws-cli/2.30 md/x"}, "cli"),
        ({"userAgent": "Boto3/1.40 Botocore/1.40"}, "sdk"),
        ({"userAgent": "APN/1.0 HashiCorp/1.0 Terraform/1.9 aws-sdk-go-v2/1.3"}, "terraform"),
        ({"userAgent": "OpenTofu/1.8 aws-sdk-go-v2/1.3"}, "opentofu"),
        ({"userAgent": "Mozilla/5.0", "sessionCredentialFromConsole": "true"}, "console"),
        ({"eventType": "AwsServiceEvent"}, "aws_service"),
        ({"userAgent": "cloudformation.amazonaws.com"}, "cloudformation"),
        ({"userAgent": "APN/1.0 HashiCorp/1.0 OpenTofu/1.8"}, "opentofu"),
        ({"userAgent": "console.amazonaws.com"}, "console"),
        ({"userAgent": "AWS Organizations Console, aws-internal/3"}, "console"),
        ({"userAgent": "AWS Internal", "sessionCredentialFromConsole": "true"}, "console"),
        ({"userAgent": "AWS Internal"}, "aws_service"),
        (
            {
                "userAgent": "aws-cli/2.30 exec-env/CloudShell",
                "sessionCredentialFromConsole": "true",
            },
            "cli",
        ),
        ({"userAgent": "curl/8"}, "unknown"),
        ({"userAgent": "signin.amazonaws.com"}, "console"),
        ({"userAgent": "console.ec2.amazonaws.com"}, "console"),
        ({"userAgent": "eu-west-1.console.amazonaws.com.evil.example"}, "unknown"),
        ({"userAgent": "curl/8", "sourceIPAddress": "console.amazonaws.com"}, "console"),
        ({"userAgent": "curl/8", "sessionCredentialFromConsole": True}, "console"),
        ({}, "unknown"),
    ],
)
def test_the_client_is_told_from_the_user_agent_and_the_session(fields, expected):
    """Console, CLI, SDK, Terraform and services are told apart; anything else is unknown."""
    assert client(make({"type": "IAMUser"}, **fields)) == expected


@pytest.mark.parametrize(
    ("identity", "agent", "expected"),
    [
        (assumed("AWSControlTowerAdmin", "AWSControlTower"), "AWS Internal", "control_tower"),
        (assumed("AWSControlTowerExecution", "eve"), "aws-cli/2.30", "cli"),
        (assumed("Dev", "awscontroltower"), "Boto3/1.40", "sdk"),
    ],
)
def test_a_tool_is_not_hidden_by_the_name_of_a_session(identity, agent, expected):
    """Session names are free to choose: they tell a service apart only where a service called."""
    assert client(make(identity, userAgent=agent)) == expected


ISSUER = {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ci", "userName": "ci"}
ROOT = {"type": "Root", "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333"}
SAML = "arn:aws:iam::111122223333:saml-provider/okta"
OIDC = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC"
LAMBDA = {
    "issuerType": "AWS::Lambda::Function",
    "credentialsIssuedTo": "arn:aws:lambda:eu-west-1:111122223333:function:cleaner",
}
SSO_ARN = f"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/{SSO}"


def federated(issuer):
    """A session of GetFederationToken, which its caller named after a colleague."""
    return {
        "type": "FederatedUser",
        "principalId": "111122223333:zoe@example.com",
        "arn": "arn:aws:sts::111122223333:federated-user/zoe@example.com",
        "accountId": "111122223333",
        "sessionContext": {"sessionIssuer": issuer},
    }


def in_context(identity, **more):
    """A role session with more in its context."""
    return {**identity, "sessionContext": {**identity["sessionContext"], **more}}


@pytest.mark.parametrize(
    ("identity", "name", "kind", "rule", "certain", "display"),
    [
        (
            federated(ISSUER),
            "ci",
            "iam_user",
            "session_issuer",
            True,
            'ci (federated session named "zoe@example.com")',
        ),
        (
            federated(ROOT),
            "root user of 111122223333",
            "root_user",
            "session_issuer",
            True,
            'root user of 111122223333 (federated session named "zoe@example.com")',
        ),
        (
            {"type": "SAMLUser", "userName": "kim", "identityProvider": SAML},
            "kim",
            "federated_user",
            "federated_name",
            False,
            "kim (SAML provider okta)",
        ),
        (
            in_context(assumed("AuditRole", "x"), assumedRoot="true"),
            "root user of 111122223333",
            "root_user",
            "assumed_root",
            False,
            "root user of 111122223333 (opened with AssumeRoot)",
        ),
        (
            {
                **in_context(assumed(SSO, "alice"), sessionIssuer={"arn": SSO_ARN}),
                "onBehalfOf": {"userId": "u-1"},
            },
            "alice",
            "identity_center_user",
            "session_name_of_identity_center_role",
            True,
            "alice (OrgAdmin through Identity Center)",
        ),
        (
            {**assumed("lambda-org", "cleaner"), "inScopeOf": LAMBDA},
            "Lambda function cleaner",
            "assumed_role",
            "in_scope_of",
            True,
            "Lambda function cleaner (role lambda-org)",
        ),
        (
            in_context(assumed("pods", "zoe"), webIdFederationData={"federatedProvider": OIDC}),
            "pods",
            "assumed_role",
            "role",
            True,
            'role pods, OIDC provider oidc.eks.eu-west-1.amazonaws.com/id/ABC, session named "zoe"',
        ),
        (
            in_context(assumed("ec2", "i-0123456789abcdef0"), ec2RoleDelivery="2.0"),
            "ec2",
            "assumed_role",
            "instance",
            True,
            "role ec2, instance i-0123456789abcdef0",
        ),
        (
            assumed("ec2", "i-0123456789abcdef0"),
            "ec2",
            "assumed_role",
            "role",
            True,
            'role ec2, session named "i-0123456789abcdef0"',
        ),
        (
            {"type": "AWSAccount", "accountId": "9" * 12, "principalId": "AROA1:grace"},
            "account 999999999999",
            "aws_account",
            "account_id",
            True,
            'account 999999999999 (session named "grace")',
        ),
        (
            {
                **assumed("AWSControlTowerExecution", "x"),
                "invokedBy": "controltower.amazonaws.com",
            },
            "controltower.amazonaws.com",
            "aws_service",
            "invoked_by",
            True,
            "controltower.amazonaws.com (role AWSControlTowerExecution)",
        ),
        (
            {"type": "Directory", "principalId": "d-1:CORP\\harry"},
            "CORP\\harry",
            "directory",
            "directory_name",
            False,
            "CORP\\harry",
        ),
        (
            {**assumed("Admin", "carol"), "invokedBy": "aws-mcp.amazonaws.com"},
            "Admin",
            "assumed_role",
            "role",
            True,
            'role Admin, session named "carol"',
        ),
    ],
)
def test_whoever_vouches_for_a_name_is_known(identity, name, kind, rule, certain, display):
    """What a caller chose is shown as a claim, and never is the name."""
    who = identify(make(identity).user_identity)
    assert (who.name, who.kind, who.rule, who.certain) == (name, kind, rule, certain)
    assert who.display == display


@pytest.mark.parametrize(
    "session",
    [
        "botocore-session-1790388662",
        "AWS-CLI-session-1790388662",
        "aws-cli-1790388662",
        "aws-sdk-js-1790388662123",
        "aws-sdk-js-session-1790388662123",
        "web-identity",
        "aws-go-sdk-1688990515440126480",
        "1688990515440126480",
        "1790388662123",
        "aws-sdk-java-1790388662123",
        "aws-sdk-java-3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "aws-sdk-kotlin-1790388662123",
        "aws-dotnet-sdk-session-638000000000000000",
        "aws-sdk-php-1790388662123",
        "default_session",
        "assume-role-from-profile-1790388662123",
        "3F2504E0-4F89-41D3-9A0C-0305E82C3301",
    ],
)
def test_a_session_name_that_an_sdk_made_up_claims_nothing(session):
    """The defaults of every SDK are told apart from names that somebody chose."""
    who = identify(make(assumed("Deploy", session)).user_identity)
    assert (who.rule, who.display) == (
        "role_of_generated_session",
        f"role Deploy, session {session}",
    )


def test_a_claim_cannot_leave_its_quotation_marks():
    """A name with quotation marks and control characters stays one claim."""
    identity = assumed("Deploy", 'x", alice@example.com (Admin through Identity Center)\x1b[2K')
    assert identify(make(identity).user_identity).display == (
        'role Deploy, session named "x\\", alice@example.com (Admin through Identity Center)'
        '\\x1b[2K"'
    )


def test_a_name_of_an_identity_provider_cannot_say_more_than_a_name():
    """What looks like ours in such a name stands in quotation marks."""
    identity = {"type": "SAMLUser", "userName": "eve (Admin through Identity Center)"}
    assert identify(make(identity).user_identity).display == '"eve (Admin through Identity Center)"'


@pytest.mark.parametrize(
    ("identity", "fields", "expected"),
    [
        ({"invokedBy": "aws-mcp.amazonaws.com"}, {"userAgent": "aws-mcp.amazonaws.com"}, "agent"),
        ({"signInSessionArn": "arn:aws:signin:x"}, {"userAgent": "aws-cli/2.32"}, "agent"),
        (
            {"sessionContext": {"signInSessionArn": "arn:aws:signin:x"}},
            {"userAgent": "Boto3/1.40"},
            "agent",
        ),
        (
            {"sessionContext": {"signInSessionArn": "arn:aws:signin:x"}},
            {"userAgent": "Mozilla/5.0", "sessionCredentialFromConsole": "true"},
            "console",
        ),
    ],
)
def test_a_program_that_a_person_signed_in_is_an_agent(identity, fields, expected):
    """AWS's MCP server and `aws login` sessions are told apart from the person's own programs."""
    assert client(make({"type": "IAMUser", **identity}, **fields)) == expected
