"""Who acted, by each type of identity."""

from __future__ import annotations

import pytest

from trailscan.events.event import decode_event
from trailscan.events.principal import client, parse_principal


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
        (assumed("Admin", "carol"), "carol (role Admin)", "assumed_role", False),
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
            "root user of 111111111111",
            "root_user",
            False,
        ),
        (
            {"type": "FederatedUser", "arn": "arn:aws:sts::111122223333:federated-user/kim"},
            "kim",
            "federated_user",
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
            "carol (role Admin)",
            "assumed_role",
            False,
        ),
        (
            assumed("Deploy", "aws-go-sdk-1688990515440126480"),
            "Deploy (session aws-go-sdk-1688990515440126480)",
            "assumed_role",
            False,
        ),
        (
            {**assumed("stacksets-exec-1", "X"), "invokedBy": "cloudformation.amazonaws.com"},
            "cloudformation.amazonaws.com (role stacksets-exec-1)",
            "aws_service",
            False,
        ),
        (assumed("stacksets-exec-1", "eve"), "eve (role stacksets-exec-1)", "assumed_role", False),
        (
            {**assumed("Admin", "carol"), "invokedBy": "cloudformation.amazonaws.com"},
            "carol (role Admin, through cloudformation.amazonaws.com)",
            "assumed_role",
            False,
        ),
    ],
)
def test_each_type_of_identity_has_a_name_a_kind_and_how_sure_it_is(
    identity, display, kind, certain
):
    """A convention is not a certainty, and an unknown type is said to be one."""
    who = parse_principal(make(identity))
    assert (who.display, who.kind, who.certain) == (display, kind, certain)


def test_source_identity_names_the_person():
    """Where a sourceIdentity is set it comes before the session name, and AWS vouches for it."""
    identity = assumed("Admin", "session-1")
    identity["sessionContext"]["sourceIdentity"] = "dana"
    who = parse_principal(make(identity))
    assert (who.name, who.rule, who.certain) == ("dana", "source_identity", True)


def test_a_person_of_identity_center_keeps_the_permission_set():
    """A sourceIdentity says who, the role still says through what."""
    identity = assumed("AWSReservedSSO_OrgAdmin_0123456789abcdef", "session-1")
    identity["sessionContext"]["sourceIdentity"] = "dana"
    assert parse_principal(make(identity)).display == "dana (OrgAdmin through Identity Center)"


SSO, LINKED = "AWSReservedSSO_OrgAdmin_0123456789abcdef", "AWSServiceRoleForSSO"


@pytest.mark.parametrize(
    ("role", "path", "kind", "certain"),
    [
        (SSO, "aws-reserved/sso.amazonaws.com/eu-west-1/", "identity_center_user", False),
        (SSO, "", "assumed_role", False),
        (LINKED, "aws-service-role/sso.amazonaws.com/", "aws_service", True),
        (LINKED, "", "assumed_role", False),
    ],
)
def test_a_role_that_only_borrows_a_reserved_name_is_an_ordinary_one(role, path, kind, certain):
    """AWS reserves the paths of its roles; a name convinces only where no path is recorded."""
    identity = assumed(role, "someone")
    identity["sessionContext"]["sessionIssuer"]["arn"] = (
        f"arn:aws:iam::111122223333:role/{path}{role}"
    )
    who = parse_principal(make(identity))
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
