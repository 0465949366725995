"""A record decoded into an event, whatever its version, or refused with where and why."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailscan.errors import DecodeError
from trailscan.events.event import (
    MAX_RECORD_BYTES,
    Event,
    InScopeOf,
    OnBehalfOf,
    SessionAttributes,
    SessionContext,
    SessionIssuer,
    UserIdentity,
    WebIdFederationData,
    decode_event,
    decode_object,
    parse_event_time,
    record_sha256,
)

TIME = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
ROLE = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_c194f596"
SESSION = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_c194f596/ann@example.com"

FIRST = {
    "eventVersion": "1.0",
    "userIdentity": {
        "type": "IAMUser",
        "principalId": "AIDAEXAMPLE",
        "arn": "arn:aws:iam::111122223333:user/Alice",
        "accountId": "111122223333",
        "accessKeyId": "AKIAEXAMPLE",
        "userName": "Alice",
    },
    "eventTime": "2014-03-06T21:22:54Z",
    "eventSource": "ec2.amazonaws.com",
    "eventName": "StartInstances",
    "awsRegion": "us-east-2",
    "sourceIPAddress": "205.251.233.176",
    "userAgent": "ec2-api-tools 1.6.12.2",
    "requestParameters": {"instancesSet": {"items": [{"instanceId": "i-ebeaf9e2"}]}},
    "responseElements": None,
    "eventID": "first",
}
SERVICE_EVENT = {
    "eventVersion": "1.05",
    "userIdentity": {"accountId": "111122223333", "invokedBy": "organizations.amazonaws.com"},
    "eventTime": "2026-11-22T14:05:00Z",
    "eventSource": "organizations.amazonaws.com",
    "eventName": "CreateAccountResult",
    "awsRegion": "us-east-1",
    "sourceIPAddress": "organizations.amazonaws.com",
    "userAgent": "organizations.amazonaws.com",
    "requestParameters": None,
    "responseElements": None,
    "eventID": "service",
    "readOnly": False,
    "eventType": "AwsServiceEvent",
    "recipientAccountId": "111122223333",
    "serviceEventDetails": {"createAccountStatus": {"id": "car-1", "state": "SUCCEEDED"}},
}
LATEST = {
    "eventVersion": "1.11",
    "userIdentity": {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE:ann@example.com",
        "arn": SESSION,
        "accountId": "111122223333",
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLE",
                "arn": ROLE,
                "accountId": "111122223333",
                "userName": "AWSReservedSSO_Admin_c194f596",
            },
            "webIdFederationData": {"federatedProvider": "p", "attributes": {"sub": "s"}},
            "attributes": {"creationDate": "2026-11-22T14:00:00Z", "mfaAuthenticated": "false"},
            "sourceIdentity": "ann",
            "ec2RoleDelivery": "2.0",
            "assumedRoot": "true",
            "signInSessionArn": "arn:aws:signin:us-east-1:111122223333:session/1",
            "brandNew": 1,
        },
        "invokedBy": "cloudformation.amazonaws.com",
        "identityProvider": "arn:aws:iam::111122223333:saml-provider/idp",
        "onBehalfOf": {
            "userId": "9067-1",
            "identityStoreArn": "arn:aws:identitystore::111122223333:identitystore/d-1",
        },
        "credentialId": "cred-1",
        "inScopeOf": {"issuerType": "AWS::Lambda::Function", "brandNew": 1},
        "brandNew": {"a": []},
    },
    "eventTime": "2026-11-22T14:05:00Z",
    "eventSource": "organizations.amazonaws.com",
    "eventName": "AttachPolicy",
    "awsRegion": "us-east-1",
    "sourceIPAddress": "AWS Internal",
    "userAgent": "AWS Internal",
    "errorCode": "AccessDenied",
    "errorMessage": "You don't have permissions to access this resource.",
    "requestParameters": {"policyId": "p-1", "targetId": "r-abcd"},
    "responseElements": None,
    "requestID": "request",
    "eventID": "latest",
    "sharedEventID": "shared",
    "readOnly": False,
    "resources": [{"ARN": "arn", "accountId": "111122223333", "type": "AWS::X::Y"}],
    "eventType": "AwsApiCall",
    "apiVersion": "2016-11-28",
    "managementEvent": True,
    "recipientAccountId": "111122223333",
    "vpcEndpointId": "vpce-1",
    "vpcEndpointAccountId": "111122223333",
    "eventCategory": "Management",
    "addendum": {"reason": "DELIVERY_DELAY"},
    "sessionCredentialFromConsole": "true",
    "edgeDeviceDetails": None,
    "tlsDetails": {"tlsVersion": "TLSv1.3", "keyExchange": "x25519"},
    "eventContext": {"requestContext": {}},
}
DECODED_LATEST = Event(
    event_version="1.11",
    user_identity=UserIdentity(
        type="AssumedRole",
        principal_id="AROAEXAMPLE:ann@example.com",
        arn=SESSION,
        account_id="111122223333",
        access_key_id="ASIAEXAMPLE",
        session_context=SessionContext(
            session_issuer=SessionIssuer(
                type="Role",
                principal_id="AROAEXAMPLE",
                arn=ROLE,
                account_id="111122223333",
                user_name="AWSReservedSSO_Admin_c194f596",
            ),
            web_id_federation_data=WebIdFederationData(
                federated_provider="p", attributes={"sub": "s"}
            ),
            attributes=SessionAttributes(
                creation_date="2026-11-22T14:00:00Z", mfa_authenticated="false"
            ),
            source_identity="ann",
            ec2_role_delivery="2.0",
            assumed_root="true",
            sign_in_session_arn="arn:aws:signin:us-east-1:111122223333:session/1",
        ),
        invoked_by="cloudformation.amazonaws.com",
        identity_provider="arn:aws:iam::111122223333:saml-provider/idp",
        on_behalf_of=OnBehalfOf(
            user_id="9067-1",
            identity_store_arn="arn:aws:identitystore::111122223333:identitystore/d-1",
        ),
        in_scope_of=InScopeOf(issuer_type="AWS::Lambda::Function"),
        credential_id="cred-1",
    ),
    event_time=TIME,
    event_source="organizations.amazonaws.com",
    event_name="AttachPolicy",
    aws_region="us-east-1",
    source_ip_address="AWS Internal",
    user_agent="AWS Internal",
    error_code="AccessDenied",
    error_message="You don't have permissions to access this resource.",
    request_parameters={"policyId": "p-1", "targetId": "r-abcd"},
    request_id="request",
    event_id="latest",
    shared_event_id="shared",
    read_only=False,
    event_type="AwsApiCall",
    api_version="2016-11-28",
    management_event=True,
    recipient_account_id="111122223333",
    vpc_endpoint_id="vpce-1",
    event_category="Management",
    session_credential_from_console="true",
    addendum={"reason": "DELIVERY_DELAY"},
)
SMALL = {"eventTime": "2026-11-22T14:05:00Z", "eventID": "e"}


def refusal(record: Any) -> tuple[str, str, str]:
    """Why a record is no event: the reason, the message and the JSON path."""
    with pytest.raises(DecodeError) as raised:
        decode_event(record)
    return raised.value.reason, str(raised.value), raised.value.json_path


def test_an_event_of_the_first_version_has_what_it_says() -> None:
    """Fields that later versions brought are None, not an error."""
    assert decode_event(FIRST) == Event(
        event_version="1.0",
        user_identity=UserIdentity(
            type="IAMUser",
            principal_id="AIDAEXAMPLE",
            arn="arn:aws:iam::111122223333:user/Alice",
            account_id="111122223333",
            access_key_id="AKIAEXAMPLE",
            user_name="Alice",
        ),
        event_time=datetime(2014, 3, 6, 21, 22, 54, tzinfo=UTC),
        event_source="ec2.amazonaws.com",
        event_name="StartInstances",
        aws_region="us-east-2",
        source_ip_address="205.251.233.176",
        user_agent="ec2-api-tools 1.6.12.2",
        request_parameters={"instancesSet": {"items": [{"instanceId": "i-ebeaf9e2"}]}},
        event_id="first",
    )


def test_a_service_event_has_an_identity_without_a_type() -> None:
    """A service event says what happened in its details, and who only by the service."""
    event = decode_event(SERVICE_EVENT)
    assert event == Event(
        event_version="1.05",
        user_identity=UserIdentity(
            account_id="111122223333", invoked_by="organizations.amazonaws.com"
        ),
        event_time=TIME,
        event_source="organizations.amazonaws.com",
        event_name="CreateAccountResult",
        aws_region="us-east-1",
        source_ip_address="organizations.amazonaws.com",
        user_agent="organizations.amazonaws.com",
        event_id="service",
        read_only=False,
        event_type="AwsServiceEvent",
        recipient_account_id="111122223333",
        service_event_details={"createAccountStatus": {"id": "car-1", "state": "SUCCEEDED"}},
    )
    assert (event.request, event.response) == ({}, {})
    assert event.details == {"createAccountStatus": {"id": "car-1", "state": "SUCCEEDED"}}


def test_an_event_of_the_latest_version_leaves_out_what_is_not_known() -> None:
    """Every documented field is decoded; unknown ones, nested or not, change nothing."""
    assert decode_event(LATEST) == DECODED_LATEST


def test_decoding_leaves_the_record_as_it_was() -> None:
    """The record is still what was read, so that it can be stored."""
    record = json.loads(json.dumps({**LATEST, "readOnly": "true", "userIdentity": None}))
    before = json.dumps(record)
    decode_event(record)
    assert json.dumps(record) == before


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {}),
        ({"eventVersion": "2.0", "brandNew": [1]}, {"event_version": "2.0"}),
        (
            {"readOnly": "true", "managementEvent": "false"},
            {"read_only": True, "management_event": False},
        ),
        ({"readOnly": True, "managementEvent": None}, {"read_only": True}),
        ({"userIdentity": None}, {}),
        ({"userIdentity": {}}, {}),
        (
            {
                "userIdentity": {
                    "type": "Root",
                    "accessKeyId": "",
                    "sessionContext": {"sessionIssuer": {}},
                }
            },
            {
                "user_identity": UserIdentity(
                    type="Root",
                    access_key_id="",
                    session_context=SessionContext(session_issuer=SessionIssuer()),
                )
            },
        ),
        (
            {"userIdentity": {"sessionContext": {"attributes": {"mfaAuthenticated": True}}}},
            {
                "user_identity": UserIdentity(
                    session_context=SessionContext(
                        attributes=SessionAttributes(mfa_authenticated=True)
                    )
                )
            },
        ),
        (
            {"requestParameters": "HIDDEN_DUE_TO_SECURITY_REASONS"},
            {"request_parameters": "HIDDEN_DUE_TO_SECURITY_REASONS"},
        ),
        (
            {"requestParameters": None, "responseElements": {}, "serviceEventDetails": "{}"},
            {"response_elements": {}, "service_event_details": "{}"},
        ),
    ],
    ids=range(10),
)
def test_a_record_may_say_as_little_as_time_and_id(
    more: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Time and id are enough; what tools and services write otherwise is taken as meant."""
    assert decode_event({**SMALL, **more}) == Event(event_time=TIME, event_id="e", **expected)


@pytest.mark.parametrize("value", [None, "HIDDEN_DUE_TO_SECURITY_REASONS"])
def test_what_is_no_object_reads_as_an_empty_one(value: str | None) -> None:
    """Parameters, elements and details that are absent or text have nothing to look up."""
    event = decode_event(
        {
            **SMALL,
            "requestParameters": value,
            "responseElements": value,
            "serviceEventDetails": value,
        }
    )
    assert (event.request, event.response, event.details) == ({}, {}, {})


@pytest.mark.parametrize(
    ("record", "reason", "message", "json_path"),
    [
        ({"eventID": "e"}, "event_time_missing", "eventTime is missing", "$.eventTime"),
        (
            {**SMALL, "eventTime": None},
            "event_time_missing",
            "eventTime is missing",
            "$.eventTime",
        ),
        (
            {**SMALL, "eventTime": "yesterday"},
            "event_time_invalid",
            "eventTime is 'yesterday', expected an ISO 8601 instant such as 2026-11-22T14:05:00Z",
            "$.eventTime",
        ),
        (
            {**SMALL, "eventTime": 1795356300},
            "event_time_invalid",
            "eventTime is 1795356300, expected an ISO 8601 instant such as 2026-11-22T14:05:00Z",
            "$.eventTime",
        ),
        (
            {"eventTime": "2026-11-22T14:05:00Z"},
            "event_id_missing",
            "eventID is missing",
            "$.eventID",
        ),
        ({**SMALL, "eventID": ""}, "event_id_missing", "eventID is missing", "$.eventID"),
        ({**SMALL, "eventID": None}, "event_id_missing", "eventID is missing", "$.eventID"),
        ({**SMALL, "eventID": 17}, "unexpected_type", "Expected `str`, got `int`", "$.eventID"),
        (
            {**SMALL, "eventName": ["x"]},
            "unexpected_type",
            "Expected `str | null`, got `array`",
            "$.eventName",
        ),
        (
            {**SMALL, "readOnly": "maybe"},
            "unexpected_type",
            "Expected `bool | null`, got `str`",
            "$.readOnly",
        ),
        (
            {**SMALL, "requestParameters": [1]},
            "unexpected_type",
            "Expected `str | object | null`, got `array`",
            "$.requestParameters",
        ),
        (
            {**SMALL, "userIdentity": "Root"},
            "unexpected_type",
            "Expected `object`, got `str`",
            "$.userIdentity",
        ),
        (
            {**SMALL, "userIdentity": {"sessionContext": {"sessionIssuer": {"userName": 1}}}},
            "unexpected_type",
            "Expected `str | null`, got `int`",
            "$.userIdentity.sessionContext.sessionIssuer.userName",
        ),
    ],
    ids=range(13),
)
def test_a_record_that_is_no_event_says_where_and_why(
    record: dict[str, Any], reason: str, message: str, json_path: str
) -> None:
    """Each rejection has a reason to count, a message to read and a path to look at."""
    assert refusal(record) == (reason, message, json_path)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2026-11-22T14:05:00Z", TIME),
        ("2026-11-22T14:05:00", TIME),
        ("2026-11-22 14:05:00", TIME),
        ("2026-11-22 14:05:00Z", TIME),
        ("2026-11-22T14:05:00.000Z", TIME),
        ("2026-11-22T14:05:00.25Z", TIME.replace(microsecond=250_000)),
        ("2026-11-22T14:05:00.123456789Z", TIME.replace(microsecond=123_456)),
        ("2026-11-22T15:05:00+01:00", TIME),
        ("2026-11-22T08:05:00-0600", TIME),
        ("2026-11-23T00:05:00.5+10:00", TIME.replace(microsecond=500_000)),
    ],
)
def test_a_time_is_utc_whatever_zone_it_is_written_in(text: str, when: datetime) -> None:
    """A time with a zone is converted, one without is UTC, fractions are kept to microseconds."""
    assert parse_event_time(text) == when
    assert parse_event_time(text).tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        "",
        "2026-11-22",
        "2026-11-22T14:05Z",
        "2026-11-31T14:05:00Z",
        "2026-11-22T24:05:00Z",
        "2026-11-22T14:05:60Z",
        "2026-11-22T14:05:00Z\n",
        "2026-11-22T14:05:00 Z",
        "0001-01-01T00:00:00+01:00",
        "\uff12\uff10\uff12\uff16-\uff11\uff11-\uff12\uff12T\uff11\uff14:\uff10\uff15:\uff10\uff10Z",
        "x" * 10_000,
        1.5,
        True,
        ["2026-11-22T14:05:00Z"],
    ],
    ids=lambda value: repr(value)[:30],
)
def test_any_other_time_is_refused(value: object) -> None:
    """What is no full instant is refused, and shown in at most sixty characters."""
    with pytest.raises(DecodeError) as raised:
        parse_event_time(value)
    shown = repr(value)[:60]
    assert (raised.value.reason, str(raised.value), raised.value.json_path) == (
        "event_time_invalid",
        f"eventTime is {shown}, expected an ISO 8601 instant such as 2026-11-22T14:05:00Z",
        "$.eventTime",
    )


@pytest.mark.parametrize(
    ("raw", "reason", "message"),
    [
        (b"", "invalid_json", "the record is not valid JSON: Input data was truncated"),
        (
            b'{"a":NaN}',
            "invalid_json",
            "the record is not valid JSON: invalid character (byte 5)",
        ),
        (
            b'{"a":1}{}',
            "invalid_json",
            "the record is not valid JSON: trailing characters (byte 8)",
        ),
        (b"[]", "not_an_object", "the record is not a JSON object but an array"),
        (b"null", "not_an_object", "the record is not a JSON object but null"),
        (b"7", "not_an_object", "the record is not a JSON object but a number"),
        (b"1e5", "not_an_object", "the record is not a JSON object but a number"),
        (b"true", "not_an_object", "the record is not a JSON object but a boolean"),
        (b'"x"', "not_an_object", "the record is not a JSON object but a string"),
        (
            b'{"a":"%s"}' % (b"x" * MAX_RECORD_BYTES),
            "record_too_large",
            "the record has 524,296 bytes, expected at most 524,288",
        ),
    ],
    ids=range(10),
)
def test_bytes_that_are_no_record_are_refused(raw: bytes, reason: str, message: str) -> None:
    """What is no JSON object of a plausible size is refused with a reason."""
    with pytest.raises(DecodeError) as raised:
        decode_object(raw)
    assert (raised.value.reason, str(raised.value), raised.value.json_path) == (
        reason,
        message,
        "$",
    )


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":"\\ud800"}',
        b'{"a":"\\udc00"}',
        b'{"\\ud800":1}',
        b'{"a":"\\ud800\\ud800"}',
        b'{"a":1e999}',
        b'{"a":' + b"1" * 5000 + b"}",
        b'{"a":' + b"[" * 99_999 + b"]" * 99_999 + b"}",
        b'{"a":"\x00"}',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
    ],
    ids=lambda raw: repr(raw[:20]),
)
def test_what_could_not_be_stored_is_refused(raw: bytes) -> None:
    """Lone surrogates, endless numbers and nesting, and bytes that are no UTF-8 are refused."""
    with pytest.raises(DecodeError) as raised:
        decode_object(raw)
    assert raised.value.reason in {"invalid_json", "invalid_utf8"}
    assert len(str(raised.value).splitlines()) == 1


def test_a_record_is_a_record_from_bytes_and_from_text() -> None:
    """The same record comes of its bytes and of its text, the last of equal names counting."""
    assert decode_object(b'{"a":"\xc3\xbc","a":2}') == decode_object('{"a":"ü","a":2}') == {"a": 2}


def deepest(accepts: Any) -> int:
    """The deepest nesting that is accepted."""
    low, high = 1, 200_000
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if accepts(middle) else (low, middle)
    return low


def nested(name: str, depth: int) -> bytes:
    """A record with a value that is nested so deep."""
    brackets = b"[" * depth + b"]" * depth
    return b'{"eventID":"e","eventTime":"2026-11-22T14:05:00Z","%s":%s}' % (name.encode(), brackets)


def is_object(raw: bytes) -> bool:
    """Whether some bytes are taken for a record."""
    try:
        decode_object(raw)
    except DecodeError:
        return False
    return True


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            "eventTime",
        ),
        "unknown",
    ],
)
def test_a_record_once_taken_can_be_decoded_and_hashed(name: str) -> None:
    """Nesting at the limit is refused by the first step or by none."""
    limit = deepest(lambda depth: is_object(nested(name, depth)))
    for depth in range(limit - 10, limit + 20):
        try:
            record = decode_object(nested(name, depth))
        except DecodeError:
            continue
        record_sha256(record)
        if name == "eventTime":
            assert refusal(record)[0] == "event_time_invalid"
        else:
            decode_event(record)


def from_deep_down(raw: bytes, frames: int) -> bool:
    """Whether some bytes are a record, asked from so many calls further down."""
    return from_deep_down(raw, frames - 1) if frames else is_object(raw)


def test_a_record_once_taken_is_one_from_everywhere() -> None:
    """Whether a record is one does not depend on who asks."""
    raw = nested("unknown", deepest(lambda depth: is_object(nested("unknown", depth))))
    assert from_deep_down(raw, 0)
    assert from_deep_down(raw, 50)


@pytest.mark.parametrize(
    "copy",
    [
        b'{"b":{"y":[1,2],"x":null},"a":"\xc3\xbc"}',
        b'{"a":"\\u00fc","b":{"x":null,"y":[1,2]}}',
        b' {\n "a" : "\xc3\xbc" ,\t"b" : { "x":null, "y":[ 1 , 2 ] }\r\n} ',
    ],
)
def test_the_hash_does_not_know_spacing_order_or_escapes(copy: bytes) -> None:
    """Copies that say the same have the same hash: that of the sorted compact JSON."""
    sorted_and_compact = b'{"a":"\xc3\xbc","b":{"x":null,"y":[1,2]}}'
    assert record_sha256(decode_object(copy)) == sha256(sorted_and_compact).hexdigest()


@pytest.mark.parametrize(
    "other",
    [
        {"a": "ü", "b": {"x": None, "y": [2, 1]}},
        {"a": "ü", "b": {"x": None, "y": [1, 2]}, "c": None},
        {"a": "ü", "b": {"y": [1, 2]}},
        {"a": "u", "b": {"x": None, "y": [1, 2]}},
        {"a": "ü", "b": {"x": None, "y": ["1", 2]}},
        {"A": "ü", "b": {"x": None, "y": [1, 2]}},
    ],
)
def test_the_hash_knows_every_other_difference(other: dict[str, Any]) -> None:
    """A value, an order within an array, a null, a name: each changes the hash."""
    assert record_sha256(other) != record_sha256({"a": "ü", "b": {"x": None, "y": [1, 2]}})


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["true", "2026-11-22T14:05:00Z", "0001-01-01T00:00:00+23:59"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from([field.encode_name for field in msgspec.structs.fields(Event)])
IDENTITIES = st.dictionaries(
    st.sampled_from([field.encode_name for field in msgspec.structs.fields(UserIdentity)]), JSON
)
OBJECTS = st.dictionaries(NAMES | st.text(), JSON) | st.builds(
    lambda more, identity: {**SMALL, **more, "userIdentity": identity},
    st.dictionaries(NAMES, JSON, max_size=2),
    IDENTITIES,
)


@given(record=OBJECTS)
def test_any_object_is_an_event_or_refused(record: dict[str, Any]) -> None:
    """Law: any JSON object is an event with an aware time and an id, or a DecodeError."""
    found = decode_object(json.dumps(record))
    try:
        event = decode_event(found)
    except DecodeError as error:
        said = (UTC, error.json_path[:1] == "$")
    else:
        said = (event.event_time.tzinfo, bool(event.event_id))
    assert said == (UTC, True)


@given(record=st.dictionaries(st.text(), JSON), spaced=st.booleans())
def test_copies_of_any_object_have_its_hash(
    record: dict[str, Any],
    spaced: bool,  # noqa: FBT001  # hypothesis gives it by name
) -> None:
    """Law: writing an object again, in another order or spacing, keeps its hash."""
    turned = dict(reversed(decode_object(json.dumps(record)).items()))
    copy = json.dumps(turned, indent=1 if spaced else None, ensure_ascii=spaced)
    assert record_sha256(decode_object(copy)) == record_sha256(decode_object(json.dumps(record)))


@given(raw=st.binary() | st.text())
def test_any_bytes_are_a_record_or_refused(raw: bytes | str) -> None:
    """Law: whatever the bytes, they are one JSON object or a DecodeError."""
    try:
        found: object = decode_object(raw)
    except DecodeError as error:
        found = error.reason
    assert isinstance(found, dict) or found in ("invalid_json", "invalid_utf8", "not_an_object")
