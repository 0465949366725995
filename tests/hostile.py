"""Hostile events as they reach a report: written into log files, loaded, and reported."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from trailscan.api import Store
from trailscan.api import open as open_store
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.table import Table

ATTACKS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</td></tr></table><img src=x onerror=alert(1)>",
    '" autofocus onfocus=alert(1) x="',
    "' onmouseover='alert(1)",
    "<!--", "-->", "]]>", "<![CDATA[", "</title></style></template></noscript><b>", "<svg/onload=alert(1)>",
    "&lt;b&gt;&#60;b&#62;&amp",
    "javascript:alert(1)",
    "{{7*7}}{% raw %}${7*7}#{7*7}",
    "$\\frac{1}{$ unfinished mathematics",
    "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "  =1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201",
    "'=1", "1,=1", '";=1',
    '=HYPERLINK("http://www.example.com","open")',
    "\x1b[31mred\x1b]0;title\x07", "\x9b31m", "\x1b[2J\x1b[H", "over\rwritten", "back\b\b\bspace", "bell\x07",
    "a\u202eb\u202c", "\u2066isolated\u2069", "zero\u200bwidth\ufeff", "soft\u00adhyphen",
    "\u3164", "\u2800\u2800", "fil\u115f\u1160\uffa0ler", "smug\U000e0041\U000e0042\ufe0f\U000e0101gled", "\u034f\u180e\u2060",
    "a;=cmd|' /C calc'!A0", 'a; "=1"', "a;\t-1;@x",
    "two\nlines", "nul\0", "line\u2028para\u2029", "next\x85line", "del\x7f",
    "a | b || c |", "|", "\\|", "\\", "trailing\\", "`code`", "``", "`|`", "```\n# heading",
    "**bold** _it_ ~~no~~", "[link](http://www.example.com)", "![image](http://www.example.com/x.png)", "[ref]: http://www.example.com",
    "http://www.example.com/x", "www.example.com", "mallory@example.com", "@everyone", "#1", "# heading", "- item", "1. item", "> quote", "---", "| --- |",
    "[bold red]markup[/bold red]", ":smile:", "\\[/]",
    "_x0041_", "\ufffe\uffff", "\U0001f600\U000e0001", "\u4f60\u597d", "e\u0301\u0302" + "\u0300" * 40,
    "NaN", "null", "1e999", "0012", "2026-11-22",
    "AKIAIOSFODNN7EXAMPLE" * 3,
    "x" * 5000,
    "<" * 2000,
)  # fmt: skip
"""What an attacker may write into a user agent, a session name, a tag, a name of an OU…"""

FILE_NAME = "<img src=x onerror=alert(1)>|=`1`\x1b[31m\u202e&amp;\"'.json.gz"
NAMES = (
    "MoveAccount",
    "CreateOrganizationalUnit",
    "UpdatePolicy",
    "DetachPolicy",
    "CloseAccount",
    "LeaveOrganization",
    None,
)
"""Operations whose sentences take their words from a record; None: an attack is the name."""

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
ACCOUNT = "111122223333"


class Hostile(NamedTuple):
    """A report of hostile events and the like report of harmless ones, and where both are from."""

    table: Table
    harmless: Table
    stores: tuple[Store, Store]


def make_record(text: str, number: int) -> dict[str, Any]:
    """A record in which every text that may be anything is the same one."""
    name = NAMES[number % len(NAMES)]
    some = {"key": text, "value": text}
    thing = {"id": text, "name": text, "arn": text, "email": text, "description": text}
    return {
        "eventVersion": text,
        "userIdentity": {
            "type": "AssumedRole" if number % 2 else text,
            "principalId": text,
            "arn": text,
            "accountId": text,
            "accessKeyId": text,
            "userName": text,
            "invokedBy": text,
            "identityProvider": text,
            "credentialId": text,
            "onBehalfOf": {"userId": text, "identityStoreArn": text},
            "sessionContext": {
                "sessionIssuer": {
                    "type": text,
                    "principalId": text,
                    "arn": text,
                    "accountId": text,
                    "userName": text,
                },
                "webIdFederationData": {"federatedProvider": text, "attributes": {text: text}},
                "attributes": {"creationDate": text, "mfaAuthenticated": text},
                "sourceIdentity": text,
                "ec2RoleDelivery": text,
            },
        },
        "eventTime": f"{START + timedelta(seconds=number):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "organizations.amazonaws.com",
        "eventName": name or text,
        "awsRegion": "us-east-1",
        "sourceIPAddress": text,
        "userAgent": text,
        "errorCode": (text, None, "AccessDenied", None)[number % 4],
        "errorMessage": text if number % 2 == 0 else None,
        "requestParameters": {
            text: text,
            "accountId": ACCOUNT if name == "CloseAccount" else text,
            "sourceParentId": text,
            "destinationParentId": text,
            "parentId": text,
            "policyId": text,
            "targetId": text,
            "name": text,
            "content": text,
            "description": text,
            "tags": [some],
        },
        "responseElements": {
            "organizationalUnit": thing,
            "policy": {"content": text, "policySummary": {**thing, "type": text}},
        },
        "additionalEventData": {text: [text]},
        "tlsDetails": {"cipherSuite": text},
        "requestID": text,
        "eventID": f"{number}{text}",
        "eventType": text,
        "apiVersion": text,
        "eventCategory": text,
        "vpcEndpointId": text,
        "sessionCredentialFromConsole": text,
        "recipientAccountId": ACCOUNT,
    }


def store_of(folder: Path, texts: list[str], name: str) -> Store:
    """A store of one log file of records of some texts."""
    logs = folder / "logs"
    logs.mkdir()
    records = [make_record(text, number) for number, text in enumerate(texts)]
    body = json.dumps({"Records": records}, ensure_ascii=False)
    (logs / name).write_bytes(gzip.compress(body.encode()))
    place = str(folder / "store")
    summary = run_load([str(logs)], place, LoadOptions(), datetime(2026, 11, 23, tzinfo=UTC))
    assert summary.rejects == 0
    return open_store(place)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    """Hostile events as a report, with hostile notes, and its harmless double."""
    texts = [attack for attack in ATTACKS for _ in NAMES]
    words = [f"word{ATTACKS.index(attack)}" for attack in texts]
    stores = (
        store_of(tmp_path_factory.mktemp("hostile"), texts, FILE_NAME),
        store_of(tmp_path_factory.mktemp("harmless"), words, "word.json.gz"),
    )
    table, harmless = (store.report("changes", reads=True) for store in stores)
    assert len(table.rows) == len(harmless.rows) == len(texts)
    return Hostile(table, harmless, stores)
