"""One attempted call, its outcome as a value: `doctor` makes its checks of these."""

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
    """The outcome of one attempted call.

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
        """Whether the call succeeded."""
        return not self.code

    @property
    def denied(self) -> bool:
        """Whether the call failed for a missing permission."""
        return self.code in _DENIED


def try_call(client: Any, operation: str, **parameters: Any) -> Tried:
    """Attempt a call; a body of the response is read to the end."""
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
