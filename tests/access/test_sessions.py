"""Where credentials come from: as in the AWS CLI, for boto3 and obstore alike."""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest

from trailscan.aws.session import AwsOptions, credential_provider, open_session, partition_of
from trailscan.buckets import open_s3
from trailscan.errors import AccessError, TrailscanError

USER, ROLE = "AKIAEXAMPLEUSER00001", "ASIAEXAMPLEROLE00001"
ROLE_ARN = "arn:aws:iam::222233334444:role/Auditor"


@pytest.fixture
def read(cloud, monkeypatch):
    """Reads an object with credentials that do not come from the environment; says whose they were."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    cloud.add("my-bucket", objects={"key": b"1"})

    def run(**options: str) -> set[str]:
        bucket = open_s3("s3://my-bucket", AwsOptions(**options))
        assert bucket.read("key") == b"1"
        asked = [request for request in cloud.requests if request.action.startswith("s3:")]
        assert {request.agent for request in asked} == {"boto3", "obstore"}
        return {request.key_id for request in asked}

    return run


def test_a_profile_of_keys(read, config):
    """Plain keys of a profile."""
    config("")
    assert read(profile="keys") == {USER}


def test_a_role_is_assumed_with_external_id_and_session_name(read, cloud, config):
    """--role-arn assumes the role from the profile; CloudTrail will name the session."""
    config("")
    assert read(profile="keys", role_arn=ROLE_ARN, external_id="x-17") == {ROLE}
    assert read(profile="keys", role_arn=ROLE_ARN, role_session_name="nightly") == {ROLE}
    asked = [dict(parse_qsl(request.body.decode())) for request in cloud.asked("AssumeRole")]
    assert [(one["RoleArn"], one.get("ExternalId"), one["RoleSessionName"]) for one in asked] == [
        (ROLE_ARN, "x-17", "trailscan"),
        (ROLE_ARN, None, "nightly"),
    ]


def test_a_profile_of_a_role(read, cloud, config):
    """A profile with role_arn, source_profile and external_id needs no option but --profile."""
    config(
        f"[profile audit]\nrole_arn = {ROLE_ARN}\nsource_profile = keys\nexternal_id = x-17\n"
        "role_session_name = me\nregion = cn-north-1\n"
    )
    cloud.buckets["my-bucket"].region = "cn-north-1"
    assert read(profile="audit") == {ROLE}
    (asked,) = cloud.asked("AssumeRole")
    assert asked.host == "sts.cn-north-1.amazonaws.com.cn"
    assert dict(parse_qsl(asked.body.decode()))["ExternalId"] == "x-17"


def test_web_identity(read, cloud, config, tmp_path, monkeypatch):
    """A token file, as in EKS or a CI system, is exchanged for the role."""
    (tmp_path / "token").write_text("a-web-token")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE_ARN)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert read() == {ROLE}
    (asked,) = cloud.asked("AssumeRoleWithWebIdentity")
    assert dict(parse_qsl(asked.body.decode()))["WebIdentityToken"] == "a-web-token"


def helper(tmp_path, config, answer: str, code: int = 0) -> None:
    """A profile `helped` whose credentials a program gives."""
    program = tmp_path / "helper.py"
    program.write_text(
        f"import sys\nsys.{'stdout' if code == 0 else 'stderr'}.write({answer!r})\nsys.exit({code})\n"
    )
    config(f"[profile helped]\ncredential_process = {sys.executable} {program}\n")


def test_credential_process(read, config, tmp_path):
    """A program may give the credentials."""
    given = {"Version": 1, "AccessKeyId": USER, "SecretAccessKey": "users-secret"}
    helper(tmp_path, config, json.dumps(given))
    assert read(profile="helped") == {USER}


def test_credential_process_that_fails(read, config, tmp_path):
    """What it says is passed on, without the secrets in it."""
    helper(tmp_path, config, 'no luck; {"SecretAccessKey": "canary-secret"}', code=1)
    with pytest.raises(AccessError, match="no luck") as caught:
        read(profile="helped")
    assert "canary" not in str(caught.value)


def sign_in(tmp_path, config, monkeypatch, lasts: timedelta) -> None:
    """A profile `sso`, signed in to for so long."""
    cache = tmp_path / "sso-cache"
    cache.mkdir()
    monkeypatch.setattr("botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR", str(cache))
    config(
        "[profile sso]\nsso_session = corp\nsso_account_id = 222233334444\nsso_role_name = Auditor\n"
        "region = us-east-1\n[sso-session corp]\nsso_region = eu-west-1\n"
        "sso_start_url = https://corp.awsapps.com/start\nsso_registration_scopes = sso:account:access\n"
    )
    name = hashlib.sha1(b"corp", usedforsecurity=False).hexdigest()
    (cache / f"{name}.json").write_text(
        json.dumps(
            {
                "startUrl": "https://corp.awsapps.com/start",
                "region": "eu-west-1",
                "accessToken": "canary-access-token",
                "expiresAt": f"{datetime.now(UTC) + lasts:%Y-%m-%dT%H:%M:%SZ}",
            }
        )
    )


def test_sso(read, cloud, config, tmp_path, monkeypatch):
    """A profile signed in to with `aws sso login`."""
    sign_in(tmp_path, config, monkeypatch, timedelta(hours=1))
    expires = int((datetime.now(UTC) + timedelta(hours=1)).timestamp() * 1000)
    cloud.services["/federation/credentials"] = lambda request: cloud.json_answer(
        {
            "roleCredentials": {
                "accessKeyId": ROLE,
                "secretAccessKey": "roles-secret",
                "sessionToken": "roles-token",
                "expiration": expires,
            }
        }
    )
    assert read(profile="sso") == {ROLE}
    (asked,) = cloud.asked("/federation/credentials")
    assert (asked.host, asked.query["account_id"]) == (
        "portal.sso.eu-west-1.amazonaws.com",
        "222233334444",
    )


def test_sso_that_has_expired_says_what_to_do(read, config, tmp_path, monkeypatch):
    """One line that names `aws sso login`."""
    sign_in(tmp_path, config, monkeypatch, timedelta(hours=-1))
    with pytest.raises(AccessError, match="aws sso login"):
        read(profile="sso")


def test_credentials_are_renewed_in_the_middle(cloud, config):
    """What is about to expire is asked for again before obstore uses it once more."""
    config("")
    cloud.services["AssumeRole"] = lambda _: cloud.role_for(timedelta(minutes=3))
    provide = credential_provider(open_session(AwsOptions(profile="keys", role_arn=ROLE_ARN)))
    for _ in range(3):
        assert provide()["access_key_id"] == ROLE
    assert len(cloud.asked("AssumeRole")) == 3
    cloud.services["AssumeRole"] = lambda _: cloud.role_for(timedelta(hours=1))
    for _ in range(3):
        provide()
    assert len(cloud.asked("AssumeRole")) == 4


def test_credentials_that_cannot_be_renewed_in_the_middle(cloud, config):
    """A role that may not be assumed any more is an error of access, for obstore's requests too."""
    config("")
    cloud.add("my-bucket", objects={"key": b"1"})
    cloud.services["AssumeRole"] = lambda _: cloud.role_for(timedelta(minutes=3))
    bucket = open_s3("s3://my-bucket", AwsOptions(profile="keys", role_arn=ROLE_ARN))
    cloud.services["AssumeRole"] = lambda _: cloud.xml_error(
        "AccessDenied", "no more sts:AssumeRole"
    )
    with pytest.raises(AccessError, match="sts:AssumeRole"):
        bucket.read("key")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "no AWS credentials found"),
        ({"role_arn": ROLE_ARN}, "no AWS credentials found"),
        ({"profile": "nobody"}, "profile .nobody. could not be found"),
    ],
)
def test_without_credentials_there_is_one_clear_line(read, options, words):
    """No credentials, and no such profile."""
    with pytest.raises(AccessError, match=words):
        read(**options)


def test_a_profile_that_is_half_written_is_no_crash(read, config):
    """A role without a source is an error of ours."""
    config(f"[profile audit]\nrole_arn = {ROLE_ARN}\n")
    with pytest.raises(TrailscanError, match="credential"):
        read(profile="audit")


def test_partitions_of_regions():
    """By botocore's table; an unknown region is taken for one of the commercial partition."""
    regions = (None, "eu-west-3", "cn-north-1", "us-gov-east-1", "us-iso-east-1", "narnia-1")
    assert [partition_of(one) for one in regions] == [
        "aws",
        "aws",
        "aws-cn",
        "aws-us-gov",
        "aws-iso",
        "aws",
    ]
