"""Somebody answers in S3's place: credentials stay, listings end, absurd answers are named."""

from __future__ import annotations

import time

import pytest
from services.stand_in import Answer, StandIn
from services.trail import log_file_key, make_event, pack
from signed import NOW

from trailscan.aws import s3 as access
from trailscan.aws.listing import parse_page
from trailscan.aws.session import AwsOptions
from trailscan.buckets import open_bucket
from trailscan.buckets import s3 as buckets
from trailscan.errors import DecodeError, TrailscanError, without_secrets
from trailscan.ingest.run import LoadOptions, run_load

pytestmark = pytest.mark.slow
TOKEN = "a-session-token-of-somebody"
SET = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
}


@pytest.fixture
def s3(monkeypatch):
    """A server with one log file, no patience, and nobody's credentials."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name, value in SET.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(access, "_PAUSES", ())
    monkeypatch.setattr(access, "_ATTEMPTS", 1)
    monkeypatch.setattr(buckets, "_RETRY", {"max_retries": 0})
    with StandIn() as server:
        server.put("trail", log_file_key(1), pack([make_event(1)]))
        server.put("store", "x", b"")
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.endpoint)
        yield server


def load(tmp_path):
    """Load from the server."""
    return run_load(["s3://trail"], str(tmp_path / "S"), LoadOptions(), NOW)


def redirect(server, other):
    """Let a server send every reader to another one."""

    def fault(request, right):
        del right
        location = f"location: {other}/{request.bucket}/{request.key}"
        return Answer("307 Temporary Redirect", b"", (location,))

    server.fail("GET", fault)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_session_token_never_goes_to_another_server(s3, tmp_path, monkeypatch, host):
    """A redirect is not followed, and the log file is named as not read."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    with StandIn() as other:
        other.put("trail", log_file_key(1), pack([make_event(2)]))
        redirect(s3, other.endpoint.replace("127.0.0.1", host))
        summary = load(tmp_path)
        assert other.counted("GET") == 0
    assert (summary.kept, summary.complete) == (0, False)
    assert len(summary.rejected) == 1


def test_no_redirect_leads_to_another_host(s3, tmp_path):
    """With a key that has no token either: what another host says is not kept."""
    with StandIn() as other:
        other.put("trail", log_file_key(1), pack([make_event(2)]))
        redirect(s3, other.endpoint.replace("127.0.0.1", "localhost"))
        summary = load(tmp_path)
        assert other.counted("GET") == 0
    assert (summary.kept, summary.complete) == (0, False)


def listing(objects="", token=None, count=0):
    """A page of a listing."""
    more = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    body = (
        f"<ListBucketResult><KeyCount>{count}</KeyCount>"
        f"<IsTruncated>{'true' if token else 'false'}</IsTruncated>{more}{objects}"
        "</ListBucketResult>"
    )
    return body.encode()


def one(etag="abc", size="5", key="k"):
    """An object of a listing."""
    return f"<Contents><Key>{key}</Key><Size>{size}</Size><ETag>{etag}</ETag></Contents>"


@pytest.mark.parametrize("tokens", ["ab", "abc", "0123456789"])
def test_a_listing_that_goes_in_circles_ends(s3, tmp_path, tokens):
    """Pages whose tokens repeat end the listing, and the load is incomplete."""
    asked = []

    def fault(request, right):
        del right
        if "max-keys" in request.query and request.query["max-keys"] == "1":
            return Answer("200 OK", listing())
        asked.append(request)
        return Answer("200 OK", listing(token=tokens[len(asked) % len(tokens)]))

    s3.fail("LIST", fault)
    summary = load(tmp_path)
    assert not summary.complete
    assert "repeats" in "\n".join(summary.failures)
    assert len(asked) < 50


def test_a_listing_of_empty_pages_ends(s3, tmp_path):
    """Ever new tokens and never a key: after some hundred pages that is no answer."""
    asked = []

    def fault(request, right):
        del right
        if "max-keys" in request.query and request.query["max-keys"] == "1":
            return Answer("200 OK", listing())
        asked.append(request)
        return Answer("200 OK", listing(token=f"t{len(asked)}"))

    s3.fail("LIST", fault)
    summary = load(tmp_path)
    assert not summary.complete
    assert "empty pages" in "\n".join(summary.failures)
    assert len(asked) < 1000


def test_a_listing_of_ever_new_keys_ends(s3, tmp_path, monkeypatch):
    """After as many pages as no folder of CloudTrail has the listing is no answer, which is said."""
    monkeypatch.setattr(access, "_MOST_PAGES", 30)
    asked = []

    def fault(request, right):
        del right
        if "max-keys" in request.query and request.query["max-keys"] == "1":
            return Answer("200 OK", listing())
        asked.append(request)
        key = f"key-{len(asked):06}.json.gz"
        return Answer("200 OK", listing(one(key=key), token=f"t{len(asked)}", count=1))

    s3.fail("LIST", fault)
    summary = load(tmp_path)
    assert not summary.complete
    assert "has not ended after 30 pages" in "\n".join(summary.failures)
    assert len(asked) < 200


def test_no_credentials_go_to_another_port_of_the_host(s3, tmp_path):
    """A redirect there is followed without the signature, and there is no token to take along."""
    heads = []

    def note(request, right):
        heads.append(request.head.lower())
        return right()

    with StandIn() as other:
        other.put("trail", log_file_key(1), pack([make_event(2)]))
        other.fail("GET", note)
        redirect(s3, other.endpoint)
        load(tmp_path)
    assert len(heads) == 1
    secret = (b"authorization:", b"x-amz-security-token:", b"cookie:", b"x-amz-signature")
    assert not [name for name in secret if name in heads[0]]


ABSURD = {
    "ETag with line ends": one(etag="a&#13;&#10;X-Evil: 1"),
    "ETag not ASCII": one(etag="ä"),
    "long ETag": one(etag="a" * 5000),
    "huge size": one(size=str(10**30)),
    "size of many digits": one(size="9" * 5000),
    "negative size": one(size="-1"),
    "size in other digits": one(size="٣"),
    "long key": one(key="k" * 5000),
}


@pytest.mark.parametrize("what", ABSURD)
def test_an_absurd_object_is_no_answer_of_s3(s3, tmp_path, what):
    """It is named, exit code 4, and never a traceback."""

    def fault(request, right):
        del right, request
        return Answer("200 OK", listing(ABSURD[what], count=1))

    s3.fail("LIST", fault)
    with pytest.raises(TrailscanError, match="the response is not one of S3"):
        load(tmp_path)


@pytest.mark.parametrize("count", ["²", "9" * 5000, "-1", ""])
def test_an_absurd_count_is_no_page(count):
    """Digits that Python calls digits and cannot read are no number of keys."""
    assert parse_page(listing(count=count)) is None
    assert parse_page(listing(one(), count=1)) is not None


@pytest.mark.parametrize(
    "text", ["x" * 120_000, "a-" * 60_000, "token=" * 20_000, "<Code>" * 20_000]
)
def test_a_huge_error_text_is_cut_at_once(s3, tmp_path, text):
    """Whatever S3 says in an error, it costs no time and fills no terminal."""

    def fault(request, right):
        del right, request
        body = f"<Error><Code>Odd</Code><Message>{text.replace('<', '&lt;')}</Message></Error>"
        return Answer("400 Bad Request", body.encode(), ("content-type: application/xml",))

    s3.fail("GET", fault)
    began = time.monotonic()
    summary = load(tmp_path)
    assert time.monotonic() - began < 10
    assert not summary.complete
    assert all(len(line.message) < 5000 for line in summary.rejected)


def test_messages_are_bounded_and_hide_secrets():
    """What is cut off is counted, and a secret at the edge stays hidden."""
    long = f"{'x' * 3950} aws_secret_access_key=" + "S" * 5000
    for error in (TrailscanError(long), DecodeError("odd", long)):
        assert len(str(error)) < 4200
        assert "SSSSSS" not in str(error)
        assert "characters" in str(error)
    assert without_secrets("https://user:pw@host/x") == "https://***@host/x"


def test_a_store_on_a_redirecting_server_is_an_error(s3, monkeypatch):
    """A store is not read from another server either."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    s3.put("store", "_store.json", b'{"format":1}')
    with StandIn() as other:
        other.put("store", "_store.json", b'{"format":1}')
        redirect(s3, other.endpoint)
        with pytest.raises(TrailscanError):
            open_bucket("s3://store", AwsOptions()).read("_store.json")
        assert other.counted("GET") == 0


def test_refused_objects_are_answers(s3, tmp_path):
    """220 objects of another key, then good ones: each is a reject, and every good one is loaded."""
    for number in range(230):
        s3.put("trail", log_file_key(number), pack([make_event(number)]))

    def fault(request, right):
        if int(request.key.rpartition("_")[2].split(".")[0]) < 220:
            body = b"<Error><Code>InvalidRequest</Code><Message>stored with a key</Message></Error>"
            return Answer("400 Bad Request", body, ("content-type: application/xml",))
        return right()

    s3.fail("GET", fault)
    summary = load(tmp_path)
    assert (summary.kept, summary.complete, len(summary.rejected)) == (10, False, 220)
    assert {one.reason for one in summary.rejected} == {"refused"}
    assert "stored with a key" in summary.rejected[0].message
