"""The background: what other services write all day, in shape and size like the real thing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import details
import organization as org
from details import Scene
from records import (
    Call,
    Caller,
    Outcome,
    Record,
    Role,
    api_call,
    fake_id,
    iam_user,
    role_session,
    service,
    tls_details,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from datetime import datetime

_SPREAD_SECONDS = 290
_BOTO = (
    "Boto3/1.40.45 md/Botocore#1.40.45 ua/2.1 os/linux#5.10.240 md/arch#x86_64 lang/python#3.13.7 "
    "md/pyimpl#CPython exec-env/AWS_Lambda_python3.13 cfg/retry-mode#legacy Botocore/1.40.45"
)
_JAVA = (
    "aws-sdk-java/2.34.6 md/io#async md/http#NettyNio ua/2.1 os/Linux#6.1.150 lang/java#21.0.8 "
    "md/OpenJDK_64-Bit_Server_VM#21.0.8+9-LTS exec-env/AWS_ECS_FARGATE m/D,N"
)


@dataclass(frozen=True)
class Kind:
    """One kind of background call: how often, by whom, and with what in it."""

    weight: int
    source: str
    name: str
    caller: Callable[[Scene], Caller]
    outcome: Callable[[Scene], Outcome]
    reads: bool = True
    everywhere: bool = True


def noise_records(
    rng: random.Random, account: str, region: str, start: datetime, count: int
) -> list[Record]:
    """Background records of one account and region, from the five minutes that begin at `start`.

    Args:
        rng: the source of everything random; the same seed gives the same records.
        account: the account whose trail it is.
        region: its region; services that only write in us-east-1 are left out elsewhere.
        start: the earliest event time.
        count: how many records.

    Returns:
        The records, in no order, as CloudTrail delivers them.
    """
    kinds = [kind for kind in KINDS if kind.everywhere or region == "us-east-1"]
    chosen = rng.choices(kinds, weights=[kind.weight for kind in kinds], k=count)
    records = []
    for kind in chosen:
        when = start + timedelta(seconds=rng.randrange(_SPREAD_SECONDS))
        records.append(_record(kind, Scene(rng, account, region, when)))
    return records


def _record(kind: Kind, scene: Scene) -> Record:
    if kind.source == "signin.amazonaws.com":
        return _console_login(scene)
    call = Call(scene.when, kind.source, kind.name, scene.account, scene.region, kind.reads)
    return api_call(scene.rng, kind.caller(scene), call, kind.outcome(scene))


def _function(scene: Scene) -> Caller:
    name = scene.rng.choice(["invoice-export", "thumbnailer", "nightly-report"])
    address = f"203.0.113.{scene.rng.randrange(100, 200)}"
    return role_session(Role(scene.account, f"{name}-role", "service-role/"), name, address, _BOTO)


def _container(scene: Scene) -> Caller:
    role = Role(scene.account, "orders-api-task")
    address = f"203.0.113.{scene.rng.randrange(200, 250)}"
    return role_session(role, fake_id("", f"task{scene.when.hour}", 32).lower(), address, _JAVA)


def _instance(scene: Scene) -> Caller:
    role = Role(scene.account, "batch-instance")
    session = f"i-0example{scene.when.day:09x}"
    return role_session(role, session, f"198.51.100.{scene.rng.randrange(100, 140)}", _BOTO)


def _developer(scene: Scene) -> Caller:
    name = scene.rng.choice(["chen.li", "gita.rao", "hugo.lind"])
    role = Role(
        scene.account,
        "AWSReservedSSO_PowerUser_2c3d4e5f60718a9b",
        "aws-reserved/sso.amazonaws.com/",
    )
    address = f"198.51.100.{31 + len(name)}"
    return role_session(role, f"{name}@example.com", address, org.BROWSER, console=True)


def _monitor(scene: Scene) -> Caller:
    return iam_user(scene.account, "monitoring", "192.0.2.90", f"{org.CLI}ec2.describe-instances")


def _linked(name: str, role: str) -> Callable[[Scene], Caller]:
    """A service-linked role at work for its service."""
    principal = f"{name}.amazonaws.com"

    def caller(scene: Scene) -> Caller:
        path = f"aws-service-role/{principal}/"
        linked = Role(scene.account, f"AWSServiceRoleFor{role}", path)
        return role_session(linked, role, principal, principal, invoked_by=principal)

    return caller


def _by(name: str) -> Callable[[Scene], Caller]:
    """A service in its own name."""
    caller = service(f"{name}.amazonaws.com")
    return lambda _scene: caller


def _console_login(scene: Scene) -> Record:
    caller = _developer(scene)
    call = Call(scene.when, "signin.amazonaws.com", "ConsoleLogin", scene.account, scene.region)
    additional: Record = {
        "LoginTo": f"https://{scene.region}.console.aws.amazon.com/console/home",
        "MobileVersion": "No",
        "MFAUsed": "No",
    }
    outcome = Outcome(response={"ConsoleLogin": "Success"}, additional=additional)
    record = api_call(scene.rng, caller, call, outcome)
    record |= {
        "eventType": "AwsConsoleSignIn",
        "tlsDetails": tls_details(f"{scene.region}.signin.aws.amazon.com"),
    }
    for absent in ("requestID", "sessionCredentialFromConsole"):
        record.pop(absent)
    return record


_FILTERS = details.asks(filterSet={}, maxResults=200)
_TRAILS = details.asks(includeShadowTrails=True)
_SECRET_POLICY = details.asks(secretId="example/orders", resourcePolicy='{"Statement":[]}')
_SECURITY_HUB = _linked("securityhub", "SecurityHub")

KINDS = [
    Kind(14, "sts.amazonaws.com", "AssumeRole", _by("lambda"), details.assume_role),
    Kind(6, "sts.amazonaws.com", "AssumeRole", _by("ec2"), details.assume_role),
    Kind(2, "sts.amazonaws.com", "GetCallerIdentity", _monitor, details.nothing),
    Kind(9, "s3.amazonaws.com", "GetBucketAcl", _by("cloudtrail"), details.bucket_request("acl")),
    Kind(5, "s3.amazonaws.com", "GetBucketLogging", _function, details.bucket_request("logging")),
    Kind(3, "s3.amazonaws.com", "GetBucketTagging", _developer, details.bucket_request("tagging")),
    Kind(12, "kms.amazonaws.com", "Decrypt", _container, details.kms("Decrypt")),
    Kind(8, "kms.amazonaws.com", "GenerateDataKey", _function, details.kms("GenerateDataKey")),
    Kind(9, "ec2.amazonaws.com", "DescribeInstances", _monitor, details.describe_instances),
    Kind(4, "ec2.amazonaws.com", "DescribeSecurityGroups", _developer, _FILTERS),
    Kind(4, "ec2.amazonaws.com", "DescribeSubnets", _linked("ecs", "ECS"), _FILTERS),
    Kind(4, "ec2.amazonaws.com", "DescribeVolumes", _instance, _FILTERS),
    Kind(2, "ec2.amazonaws.com", "RunInstances", _instance, details.run_instances, reads=False),
    Kind(
        1,
        "ec2.amazonaws.com",
        "StopInstances",
        _developer,
        details.refused("ec2:StopInstances"),
        reads=False,
    ),
    Kind(
        3,
        "iam.amazonaws.com",
        "ListRoles",
        _developer,
        details.asks(maxItems=100),
        everywhere=False,
    ),
    Kind(
        3,
        "iam.amazonaws.com",
        "GetRole",
        _linked("config", "Config"),
        details.asks(roleName="batch-instance"),
        everywhere=False,
    ),
    Kind(
        1,
        "iam.amazonaws.com",
        "CreatePolicy",
        _developer,
        details.iam_policy,
        reads=False,
        everywhere=False,
    ),
    Kind(5, "lambda.amazonaws.com", "ListFunctions20150331", _developer, details.asks(maxItems=50)),
    Kind(7, "logs.amazonaws.com", "CreateLogStream", _function, details.log_stream, reads=False),
    Kind(3, "logs.amazonaws.com", "DescribeLogGroups", _developer, details.asks(limit=50)),
    Kind(
        5,
        "config.amazonaws.com",
        "PutEvaluations",
        _linked("config", "Config"),
        details.put_evaluations,
        reads=False,
    ),
    Kind(
        2,
        "guardduty.amazonaws.com",
        "ListDetectors",
        _SECURITY_HUB,
        details.nothing,
    ),
    Kind(
        2,
        "cloudtrail.amazonaws.com",
        "DescribeTrails",
        _developer,
        _TRAILS,
    ),
    Kind(7, "ssm.amazonaws.com", "GetParameter", _container, details.get_parameter),
    Kind(
        6, "ssm.amazonaws.com", "UpdateInstanceInformation", _instance, details.nothing, reads=False
    ),
    Kind(
        1,
        "secretsmanager.amazonaws.com",
        "PutResourcePolicy",
        _developer,
        details.asks(
            secretId="example/orders", resourcePolicy='{"Version":"2012-10-17","Statement":[]}'
        ),
        reads=False,
    ),
    Kind(3, "monitoring.amazonaws.com", "GetMetricStatistics", _monitor, details.health_window),
    Kind(2, "signin.amazonaws.com", "ConsoleLogin", _developer, details.nothing, reads=False),
]
