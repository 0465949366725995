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
        ({"userAgent": "curl/8"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_the_client_is_told_from_the_user_agent_and_the_session(fields, expected):
    """Console, CLI, SDK, Terraform and services are told apart; anything else is unknown."""
    assert client(make({"type": "IAMUser"}, **fields)) == expected
