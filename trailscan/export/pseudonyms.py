"""Pseudonyms for people and addresses: keyed, and the same for the same person everywhere.

Replaced are e-mail addresses, IP addresses, access key IDs, and the names that records give to who
acted: user names, session names, source identities, Identity Center users. A name is replaced
wherever it stands as a word of its own in any text of the package. Accounts, roles, organizational
units, policies and event IDs stay as they are.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trailscan.table import Table

LEAST_KEY = 16
"""How many bytes a key needs."""

ABOUT = (
    "People and addresses are replaced by pseudonyms: the first 16 hex digits of HMAC-SHA-256 "
    "under a key that is not in this package, of the text in lower case. The same person has the "
    "same pseudonym in every package made with that key; who has the key can tell who it is. "
    "Records and rows with pseudonyms cannot be compared with the log files: for these the package "
    "rests on its keeper. Log files, hashes and digests are as CloudTrail delivered them."
)

_EMAIL = r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+"
_KEY_ID = r"\bA[KS]IA[A-Z0-9]{8,124}\b"
_IPV4 = r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)"
_IPV6 = r"(?<![\w:.])(?=[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:)[0-9A-Fa-f:.]{2,45}(?![\w:])"
_FOUND = re.compile(f"(?P<person>{_EMAIL})|(?P<key>{_KEY_ID})|(?P<ip>{_IPV4}|{_IPV6})")
_SHORTEST = 2
_PLAIN_NAMES = frozenset(
    {"root", "awsserviceroleforsso", "unknown", "hidden_due_to_security_reasons"}
)


class Pseudonyms:
    """Replaces people and addresses with a key.

    Args:
        key: the secret, at least `LEAST_KEY` bytes.

    Raises:
        ValueError: the key is too short.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < LEAST_KEY:
            raise ValueError(f"a key of pseudonyms needs at least {LEAST_KEY} bytes")
        self._key = key
        self._names: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    @property
    def key_id(self) -> str:
        """Tells keys apart without telling anything about them."""
        return hmac.new(self._key, b"trailscan pseudonyms", hashlib.sha256).hexdigest()[:16]

    def of(self, kind: str, text: str) -> str:
        """The pseudonym of a text, such as `person-0123456789abcdef`."""
        data = text.casefold().encode("utf-8", "surrogatepass")
        return f"{kind}-{hmac.new(self._key, data, hashlib.sha256).hexdigest()[:16]}"

    @classmethod
    def of_night(
        cls, other: Pseudonyms, records: Iterable[str], names: Iterable[str]
    ) -> Pseudonyms:
        """Pseudonyms with the same key that know who acted, and nobody of another night.

        Args:
            other: has the key.
            records: of who acted: JSON with `userIdentity`.
            names: further names, such as of who accepted a reject.
        """
        made = cls(other._key)
        for record in records:
            made._names |= set(_names(json.loads(record)))
        made._names |= {name for name in names if len(name) >= _SHORTEST}
        made._compile()
        return made

    def _compile(self) -> None:
        """Make the pattern of all names."""
        longest_first = sorted(self._names, key=lambda name: (-len(name), name))
        alternatives = "|".join(map(re.escape, longest_first))
        self._pattern = (
            re.compile(rf"(?<![\w-])(?:{alternatives})(?![\w-])", re.IGNORECASE)
            if longest_first
            else None
        )

    def text(self, text: str) -> str:
        """A text with everything replaced that is a person or an address."""
        found = _FOUND.sub(self._replacement, text)
        if self._pattern is None:
            return found
        return self._pattern.sub(lambda match: self.of("person", match[0]), found)

    def _replacement(self, match: re.Match[str]) -> str:
        """The pseudonym of an e-mail address, a key or an IP address."""
        kind = match.lastgroup or "person"
        if kind == "ip" and not _is_address(match[0]):
            return match[0]
        return self.of(kind, match[0])

    def value(self, value: Any) -> Any:
        """A value of JSON with its texts replaced; names of members stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {name: self.value(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.value(one) for one in value)
        return value

    def record(self, record: str) -> str:
        """A record as JSON in one line, with its texts replaced."""
        changed = self.value(json.loads(record))
        return json.dumps(changed, separators=(",", ":"))  # ASCII: a lone surrogate is legal JSON

    def table(self, table: Table, keep: frozenset[str]) -> Table:
        """A report with its texts replaced, except in some columns."""
        places = [column.name not in keep for column in table.columns]
        rows = tuple(
            tuple(
                self.value(value) if changes else value
                for changes, value in zip(places, row, strict=True)
            )
            for row in table.rows
        )
        return replace(table, rows=rows)


def _is_address(text: str) -> bool:
    """Whether a text is an IP address, and not a version or a time."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _names(record: Any) -> Iterator[str]:
    """The names that a record gives to who acted."""
    identity = record.get("userIdentity") if isinstance(record, dict) else None
    if not isinstance(identity, dict):
        return
    context = identity.get("sessionContext")
    behalf = identity.get("onBehalfOf")
    arn = str(identity.get("arn") or "")
    principal = str(identity.get("principalId") or "")
    candidates = [
        identity.get("userName"),
        context.get("sourceIdentity") if isinstance(context, dict) else None,
        behalf.get("userId") if isinstance(behalf, dict) else None,
        arn.rpartition("/")[2] if ":assumed-role/" in arn or ":user/" in arn else None,
        *principal.split(":")[:2],
    ]
    for name in candidates:
        if isinstance(name, str) and _is_name(name, record):
            yield name


def _is_name(name: str, record: Any) -> bool:
    """Whether a name can be told from other words of the package, and is of a person or session."""
    account = str(record.get("recipientAccountId") or "")
    return (
        len(name) >= _SHORTEST
        and name.casefold() not in _PLAIN_NAMES
        and name != account
        and not re.fullmatch(r"\d{12}", name)
    )
