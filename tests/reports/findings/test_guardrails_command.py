"""What `report findings` says about guardrails with a new text, as a person runs it."""

from __future__ import annotations

import json

from firing import text
from services.command import run_command

IDENTITY = {"type": "Root", "accountId": "111122223333", "arn": "arn:aws:iam::111122223333:root", "principalId": "111122223333"}  # fmt: skip
UNKNOWN = (
    "root user of 111122223333 changed p-unknown01 (p-unknown01): it is not known what "
    "this permits: the previous text is not in the store"
)
LOOSENED = (
    "root user of 111122223333 loosened p-loosened1 (p-loosened1): no longer denied: "
    "actions of kms, for example kms:Decrypt (shown by kms:Decrypt on arn:aws:kms:"
    "eu-central-1:111122223333:key/12345678-1234-1234-1234-123456789012 by "
    "arn:aws:iam::111122223333:role/Developer)"
)


def record(number, name, policy, content):
    """A call on a service control policy."""
    summary = {"id": policy, "name": policy, "type": "SERVICE_CONTROL_POLICY"}
    known = {"policyId": policy} if name == "UpdatePolicy" else summary
    return {
        "eventVersion": "1.08",
        "eventID": f"00000000-0000-4000-8000-00000000000{number}",
        "eventTime": f"2026-11-20T0{number}:00:00Z",
        "eventSource": "organizations.amazonaws.com",
        "eventName": name,
        "eventType": "AwsApiCall",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2",
        "recipientAccountId": "111122223333",
        "userIdentity": IDENTITY,
        "requestParameters": {"content": content, **known},
        "responseElements": {"policy": {"policySummary": summary, "content": content}},
    }


def test_a_weakened_guardrail_has_a_request_and_one_that_cannot_be_compared_is_medium(tmp_path):
    """A text that permits more is shown by a request; less says nothing; an unknown one is said."""
    both, one = text("iam:*", "kms:*"), text("iam:*")
    records = [
        record(1, "CreatePolicy", "p-loosened1", both),
        record(2, "CreatePolicy", "p-tightened", one),
        record(3, "UpdatePolicy", "p-loosened1", one),
        record(4, "UpdatePolicy", "p-tightened", both),
        record(5, "UpdatePolicy", "p-unknown01", one),
    ]
    (tmp_path / "log.json").write_text(json.dumps({"Records": records}))
    assert run_command("load", "log.json", "--store", "s", cwd=tmp_path).returncode == 0
    ended = run_command("report", "findings", "--store", "s", "--format", "json", cwd=tmp_path)
    rows = [
        (row["rule"], row["severity"], row["what"])
        for row in json.loads(ended.stdout)["rows"]
        if row["rule"].startswith("guardrail-")
    ]
    assert sorted(rows) == [
        (
            "guardrail-changed",
            "medium",
            UNKNOWN,
        ),
        (
            "guardrail-weakened",
            "high",
            LOOSENED,
        ),
    ]
