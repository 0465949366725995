"""The actions that sentences and witnesses name are those that AWS has."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase

import pytest

from trailscan.organizations.access import known_actions
from trailscan.organizations.access.boxes import _plain
from trailscan.organizations.access.decide import decide_update

NAMES = known_actions._known().names


def names_of(actions):
    """The known actions of a set, in lower case."""
    bits = reversed(f"{actions:b}")
    return {name for name, bit in zip(NAMES, bits, strict=False) if bit == "1"}


def deny(*names):
    """A policy that denies some actions."""
    statement = {"Effect": "Deny", "Action": list(names), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    "pattern",
    [
        *("*", "s3:*", "s3:getobject", "s3:nothing", "s3:?etobject", "*:delete*", "iam:*user*"),
        *("??:*", "e*:*run*s", "*:get*by*", "iam:create?ser", "?*?:*s", "organizations:*policy"),
    ],
)
def test_patterns_match_known_actions(pattern):
    """A pattern finds the same actions as a search through all of them."""
    found = known_actions.matching(_plain(pattern))
    expected = {name for name in NAMES if name.isascii() and fnmatchcase(name, pattern)}
    assert names_of(found) == expected
    services = {name.partition(":")[0] for name in expected}
    first, count = known_actions.services_of(found)
    assert (first in services or not services, count) == (True, len(services))


def test_the_list_is_in_order_and_has_its_licence():
    """It is searched by halves; whoever copies it copies whose work it is."""
    assert list(NAMES) == sorted(NAMES)
    assert names_of(known_actions.every()) == {name for name in NAMES if name.isascii()}
    text = known_actions.files(known_actions.__package__).joinpath("actions.txt").read_text("utf-8")
    assert "# MIT License\n" in text


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        (["glue:Get*"], ["glue:Get*", "glue:BatchGet*"], "glue:BatchGet"),
        (["ec2:*"], ["ec2:Describe*"], "ec2:"),
        (["*:Tag*"], ["nothing:Tag*"], ""),
    ],
)
def test_a_witness_names_an_action_of_aws(before, after, named):
    """Wherever a pattern leaves one."""
    (witness,) = decide_update(deny(*before), deny(*after), "scp").witnesses[:1]
    assert witness.action.startswith(named)
    assert witness.action.lower() in NAMES
