"""One request to AWS as it came, and its answer."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape


class Answer(NamedTuple):
    """What a server answers."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = MappingProxyType({})


def error(status: int, code: str, message: str = "no", **headers: str) -> Answer:
    """An error of S3."""
    body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return Answer(
        status, body.encode(), {name.replace("_", "-"): headers[name] for name in headers}
    )


_OF_A_BUCKET = {
    "location": "s3:GetBucketLocation",
    "object-lock": "s3:GetBucketObjectLockConfiguration",
}
"""The actions that are named by a word in the query."""


@dataclass
class Request:
    """One request as it came; header names in lower case."""

    method: str
    host: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters."""
        return dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))

    @property
    def agent(self) -> str:
        """Which library asked."""
        return "boto3" if "Boto3" in self.headers.get("user-agent", "") else "obstore"

    @property
    def authorization(self) -> dict[str, str]:
        """The parts of a SigV4 header."""
        text = self.headers.get("authorization", "")
        return dict(re.findall(r"(Credential|SignedHeaders|Signature)=([^, ]+)", text))

    @property
    def key_id(self) -> str:
        """With whose credentials."""
        return self.authorization.get("Credential", "").partition("/")[0]

    @property
    def action(self) -> str:
        """The IAM action of a request to S3, or the operation of another service."""
        if "x-amz-target" in self.headers:
            return self.headers["x-amz-target"].rpartition(".")[2]
        if ".amazonaws" in self.host and ".s3" not in self.host and not self.host.startswith("s3"):
            return dict(parse_qsl(self.body.decode())).get("Action", urlsplit(self.path).path)
        for name, asked in _OF_A_BUCKET.items():
            if self.method == "GET" and name in self.query:
                return asked
        whole = len(self.object_key) == 0
        if self.method in {"POST", "DELETE"}:
            return "s3:DeleteObject"
        if self.method == "PUT":
            return "s3:PutObject"
        return "s3:ListBucket" if whole else "s3:GetObject"

    @property
    def iam_action(self) -> str:
        """The IAM action of any request."""
        action = self.action
        return action if ":" in action else f"{self.host.partition('.')[0]}:{action}"

    @property
    def bucket(self) -> str:
        """The bucket, named by host or path."""
        if found := re.match(r"(.+?)\.s3[.-]", self.host):
            return found[1]
        return urlsplit(self.path).path.split("/")[1]

    @property
    def object_key(self) -> str:
        """The object's key, or nothing."""
        path = unquote(urlsplit(self.path).path)
        return path[1:] if re.match(r".+?\.s3[.-]", self.host) else path[1:].partition("/")[2]


def signature(request: Request, secret: str) -> str:
    """The signature that S3 expects (docs.aws.amazon.com, "sig-v4-header-based-auth")."""
    given = request.authorization
    _, day, region, service, _ = given["Credential"].split("/")
    url = urlsplit(request.path)
    pairs = sorted(parse_qsl(url.query, keep_blank_values=True))
    query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs
    )
    names = given["SignedHeaders"].split(";")
    headers = "".join(f"{name}:{' '.join(request.headers[name].split())}\n" for name in names)
    payload = request.headers["x-amz-content-sha256"]
    parts = [request.method, url.path, query, headers, ";".join(names), payload]
    scope = f"{day}/{region}/{service}/aws4_request"
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{request.headers['x-amz-date']}\n{scope}\n{digest}"
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
