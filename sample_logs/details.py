"""What the background asks for, and what it is answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from records import Outcome, Record, Role, alnum, fake_id, java_stamp, stamp, uuid

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from datetime import datetime

_HEX = 16
TOKEN = "EXAMPLE/session/token/that/opens/nothing/" * 6


@dataclass(frozen=True)
class Scene:
    """One moment of background in one account and region."""

    rng: random.Random
    account: str
    region: str
    when: datetime

    def hex(self, length: int) -> str:
        """Random lower-case hexadecimal digits."""
        return f"{self.rng.getrandbits(4 * length):0{length}x}"

    def bucket(self) -> str:
        """One of the account's buckets."""
        name = self.rng.choice(["assets", "logs", "reports", "backup"])
        return f"example-{name}-{self.account}-{self.region}"

    def arn(self, service_name: str, resource: str) -> str:
        """The ARN of something in this account and region."""
        return f"arn:aws:{service_name}:{self.region}:{self.account}:{resource}"

    def key_arn(self) -> str:
        """The ARN of the account's one KMS key."""
        return self.arn("kms", f"key/00000000-1111-4222-8333-{self.account}")


def nothing(_scene: Scene) -> Outcome:
    """No request, no response."""
    return Outcome()


def asks(**members: object) -> Callable[[Scene], Outcome]:
    """Always the same request."""
    return lambda _scene: Outcome(dict(members))


def assume_role(scene: Scene) -> Outcome:
    """A role is assumed; the session token opens nothing."""
    role = Role(scene.account, scene.rng.choice(["invoice-export-role", "batch-instance"]))
    session = f"s-{scene.hex(_HEX)}"
    expires = java_stamp(scene.when + timedelta(hours=1))
    key = fake_id("ASIA", f"{role.arn}{session}", 20)
    response: Record = {
        "credentials": {"accessKeyId": key, "sessionToken": TOKEN, "expiration": expires},
        "assumedRoleUser": {
            "assumedRoleId": f"{role.principal_id}:{session}",
            "arn": f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{session}",
        },
    }
    request: Record = {"roleArn": role.arn, "roleSessionName": session, "durationSeconds": 3600}
    return Outcome(request, response, resources=[resource(scene, "IAM::Role", role.arn)])


def resource(scene: Scene, kind: str, arn: str) -> Record:
    """One entry of `resources`."""
    return {"accountId": scene.account, "type": f"AWS::{kind}", "ARN": arn}


def bucket_request(parameter: str) -> Callable[[Scene], Outcome]:
    """A question about a bucket."""

    def outcome(scene: Scene) -> Outcome:
        bucket = scene.bucket()
        host = f"{bucket}.s3.{scene.region}.amazonaws.com"
        additional: Record = {
            "SignatureVersion": "SigV4",
            "CipherSuite": "TLS_AES_128_GCM_SHA256",
            "bytesTransferredIn": 0,
            "AuthenticationMethod": "AuthHeader",
            "x-amz-id-2": f"EXAMPLE{alnum(scene.rng, 24)}=",
            "bytesTransferredOut": scene.rng.randrange(300, 900),
        }
        request: Record = {"bucketName": bucket, "Host": host, parameter: ""}
        resources = [resource(scene, "S3::Bucket", f"arn:aws:s3:::{bucket}")]
        return Outcome(request, resources=resources, additional=additional)

    return outcome


def kms(operation: str) -> Callable[[Scene], Outcome]:
    """A use of the account's key."""

    def outcome(scene: Scene) -> Outcome:
        arn = scene.key_arn()
        number = scene.rng.randrange(40)
        context = {"aws:s3:arn": f"arn:aws:s3:::{scene.bucket()}/data/part-{number:05}.parquet"}
        request: Record = {"encryptionContext": context}
        if operation == "Decrypt":
            request["encryptionAlgorithm"] = "SYMMETRIC_DEFAULT"
        else:
            request |= {"keyId": arn, "keySpec": "AES_256"}
        return Outcome(request, resources=[resource(scene, "KMS::Key", arn)])

    return outcome


def describe_instances(scene: Scene) -> Outcome:
    """A look at one or two instances."""
    items = [{"instanceId": f"i-0{scene.hex(_HEX)}"} for _ in range(scene.rng.randrange(1, 3))]
    return Outcome({"instancesSet": {"items": items}, "filterSet": {}})


def run_instances(scene: Scene) -> Outcome:
    """An instance is started."""
    wish = {"imageId": "ami-0example123456789", "minCount": 1, "maxCount": 1}
    request: Record = {
        "instancesSet": {"items": [wish]},
        "instanceType": "t4g.small",
        "blockDeviceMapping": {},
        "monitoring": {"enabled": False},
        "clientToken": uuid(scene.rng),
    }
    instance = {
        "instanceId": f"i-0{scene.hex(_HEX)}",
        "imageId": wish["imageId"],
        "instanceState": {"code": 0, "name": "pending"},
        "instanceType": "t4g.small",
        "launchTime": int(scene.when.timestamp()) * 1000,
        "privateIpAddress": f"192.0.2.{scene.rng.randrange(128, 250)}",
        "subnetId": "subnet-0example12345678",
    }
    reservation = f"r-0{scene.hex(_HEX)}"
    owner = {"reservationId": reservation, "ownerId": scene.account}
    return Outcome(request, {**owner, "instancesSet": {"items": [instance]}})


def log_stream(scene: Scene) -> Outcome:
    """A function opens its log stream."""
    day = scene.when.strftime("%Y/%m/%d")
    stream = f"{day}/[$LATEST]{scene.hex(32)}"
    return Outcome({"logGroupName": "/aws/lambda/invoice-export", "logStreamName": stream})


def put_evaluations(scene: Scene) -> Outcome:
    """A rule reports whether a bucket complies."""
    evaluation = {
        "complianceResourceType": "AWS::S3::Bucket",
        "complianceResourceId": scene.bucket(),
        "complianceType": scene.rng.choice(["COMPLIANT", "NON_COMPLIANT"]),
        "orderingTimestamp": java_stamp(scene.when),
    }
    return Outcome({"evaluations": [evaluation], "resultToken": "****", "testMode": False})


def get_parameter(scene: Scene) -> Outcome:
    """A parameter is read."""
    name = f"/orders/{scene.rng.choice(['database', 'queue', 'flags'])}"
    arn = scene.arn("ssm", f"parameter{name}")
    resources = [resource(scene, "SSM::Parameter", arn)]
    return Outcome({"name": name, "withDecryption": True}, resources=resources)


def refused(action: str) -> Callable[[Scene], Outcome]:
    """A call that is denied."""
    message = f"User is not authorized to perform: {action} because no policy allows the action"
    return lambda _scene: Outcome(error=("AccessDenied", message))


def iam_policy(scene: Scene) -> Outcome:
    """An IAM policy is made: it shares its event name with Organizations."""
    name = f"orders-read-{scene.hex(6)}"
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject"}]}'
    policy = {
        "policyName": name,
        "policyId": fake_id("ANPA", name, 21),
        "arn": f"arn:aws:iam::{scene.account}:policy/{name}",
        "createDate": java_stamp(scene.when),
        "attachmentCount": 0,
    }
    return Outcome({"policyName": name, "policyDocument": document}, {"policy": policy})


def health_window(scene: Scene) -> Outcome:
    """A metric of the last five minutes."""
    start = stamp(scene.when - timedelta(minutes=5))
    query = {"namespace": "AWS/ApplicationELB", "metricName": "TargetResponseTime"}
    return Outcome({**query, "startTime": start, "endTime": stamp(scene.when), "period": 60})
