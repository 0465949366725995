"""No credential comes out: not in an error, a reject, a summary, on a terminal or in the store."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import trailscan as ts
from trailscan.aws.session import AwsOptions
from trailscan.buckets import list_folder, open_s3
from trailscan.errors import AccessError, TrailscanError, without_secrets

CANARY = "canaryCANARY0123456789/+abcdefghijklmnop"
TOKEN = "FwoGZXIvYXdzCanaryCanaryCanary//////////wEaDJ+x="
KEY_ID = "ASIAQCANARY7EXAMPLE4"
KEY = (
    "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/22/"
    "111122223333_CloudTrail_us-east-1_20261122T1205Z_0000000000000000.json.gz"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"the key {KEY_ID} is unknown", "the key ASIA***PLE4 is unknown"),
        (
            f"https://b.s3.amazonaws.com/k?X-Amz-Credential={KEY_ID}%2F20261122&X-Amz-Signature=abcdef0123",
            "https://b.s3.amazonaws.com/k?X-Amz-Credential=***&X-Amz-Signature=***",
        ),
        (f"x-amz-security-token:{TOKEN}\nhost:x", "x-amz-security-token:***\nhost:x"),
        (f"X-Amz-Security-Token%3D{TOKEN}", "X-Amz-Security-Token%3D***"),
        (
            f'{{"SecretAccessKey": "{CANARY}", "Version": 1}}',
            '{"SecretAccessKey": "***", "Version": 1}',
        ),
        (f"<SessionToken>{TOKEN}</SessionToken>", "<SessionToken>***</SessionToken>"),
        (f"aws_secret_access_key = {CANARY}", "aws_secret_access_key = ***"),
        (f"AWS_SESSION_TOKEN='{TOKEN}'", "AWS_SESSION_TOKEN='***'"),
        (f"Authorization: Bearer {TOKEN}", "Authorization: Bearer ***"),
        (f"Credential={KEY_ID}/x, Signature=0123456789", "Credential=***, Signature=***"),
        (
            f"<StringToSign>a\n{TOKEN}</StringToSign><CanonicalRequestBytes>41 42</CanonicalRequestBytes>",
            "<StringToSign>***</StringToSign><CanonicalRequestBytes>***</CanonicalRequestBytes>",
        ),
        ("http://alice:hunter22@proxy.example.com:3128/", "http://***@proxy.example.com:3128/"),
        (f"accessToken={TOKEN}&client_secret={CANARY}", "accessToken=***&client_secret=***"),
    ],
)
def test_what_looks_like_a_credential_is_blotted_out(text, expected):
    """In the forms in which AWS, proxies and credential helpers write them."""
    assert without_secrets(text) == expected
    assert str(TrailscanError(text)) == str(AccessError(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "The request signature we calculated does not match the signature you provided.",
        "The security token included in the request is expired",
        "External AWS credential provider: UnauthorizedSSOTokenError: The SSO session has expired",
        "s3://bucket/AWSLogs/111122223333/CloudTrail/ does not exist (NoSuchKey)",
        "sts:AssumeRole on resource: arn:aws:iam::111122223333:role/secret-access",
        "user@example.com created SCP deny-all",
    ],
)
def test_plain_words_stay(text):
    """A message that holds no credential is not touched."""
    assert without_secrets(text) == text


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_key_in_any_text_is_found_and_nothing_is_blotted_twice(before, after):
    """Wherever it stands by itself; and doing it again changes nothing."""
    shown = without_secrets(f"{before} {KEY_ID} {after}")
    assert KEY_ID not in shown
    assert without_secrets(shown) == shown


@pytest.fixture
def leaky(cloud, monkeypatch):
    """S3 that sends back, with each refusal, everything that it knows of the request."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": CANARY,
        "AWS_SESSION_TOKEN": TOKEN,
    }.items():
        monkeypatch.setenv(name, value)
    cloud.secrets[KEY_ID] = CANARY
    cloud.add("trail", objects={KEY: b"no gzip"})

    def refuse(code: str):
        def answer(request):
            seen = " ".join(f"{name}:{value}" for name, value in request.headers.items())
            raw = seen.encode().hex(" ")
            message = (
                f"{code} {KEY_ID} x-amz-security-token:{TOKEN} https://b/k?X-Amz-Signature=c0ffee00"
            )
            body = (
                f"<Error><Code>{code}</Code><Message>{message}</Message><AWSAccessKeyId>{KEY_ID}"
                f"</AWSAccessKeyId><CanonicalRequest>{seen}</CanonicalRequest>"
                f"<CanonicalRequestBytes>{raw}</CanonicalRequestBytes></Error>"
            )
            return cloud.raw(403 if code != "ExpiredToken" else 400, body)

        return answer

    cloud.refuse = refuse
    return cloud


def clean(text: str) -> bool:
    """Whether a text holds no part of the canaries, plain or in hex."""
    parts = (CANARY, CANARY[4:20], TOKEN, TOKEN[4:20], KEY_ID, "c0ffee00")
    return not any(part in text or part.encode().hex(" ") in text for part in parts)


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "ExpiredToken", "InvalidAccessKeyId"])
def test_errors_of_both_libraries_hold_no_credential(leaky, code):
    """A wrong secret and an expired token, refused with the whole request in the answer."""
    bucket = open_s3("s3://trail", AwsOptions())
    odd = bucket.below("a//")
    leaky.services |= dict.fromkeys(
        ("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"), leaky.refuse(code)
    )
    for call in (
        lambda: bucket.read(KEY),
        lambda: odd.read("k"),
        lambda: list(bucket.list_objects()),
        lambda: list_folder(bucket, ""),
        lambda: list_folder(odd, ""),
        lambda: bucket.write("k", b"1"),
        lambda: bucket.write_new("k", b"1"),
        lambda: bucket.delete("k"),
    ):
        with pytest.raises(TrailscanError) as caught:
            call()
        assert clean(str(caught.value))
        assert len(str(caught.value)) > 20


@pytest.mark.parametrize("denied", ["s3:ListBucket", "s3:GetObject", None])
def test_a_load_says_and_keeps_no_credential(leaky, tmp_path, denied):
    """Not on the terminal, not in the summary as JSON, not in the rejects of the store."""
    if denied:
        leaky.services[denied] = leaky.refuse("SignatureDoesNotMatch")
    words = ["load", "s3://trail", "--since", "2026-11-01", "--store", str(tmp_path / "store")]
    for form in ("text", "json"):
        done = subprocess.run(
            [sys.executable, "-m", "trailscan", *words, "--format", form],
            capture_output=True,
            check=False,
            env=dict(os.environ),
        )
        said = (done.stdout + done.stderr).decode()
        assert done.returncode == (5 if denied == "s3:ListBucket" else 4), said
        assert clean(said)
        assert re.search("SignatureDoesNotMatch|gzip|JSON", said)
    if denied == "s3:ListBucket":
        return
    assert json.loads(done.stdout)["log_files"]["rejected"] == 1
    store = ts.open(str(tmp_path / "store"))
    assert len(store.rejects()) == 1
    assert clean(store.rejects().to_csv() + store.log_files().to_csv())
