"""A small AWS, as strict as AWS's.

Its S3 checks signatures, refuses `x-amz-…` headers that are not signed, sends a bucket of another
region away, asks for the payer and the owner, and allows what an IAM policy allows. STS, SSO,
CloudTrail and Organizations answer what the tests ask of them. Every request is kept, with the host
that it went to.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

from services.aws_request import Answer, Request, error, signature
from services.iam import is_allowed

ACCOUNT = "111122223333"
SECRETS = {"AKIAEXAMPLEUSER00001": "users-secret", "ASIAEXAMPLEROLE00001": "roles-secret"}
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass
class FakeBucket:
    """One bucket of the small S3."""

    region: str = "us-east-1"
    owner: str = ACCOUNT
    requester_pays: bool = False
    honours_conditions: bool = True
    public: bool = False
    key_arn: str | None = None
    objects: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Cloud:
    """What stands behind the proxy."""

    buckets: dict[str, FakeBucket] = field(default_factory=dict)
    denied: dict[str, str] = field(default_factory=dict)
    """Action -> what the refusal says."""
    policy: dict[str, Any] | None = None
    """What is allowed, as an IAM policy; None for everything."""
    requests: list[Request] = field(default_factory=list)
    services: dict[str, Callable[[Request], Answer]] = field(default_factory=dict)
    """By operation; where none is given, a plain answer."""
    secrets: dict[str, str] = field(default_factory=lambda: dict(SECRETS))
    certificates: str = ""

    def answer(self, request: Request) -> Answer:
        """The answer to a request."""
        self.requests.append(request)
        if request.action in self.services:
            return self.services[request.action](request)
        return self.plain(request)

    def plain(self, request: Request) -> Answer:
        """The answer of an AWS of which nothing else was said."""
        action = request.action
        if self.policy is not None and not is_allowed(self.policy, request):
            said = f"is not authorized to perform: {request.iam_action}"
            if action.startswith("s3:"):
                return error(403, "AccessDenied", said)
            return self.json_error("AccessDeniedException", said)
        if action in self.denied and not action.startswith("s3:"):
            return self.json_error("AccessDeniedException", self.denied[action])
        if action.startswith("s3:"):
            return self._s3(request, action)
        return SERVICES.get(
            action, lambda _: Cloud.json_error("UnknownOperationException", action)
        )(request)

    @staticmethod
    def identity(when: datetime, partition: str = "aws") -> Answer:
        """STS's answer to who is signed in, with the time by AWS's clock."""
        return identity(when, partition)

    @staticmethod
    def raw(status: int, body: str, **headers: str) -> Answer:
        """Whatever is asked for."""
        return Answer(status, body.encode(), headers)

    @staticmethod
    def s3_error(status: int, code: str, message: str) -> Answer:
        """An error of S3."""
        return error(status, code, message)

    @staticmethod
    def json_answer(value: object) -> Answer:
        """An answer of a JSON service."""
        return Answer(200, json.dumps(value).encode())

    @staticmethod
    def json_error(code: str, message: str = "no") -> Answer:
        """An error of a JSON service."""
        return Answer(400, json.dumps({"__type": code, "message": message}).encode())

    @staticmethod
    def xml_error(code: str, message: str = "no") -> Answer:
        """An error of STS."""
        error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        return Answer(403, f"<ErrorResponse>{error}</ErrorResponse>".encode())

    @staticmethod
    def role_for(lasts: timedelta) -> Answer:
        """STS's answer: credentials of the role for so long."""
        return _xml("AssumeRole", credentials(lasts))

    def add(self, name: str, **fields: Any) -> FakeBucket:
        """A new bucket."""
        self.buckets[name] = FakeBucket(**fields)
        return self.buckets[name]

    def hosts(self, agent: str) -> set[str]:
        """Which hosts a library asked for S3."""
        return {
            request.host
            for request in self.requests
            if request.agent == agent and request.action.startswith("s3:")
        }

    def asked(self, action: str) -> list[Request]:
        """The requests for an action."""
        return [request for request in self.requests if request.action == action]

    def _s3(self, request: Request, action: str) -> Answer:
        bucket = self.buckets.get(request.bucket)
        if bucket is None:
            return error(404, "NoSuchBucket", "The specified bucket does not exist")
        if refusal := self._refusal(request, bucket) or self._denial(action):
            return refusal
        answers = {"s3:ListBucket": _list, "s3:GetBucketLocation": _location}
        return answers.get(action, _object)(request, bucket)

    def _denial(self, action: str) -> Answer | None:
        """The refusal of an action."""
        denied = self.denied.get(action)
        return None if denied is None else error(403, "AccessDenied", denied)

    def _refusal(self, request: Request, bucket: FakeBucket) -> Answer | None:
        """Why S3 would not even look at a request."""
        given = request.authorization
        if not given:
            return None if bucket.public else error(403, "AccessDenied", "Access Denied")
        key_id, _, region, *_ = given["Credential"].split("/")
        if code := self._bad_signature(request, key_id):
            return error(403, *code)
        if region != bucket.region or not _reaches(request.host, bucket.region):
            return error(301, "PermanentRedirect", "elsewhere", x_amz_bucket_region=bucket.region)
        owner = request.headers.get("x-amz-expected-bucket-owner", bucket.owner)
        payer = request.headers.get("x-amz-request-payer")
        if owner != bucket.owner or (bucket.requester_pays and payer != "requester"):
            return error(403, "AccessDenied", "Access Denied")
        return None

    def _bad_signature(self, request: Request, key_id: str) -> tuple[str, str] | None:
        """What is wrong with a signature."""
        signed = request.authorization["SignedHeaders"].split(";")
        if {name for name in request.headers if name.startswith("x-amz-")} - set(signed):
            return (
                "AccessDenied",
                "There were headers present in the request which were not signed",
            )
        if key_id not in self.secrets:
            return ("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist")
        if request.authorization["Signature"] != signature(request, self.secrets[key_id]):
            return ("SignatureDoesNotMatch", "The request signature we calculated does not match")
        return None


def _reaches(host: str, region: str) -> bool:
    """Whether a host name leads to a region; the short ones lead everywhere."""
    direct = "amazonaws" not in host or host.endswith("s3.amazonaws.com")
    return direct or f".{region}.amazonaws.com" in f".{host}"


def _location(_: Request, bucket: FakeBucket) -> Answer:
    return Answer(200, f"<LocationConstraint>{bucket.region}</LocationConstraint>".encode())


def _list(request: Request, bucket: FakeBucket) -> Answer:
    query = request.query
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    after = query.get("start-after", "")
    found, folders = [], []
    for key in sorted(bucket.objects):
        if not key.startswith(prefix) or key <= after:
            continue
        inside, cut, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
        if cut:
            folders.append(f"{prefix}{inside}{cut}")
        else:
            found.append(key)
    found = found[: int(query.get("max-keys", 1000))]
    contents = "".join(
        f"<Contents><Key>{escape(key)}</Key><LastModified>2026-11-23T00:00:00.000Z</LastModified>"
        f"<ETag>&quot;{_etag(bucket.objects[key])}&quot;</ETag><Size>{len(bucket.objects[key])}</Size>"
        "</Contents>"
        for key in found
    )
    prefixes = "".join(
        f"<CommonPrefixes><Prefix>{escape(one)}</Prefix></CommonPrefixes>"
        for one in dict.fromkeys(folders)
    )
    body = (
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>x</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(found)}</KeyCount>"
        f"<MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>{contents}{prefixes}</ListBucketResult>"
    )
    return Answer(200, body.encode(), {"x-amz-bucket-region": bucket.region})


def _etag(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _object(request: Request, bucket: FakeBucket) -> Answer:
    key, there = request.object_key, request.object_key in bucket.objects
    if request.method == "DELETE":
        bucket.objects.pop(key, None)
        return Answer(204)
    if request.method == "PUT":
        if there and bucket.honours_conditions and request.headers.get("if-none-match") == "*":
            return error(412, "PreconditionFailed")
        bucket.objects[key] = request.body
        return Answer(200, b"", {"ETag": f'"{_etag(request.body)}"'})
    if not there:
        return error(404, "NoSuchKey")
    data = bucket.objects[key]
    headers = {"ETag": f'"{_etag(data)}"', "Last-Modified": "Mon, 23 Nov 2026 00:00:00 GMT"}
    if bucket.key_arn:
        headers |= {
            "x-amz-server-side-encryption": "aws:kms",
            "x-amz-server-side-encryption-aws-kms-key-id": bucket.key_arn,
        }
    return Answer(200, data, headers)


def _xml(operation: str, result: str) -> Answer:
    return Answer(
        200,
        f'<{operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{operation}Result>'
        f"{result}</{operation}Result></{operation}Response>".encode(),
    )


def credentials(lasts: timedelta = timedelta(hours=1)) -> str:
    """Credentials of the role, as STS gives them."""
    expires = datetime.now(UTC) + lasts
    return (
        "<Credentials><AccessKeyId>ASIAEXAMPLEROLE00001</AccessKeyId><SecretAccessKey>roles-secret"
        "</SecretAccessKey><SessionToken>roles-token</SessionToken>"
        f"<Expiration>{expires:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>"
    )


def identity(when: datetime, partition: str = "aws") -> Answer:
    """Who is signed in, at what time by AWS's clock."""
    arn = f"arn:{partition}:sts::{ACCOUNT}:assumed-role/Auditor/alice"
    result = f"<Arn>{arn}</Arn><UserId>AROAX:alice</UserId><Account>{ACCOUNT}</Account>"
    date = {"Date": f"{when:%a, %d %b %Y %H:%M:%S GMT}"}
    return _xml("GetCallerIdentity", result)._replace(headers=date)


SERVICES: dict[str, Callable[[Request], Answer]] = {
    "GetCallerIdentity": lambda _: identity(NOW),
    "AssumeRole": lambda _: _xml("AssumeRole", credentials()),
    "AssumeRoleWithWebIdentity": lambda _: _xml("AssumeRoleWithWebIdentity", credentials()),
    "ListPublicKeys": lambda _: Answer(200, b'{"PublicKeyList":[]}'),
    "LookupEvents": lambda _: Answer(200, b'{"Events":[]}'),
    "DescribeOrganization": lambda _: Answer(200, b'{"Organization":{"Id":"o-exampleorg1"}}'),
    "ListAccounts": lambda _: Answer(200, b'{"Accounts":[]}'),
}
