"""Names that the user gives for ids."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailscan.errors import DecodeError
from trailscan.organizations.names import parse_names

LISTED = {"Accounts": [{"Id": "222233334444", "Name": "payments-prod", "Status": "ACTIVE"}]}
ROOTS = {"Roots": [{"Id": "r-ab12", "Name": "Root", "PolicyTypes": []}], "NextToken": "x"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (json.dumps(LISTED), {"222233334444": "payments-prod"}),
        (
            f"{json.dumps(LISTED)}\n{json.dumps(ROOTS, indent=2)}\n",
            {"222233334444": "payments-prod", "r-ab12": "Root"},
        ),
        (json.dumps(LISTED["Accounts"]), {"222233334444": "payments-prod"}),
        ('{"ou-ab12-11111111": "Sandbox"}', {"ou-ab12-11111111": "Sandbox"}),
        ("Name,Status,Id\nSandbox,x,222233334444\n", {"222233334444": "Sandbox"}),
        ("\ufeffid,name\n222233334444,=1+1\n", {"222233334444": "=1+1"}),
    ],
)
def test_names_are_read_from_what_people_have(text, names):
    """The output of the AWS CLI, of one call or several, an object, or CSV."""
    assert parse_names(text.encode()) == names


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (b"\xff\xfe", "it is not UTF-8 (byte 0)"),
        (b"{", "it is not JSON"),
        (b"[1]", "at $[0] is 1"),
        (b"[" * 5000, "it is nested too deeply"),
        (b'{"NextToken": "x"}', "it contains no names"),
        (b'{"Accounts": [{"Id": "12", "Name": "x"}]}', "'12' at $.Accounts[0] is not an id"),
        (
            b'{"Accounts": [{"Id": "222233334444", "Name": ""}]}',
            "the name of 222233334444 at $.Accounts[0] is ''",
        ),
        (b"id,name\n222233334444\n", "the name of 222233334444 at line 2 is None"),
        (b"account,label\n1,2\n", "its first line is 'account,label'"),
    ],
)
def test_what_is_no_file_of_names_says_where_and_what_was_expected(data, why):
    """One line: what is wrong and where, and the formats that can be read."""
    with pytest.raises(DecodeError) as caught:
        parse_names(data)
    assert caught.value.reason == "not_names"
    assert str(caught.value).startswith(f"the names cannot be read: {why}")
    assert "list-accounts" in str(caught.value)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_raise_another_error(data):
    """Whatever the file holds, it is names or one clear error."""
    try:
        names = parse_names(data)
    except DecodeError:
        return
    assert names
