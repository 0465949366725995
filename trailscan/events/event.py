"""Decodes CloudTrail records into events.

Field names are CloudTrail's in snake_case. AWS's page "CloudTrail record contents"
(cloudtrail-event-reference-record-contents in the CloudTrail user guide) describes them.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from trailscan.errors import DecodeError

MAX_RECORD_BYTES = 512 * 1024
"""The longest record accepted. CloudTrail limits an event to 256 KB since eventVersion 1.05."""

MAX_DEPTH = 100
"""The deepest nesting accepted: far beyond any CloudTrail record, and safe for any JSON parser."""

_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?", re.ASCII)

_NO_OFFSET = timedelta(0)

_JSON_NAMES = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "an array",
}

JsonObject = dict[str, Any]


class SessionIssuer(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The role (or user) behind temporary credentials; empty for console sessions of users."""

    type: str | None = None
    principal_id: str | None = None
    arn: str | None = None
    account_id: str | None = None
    user_name: str | None = None


class SessionAttributes(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The start of a session, and whether MFA was used: the *strings* `true` and `false`."""

    creation_date: str | None = None
    mfa_authenticated: str | bool | None = None


class WebIdFederationData(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The web identity provider behind a federated session."""

    federated_provider: str | None = None
    attributes: JsonObject | None = None


class SessionContext(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The session that made the call."""

    session_issuer: SessionIssuer | None = None
    web_id_federation_data: WebIdFederationData | None = None
    attributes: SessionAttributes | None = None
    source_identity: str | None = None
    ec2_role_delivery: str | None = None
    assumed_root: str | bool | None = None
    sign_in_session_arn: str | None = None


class InScopeOf(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The resource that holds a role's credentials, such as a Lambda function."""

    source_arn: str | None = None
    source_account: str | None = None
    issuer_type: str | None = None
    credentials_issued_to: str | None = None


class OnBehalfOf(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The Identity Center user on whose behalf a service acted."""

    user_id: str | None = None
    identity_store_arn: str | None = None


class UserIdentity(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """`userIdentity`; service events have only `account_id` and `invoked_by`."""

    type: str | None = None
    principal_id: str | None = None
    arn: str | None = None
    account_id: str | None = None
    access_key_id: str | None = None
    user_name: str | None = None
    session_context: SessionContext | None = None
    invoked_by: str | None = None
    identity_provider: str | None = None
    on_behalf_of: OnBehalfOf | None = None
    in_scope_of: InScopeOf | None = None
    sign_in_session_arn: str | None = None
    credential_id: str | None = None


class Event(msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    """One CloudTrail event.

    `event_time` is aware and UTC. Denied calls have no `request_parameters`, void calls no
    `response_elements`, and API calls no `service_event_details`: only `error_code` says whether a
    call succeeded.
    """

    event_time: datetime
    event_id: str = msgspec.field(name="eventID")
    event_source: str | None = None
    event_name: str | None = None
    event_version: str | None = None
    event_type: str | None = None
    event_category: str | None = None
    aws_region: str | None = None
    recipient_account_id: str | None = None
    user_identity: UserIdentity = UserIdentity()
    source_ip_address: str | None = msgspec.field(name="sourceIPAddress", default=None)
    user_agent: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    request_parameters: JsonObject | str | None = None
    response_elements: JsonObject | str | None = None
    service_event_details: JsonObject | str | None = None
    request_id: str | None = msgspec.field(name="requestID", default=None)
    shared_event_id: str | None = msgspec.field(name="sharedEventID", default=None)
    read_only: bool | None = None
    management_event: bool | None = None
    api_version: str | None = None
    vpc_endpoint_id: str | None = None
    session_credential_from_console: str | bool | None = None

    addendum: Any = None

    @property
    def corrects(self) -> str | None:
        """The id of an event that this one corrects and replaces.

        CloudTrail delivers corrections as events of their own (record contents: `addendum`).
        """
        found = self.addendum if isinstance(self.addendum, dict) else {}
        original = found.get("originalEventID")
        is_update = found.get("reason") == "UPDATED_DATA" and isinstance(original, str)
        return original if is_update else None

    @property
    def request(self) -> JsonObject:
        """`requestParameters`, or an empty object if there are none."""
        return self.request_parameters if isinstance(self.request_parameters, dict) else {}

    @property
    def response(self) -> JsonObject:
        """`responseElements`, or an empty object if there are none."""
        return self.response_elements if isinstance(self.response_elements, dict) else {}

    @property
    def details(self) -> JsonObject:
        """`serviceEventDetails`, or an empty object if there are none."""
        found = self.service_event_details
        return found if isinstance(found, dict) else {}


_AS_TEXT = (
    *("userIdentity", "requestParameters", "responseElements"),
    *("serviceEventDetails", "additionalEventData"),
)
"""The members that tables of Athena and indexes of logs hold as JSON text."""


def decode_object(raw: bytes | str) -> JsonObject:
    """The JSON object of one record, checked in full depth; members that are JSON text, parsed.

    Raises:
        DecodeError: as `decode_with_texts`.
    """
    return decode_with_texts(raw).record


class Decoded(NamedTuple):
    """A record that was decoded.

    Attributes:
        record: its JSON object; members that are JSON text, parsed.
        text: its text as CloudTrail writes it. A record of another text has spaces, escapes that
            nobody needs, numbers in another form, or a member twice.
        parsed: the members that are JSON text.
    """

    record: JsonObject
    text: bytes
    parsed: list[str]


def decode_with_texts(raw: bytes | str) -> Decoded:
    """One record, and the texts that it was written with.

    Raises:
        DecodeError: `record_too_large`, `invalid_utf8`, `invalid_json` (also lone surrogates, NaN
            and nesting beyond the parser's limit) or `not_an_object`.
    """
    if len(raw) > MAX_RECORD_BYTES:
        raise DecodeError(
            "record_too_large",
            f"the record has {len(raw):,} bytes, expected at most {MAX_RECORD_BYTES:,}",
        )
    try:
        found = msgspec.json.decode(raw)
        text = msgspec.json.encode(found)  # a lone surrogate can never be encoded
    except UnicodeError as error:
        raise DecodeError("invalid_utf8", f"the record is not valid Unicode: {error}") from None
    except (msgspec.DecodeError, RecursionError) as error:
        why = str(error).removeprefix("JSON is malformed: ")
        raise DecodeError("invalid_json", f"the record is not valid JSON: {why}") from None
    if _may_be_deeper(raw, MAX_DEPTH) and _is_deeper(found, MAX_DEPTH):
        raise DecodeError("nested_too_deeply", f"the record nests deeper than {MAX_DEPTH} levels")
    if not isinstance(found, dict):
        kind = _JSON_NAMES[type(found)]
        raise DecodeError("not_an_object", f"the record is not a JSON object but {kind}")
    parsed = []
    for name in _AS_TEXT:
        if isinstance(member := found.get(name), str):
            found[name] = _parsed(member)
            if found[name] is not member:
                parsed.append(member)
    return Decoded(found, text, parsed)


def _parsed(text: str) -> Any:
    """The JSON object that a text is; the text itself if it is none."""
    if not text.lstrip().startswith("{"):
        return text
    try:
        value = msgspec.json.decode(text)
        msgspec.json.encode(value)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return text
    return text if _is_deeper(value, MAX_DEPTH) else value


def _may_be_deeper(raw: bytes | str, levels: int) -> bool:
    """Whether a JSON text has more opening brackets than some levels; hardly any record does."""
    if isinstance(raw, str):
        return raw.count("{") + raw.count("[") > levels
    return raw.count(b"{") + raw.count(b"[") > levels


def _is_deeper(value: object, levels: int) -> bool:
    """Whether a JSON value is nested deeper than some levels; it needs no recursion."""
    level: list[object] = [value] if isinstance(value, dict | list) else []
    for _ in range(levels):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one)  # type: ignore[attr-defined]  # all are containers
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def decode_event(record: JsonObject) -> Event:
    """The event of a record.

    Unknown fields are ignored (they stay in the record). `readOnly` and `managementEvent` can be
    strings, as some tools copy them.

    Raises:
        DecodeError: `event_time_missing`, `event_time_invalid`, `event_id_missing` or
            `unexpected_type` (a documented field has another type than CloudTrail's).
    """
    when = record.get("eventTime")
    if when is None:
        raise DecodeError("event_time_missing", "eventTime is missing", "$.eventTime")
    event_id = record.get("eventID")
    if not event_id:
        raise DecodeError("event_id_missing", "eventID is missing", "$.eventID")
    fixed = {**record, "eventTime": parse_event_time(when)}
    for name in ("readOnly", "managementEvent"):
        if fixed.get(name) in ("true", "false"):
            fixed[name] = fixed[name] == "true"
    if fixed.get("userIdentity", 0) is None:
        del fixed["userIdentity"]
    try:
        return msgspec.convert(fixed, Event)
    except msgspec.ValidationError:
        pass
    try:
        return msgspec.convert(_with_text(fixed), Event)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at ")
        raise DecodeError("unexpected_type", text, path.strip("`") or "$") from None


def _with_text(record: JsonObject) -> JsonObject:
    """A record whose booleans are text, as CloudTrail writes most of them."""
    free = ("readOnly", "managementEvent", *_AS_TEXT[1:])
    fixed = {name: value if name in free else _scalar_text(value) for name, value in record.items()}
    return {**fixed, "userIdentity": _texts(record.get("userIdentity", {}))}


def _texts(value: Any) -> Any:
    """A JSON value whose booleans are text."""
    if isinstance(value, dict):
        return {name: _texts(inside) for name, inside in value.items()}
    return _scalar_text(value)


def _scalar_text(value: Any) -> Any:
    """A boolean as text; any other value as it is."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value


_EVENT = msgspec.json.Decoder(Event)
_ROUNDED = b".999999"
"""In a record whose time msgspec may round up to the next second; `parse_event_time` cuts it."""


def decode_record(raw: bytes) -> Event:
    """The event of a record that was decoded before, as all in a store were; this is faster.

    Raises:
        DecodeError: as `decode_object` and `decode_event`.
    """
    try:
        event = _EVENT.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return decode_event(decode_object(raw))
    when = event.event_time
    details = (event.request_parameters, event.response_elements, event.service_event_details)
    if when.utcoffset() != _NO_OFFSET or when.microsecond or _ROUNDED in raw:
        return decode_event(decode_object(raw))
    if any(isinstance(one, str) for one in details):
        return decode_event(decode_object(raw))
    return event


def parse_event_time(value: object) -> datetime:
    """CloudTrail's `eventTime` as an aware UTC datetime.

    A time without a zone, as in some exports, is UTC, the only zone that CloudTrail writes.

    Raises:
        DecodeError: `event_time_invalid`.
    """
    if isinstance(value, str) and _ISO.fullmatch(value):
        try:
            when = datetime.fromisoformat(value)
            return when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    shown = repr(value)[:60]
    raise DecodeError(
        "event_time_invalid",
        f"eventTime is {shown}, expected an ISO 8601 instant such as 2026-11-22T14:05:00Z",
        "$.eventTime",
    )


def record_sha256(record: JsonObject) -> str:
    """Hex SHA-256 of a record's content, whatever its spacing and order."""
    return hashlib.sha256(msgspec.json.encode(record, order="deterministic")).hexdigest()
