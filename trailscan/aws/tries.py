"""One call tried, its outcome as a value: what `doctor` makes its lines of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from trailscan.aws.session import without_answer
from trailscan.errors import without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

_DENIED = frozenset(
    {"403", "AccessDenied", "AccessDeniedException", "Forbidden", "UnauthorizedOperation"}
)


class Tried(NamedTuple):
    """What came of one call.

    Attributes:
        code: of the error; empty when the call succeeded, `-` when nothing answered.
        message: what was said, without credentials.
        answer: to a call that succeeded.
    """

    code: str
    message: str
    answer: Mapping[str, Any]

    @property
    def succeeded(self) -> bool:
        """Whether it did."""
        return not self.code

    @property
    def denied(self) -> bool:
        """Whether a permission is missing."""
        return self.code in _DENIED


def try_call(client: Any, operation: str, **parameters: Any) -> Tried:
    """What comes of a call; its body, if it has one, is read to the end."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # start-up

    try:
        answer = getattr(client, operation)(**parameters)
        if "Body" in answer:
            answer["Body"] = answer["Body"].read()
    except ClientError as error:
        found = error.response.get("Error", {})
        return Tried(str(found.get("Code", "?")), without_secrets(str(found.get("Message"))), {})
    except BotoCoreError as error:
        return Tried("-", str(without_answer(error, "AWS")), {})
    return Tried("", "", answer)
