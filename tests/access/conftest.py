"""AWS on loopback: a proxy that answers for every host, under certificates of its own authority.

Whatever talks to `https://bucket.s3.eu-west-1.amazonaws.com` through it reaches a small S3 that is
as strict as AWS's: it checks signatures, refuses `x-amz-…` headers that are not signed, sends a
bucket of another region away, asks for the payer and the owner. STS, SSO, CloudTrail and
Organizations answer what the tests ask of them. Every request is kept, with the host it went to.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ACCOUNT = "111122223333"
SECRETS = {"AKIAEXAMPLEUSER00001": "users-secret", "ASIAEXAMPLEROLE00001": "roles-secret"}
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


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
        if self.method == "GET" and "location" in self.query:
            return "s3:GetBucketLocation"
        whole = len(self.object_key) == 0
        if self.method in {"POST", "DELETE"}:
            return "s3:DeleteObject"
        if self.method == "PUT":
            return "s3:PutObject"
        return "s3:ListBucket" if whole else "s3:GetObject"

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
    requests: list[Request] = field(default_factory=list)
    services: dict[str, Callable[[Request], Answer]] = field(default_factory=dict)
    """By operation; where none is given, a plain answer."""
    secrets: dict[str, str] = field(default_factory=lambda: dict(SECRETS))
    proxy: str = ""
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
        if refusal := self._refusal(request, bucket) or self._denial(request, action):
            return refusal
        answers = {"s3:ListBucket": _list, "s3:GetBucketLocation": _location}
        return answers.get(action, _object)(request, bucket)

    def _denial(self, request: Request, action: str) -> Answer | None:
        """The refusal of an action; DeleteObjects refuses key by key."""
        if action not in self.denied:
            return None
        if request.method != "POST":
            return error(403, "AccessDenied", self.denied[action])
        refused = f"<Code>AccessDenied</Code><Message>{self.denied[action]}</Message>"
        one = f"<Error><Key>{_named(request)[0]}</Key>{refused}</Error>"
        return Answer(200, f"<DeleteResult>{one}</DeleteResult>".encode())

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
    return f".{region}.amazonaws.com" in f".{host}" or host.endswith("s3.amazonaws.com")


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


def _named(request: Request) -> list[str]:
    """The keys that a DeleteObjects request names."""
    return re.findall(r"<Key>([^<]*)</Key>", request.body.decode())


def _etag(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _object(request: Request, bucket: FakeBucket) -> Answer:
    key, there = request.object_key, request.object_key in bucket.objects
    if request.method == "POST":
        names = _named(request)
        for name in names:
            bucket.objects.pop(name, None)
        done = "".join(f"<Deleted><Key>{name}</Key></Deleted>" for name in names)
        return Answer(200, f"<DeleteResult>{done}</DeleteResult>".encode())
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


class _Authority:
    """Makes certificates for whatever host is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests of trailscan")])
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        self.file = folder / "authority.pem"
        self.file.write_bytes(self._certificate(self._name, self._key.public_key(), None))

    def _certificate(self, subject: x509.Name, key: Any, host: str | None) -> bytes:
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        )
        if host:
            names = x509.SubjectAlternativeName([x509.DNSName(host)])
            made = made.add_extension(names, critical=False)
        signed = made.sign(self._key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)

    def context(self, host: str) -> ssl.SSLContext:
        """What serves a host."""
        with self._lock:
            if host not in self._contexts:
                key = ec.generate_private_key(ec.SECP256R1())
                subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host[:64])])
                path = self._folder / f"{len(self._contexts)}.pem"
                path.write_bytes(
                    key.private_bytes(
                        serialization.Encoding.PEM,
                        serialization.PrivateFormat.PKCS8,
                        serialization.NoEncryption(),
                    )
                    + self._certificate(subject, key.public_key(), host)
                )
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(path)
                self._contexts[host] = context
            return self._contexts[host]


class _Handler(BaseHTTPRequestHandler):
    """Speaks HTTP, and TLS after CONNECT."""

    protocol_version = "HTTP/1.1"
    server: Any
    host = ""

    def do_CONNECT(self) -> None:
        """From here on the connection belongs to that host."""
        self.host = self.path.rpartition(":")[0]
        self.send_response(200)
        self.end_headers()
        context = self.server.authority.context(self.host)
        try:
            self.connection = context.wrap_socket(self.connection, server_side=True)
        except OSError:  # a client that does not trust us
            self.close_connection = True
            return
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def finish(self) -> None:
        """Close what TLS opened."""
        super().finish()
        self.connection.close()

    def _any(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = (
            self._chunks()
            if "chunked" in headers.get("transfer-encoding", "")
            else self.rfile.read(int(headers.get("content-length", 0)))
        )
        url = urlsplit(self.path)
        host = self.host or url.hostname or headers["host"].partition(":")[0]
        path = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
        answer = self.server.cloud.answer(Request(self.command, host, path, headers, body))
        self.send_response_only(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _chunks(self) -> bytes:
        """The body of an `aws-chunked` upload's outer encoding."""
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _any  # noqa: N815  # the names that the library calls

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.authority = _Authority(tmp_path_factory.mktemp("authority"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def cloud(_server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cloud:
    """An empty AWS behind a proxy, and an environment that leads there and to no one's credentials."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower() in (
            "http_proxy",
            "https_proxy",
            "no_proxy",
            "all_proxy",
        ):
            monkeypatch.delenv(name)
    _server.cloud = Cloud()
    _server.cloud.proxy = f"http://127.0.0.1:{_server.server_port}"
    _server.cloud.certificates = str(_server.authority.file)
    for name, value in {
        "HOME": str(tmp_path),
        "HTTPS_PROXY": _server.cloud.proxy,
        "HTTP_PROXY": _server.cloud.proxy,
        "AWS_CA_BUNDLE": _server.cloud.certificates,
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLEUSER00001",
        "AWS_SECRET_ACCESS_KEY": "users-secret",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    return _server.cloud


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], None]:
    """Writes the AWS CLI's configuration file; its profile `keys` holds the user's credentials."""

    def write(text: str) -> None:
        keys = "aws_access_key_id = AKIAEXAMPLEUSER00001\naws_secret_access_key = users-secret\n"
        (tmp_path / "config").write_text(f"[profile keys]\n{keys}{text.replace('KEYS', keys)}")

    return write
