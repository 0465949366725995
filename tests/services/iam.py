"""Whether an IAM policy allows a request: as much of IAM as the policies of trailscan use."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from services.aws_request import Request


def is_allowed(policy: dict[str, Any], request: Request) -> bool:
    """Whether an IAM policy allows a request; who one is may always be asked."""
    action = request.iam_action
    if action == "sts:GetCallerIdentity":
        return True
    partition = "aws-cn" if request.host.endswith(".cn") else "aws"
    arn = f"arn:{partition}:s3:::{request.bucket}"
    if not action.startswith("s3:"):
        arn = "*"
    elif action not in ("s3:ListBucket", "s3:GetBucketLocation"):
        arn = f"{arn}/{request.object_key}"
    return any(_allows(statement, action, arn, request) for statement in policy["Statement"])


def _allows(statement: dict[str, Any], action: str, arn: str, request: Request) -> bool:
    """Whether one statement does."""

    def several(value: Any) -> list[str]:
        return [value] if isinstance(value, str) else list(value)

    if action not in several(statement["Action"]):
        return False
    if not any(fnmatchcase(arn, pattern) for pattern in several(statement["Resource"])):
        return False
    context = {"s3:prefix": request.query.get("prefix", ""), "aws:SecureTransport": "true"}
    if "if-none-match" in request.headers:
        context["s3:if-none-match"] = request.headers["if-none-match"]
    for test, wanted in statement.get("Condition", {}).items():
        for key, values in wanted.items():
            held = {
                "StringLike": any(
                    fnmatchcase(context.get(key, ""), one) for one in several(values)
                ),
                "Bool": context.get(key) == values,
                "Null": (key not in context) == (values == "true"),
            }
            if not held[test]:
                return False
    return True
