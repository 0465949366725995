"""Policies compared: what an update added, removed and changed, and what makes no difference."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailscan.organizations.excerpts import MAX_WORDS
from trailscan.organizations.policies import (
    MAX_UNNAMED,
    PolicyDifference,
    StatementChange,
    compare_policies,
)

LEAVE = {
    "Sid": "DenyLeave",
    "Effect": "Deny",
    "Action": "organizations:LeaveOrganization",
    "Resource": "*",
}
REGIONS = {
    "Sid": "Regions",
    "Effect": "Deny",
    "NotAction": ["iam:*", "sts:*", "route53:*", "support:*"],
    "Resource": "*",
    "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1"]}},
}
BUCKETS = {"Effect": "Deny", "Action": ["s3:PutObject", "s3:*Acl"], "Resource": "*"}
SAME = PolicyDifference((), (), (), (), comparable=True)
NOT_COMPARABLE = PolicyDifference((), (), (), ("text changed",), comparable=False)


def policy(*statements, **members):
    """The text of a policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **members})


def changed(old, new):
    """The one statement that both texts have with other content."""
    difference = compare_policies(policy(old), policy(new))
    assert difference == SAME._replace(changed=difference.changed)
    (change,) = difference.changed
    return change


def test_statements_of_one_text_only_are_added_or_removed():
    """A statement is told by its Sid, its effect and its first three actions."""
    assert compare_policies(policy(LEAVE), policy(REGIONS, BUCKETS)) == PolicyDifference(
        added=(
            "Regions (Deny all but iam:*, sts:*, route53:* … and 1 more)",
            "Deny s3:PutObject, s3:*Acl",
        ),
        removed=("DenyLeave (Deny organizations:LeaveOrganization)",),
        changed=(),
        other=(),
        comparable=True,
    )


def test_a_difference_in_words():
    """Added, removed and changed statements, then other members, make one line."""
    old = policy(LEAVE, REGIONS)
    new = policy({**REGIONS, "Effect": "Allow", "Condition": {}}, BUCKETS, Version="2008-10-17")
    assert compare_policies(old, new).in_words == (
        "added statement Deny s3:PutObject, s3:*Acl; "
        "removed statement DenyLeave (Deny organizations:LeaveOrganization); "
        "changed statement Regions: effect Deny -> Allow; "
        "conditions - StringNotEquals aws:RequestedRegion eu-west-1; "
        "Version: 2012-10-17 -> 2008-10-17"
    )


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"Effect": "Allow"}, ("effect Deny -> Allow",)),
        ({"Action": ["organizations:LeaveOrganization", "iam:*"]}, ("actions + iam:*",)),
        ({"Action": "iam:*"}, ("actions + iam:*, - organizations:LeaveOrganization",)),
        (
            {"Action": [*"abcde"]},
            ("actions + a, + b, + c, + 2 more, - organizations:LeaveOrganization",),
        ),
        ({"Action": None}, ("actions - organizations:LeaveOrganization",)),
        ({"NotAction": "iam:*"}, ("excepted actions + iam:*",)),
        ({"Resource": "arn:aws:s3:::a"}, ("resources + arn:aws:s3:::a, - *",)),
        ({"NotResource": "a b"}, ("excepted resources + 'a b'",)),
        ({"Principal": "*"}, ("principals + *",)),
        ({"NotPrincipal": {"AWS": ["1", "2"]}}, ("excepted principals + AWS 1, + AWS 2",)),
        ({"Condition": {"Bool": {"a:b": True}}}, ("conditions + Bool a:b true",)),
        ({"Condition": {"Bool": {}}}, ("conditions changed",)),
        ({"Condition": [1, {"a": 2}]}, ("""conditions + 1, + '{"a":2}'""",)),
        ({"Extra": {"a": 1}}, ("Extra added",)),
    ],
    ids=str,
)
def test_what_changed_in_a_statement(members, told):
    """Each element tells what it gained and lost, as it is written."""
    assert changed(LEAVE, {**LEAVE, **members}) == StatementChange("DenyLeave", told)


def test_an_effect_that_comes_or_goes():
    """A statement without effect has none, and what it lost is told."""
    bare = {name: value for name, value in LEAVE.items() if name != "Effect"}
    assert changed(bare, LEAVE).members == ("effect none -> Deny",)
    assert changed(LEAVE, bare).members == ("effect Deny -> none",)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (policy(LEAVE), json.dumps(json.loads(policy(LEAVE)), indent=4)),
        (policy(LEAVE), json.dumps({"Version": "2012-10-17", "Statement": LEAVE})),
        (policy(LEAVE, REGIONS), policy(REGIONS, LEAVE)),
        (policy(LEAVE), policy(dict(reversed(LEAVE.items())))),
        (policy(LEAVE), policy({**LEAVE, "Resource": ["*"]})),
        (policy(BUCKETS), policy({**BUCKETS, "Action": ["s3:*Acl", "s3:PutObject"]})),
        (policy(BUCKETS), policy({**BUCKETS, "Action": ["S3:putObject", "s3:*ACL", "s3:*acl"]})),
        ('{"tags":{"a":{"@@assign":["x","y"]}}}', '{"tags": {"a": {"@@assign": ["y", "x"]}}}'),
        ('{"tags":{"a":{"@@assign":["x"]}}}', '{"tags":{"a":{"@@assign":"x"}}}'),
        ('{"a": "\\u0041"}', '{"a": "A"}'),
    ],
)
def test_what_makes_no_difference(old, new):
    """How a text is written changes nothing that it means."""
    assert compare_policies(old, new) == SAME
    assert compare_policies(old, new).in_words == "only its formatting"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ({"a": 1}, {"a": True}, "a: 1 -> true"),
        ({"a": 1}, {"a": "1"}, "a changed"),
        ({"a": None}, {"a": []}, "a changed"),
        ({"a": [[1]]}, {"a": [1]}, "a changed"),
        ({"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 2}, {"b": 1}]}, "a changed"),
        ({"a": "X"}, {"a": "x"}, "a: X -> x"),
        ({"a": "x" * 120 + "1"}, {"a": "x" * 120 + "2"}, "a changed"),
        ({"a": {"@@assign": "b; c"}}, {"a": {"@@assign": "off"}}, "a: 'b; c' -> off"),
        ({"@@assign": 1}, {"@@assign": 2}, "@@assign: 1 -> 2"),
        ({"a": {"@@assign": ["x", "y"]}}, {"a": {"@@assign": ["y", "z"]}}, "a: + z, - x"),
    ],
    ids=str,
)
def test_what_looks_alike_is_not_the_same(old, new, told):
    """Types, nesting, letters and the order of objects count; values that can be told are shown."""
    assert compare_policies(json.dumps(old), json.dumps(new)).other == (told,)


def test_only_letters_of_actions_have_no_case():
    """A Kelvin sign is no `k`, and the letters of a resource count."""
    sign = {**LEAVE, "Action": "\u212ams:*"}
    assert changed(sign, {**sign, "Action": "kms:*"}).members == ("actions + kms:*, - \u212ams:*",)
    upper = {**LEAVE, "Resource": "A"}
    assert changed(upper, {**upper, "Resource": "a"}).members == ("resources + a, - A",)


def test_statements_of_one_sid_are_matched_in_order():
    """Of several with the same Sid the equal ones are matched first, then the first with the first."""
    one, two, three = ({**LEAVE, "Action": f"a:{number}"} for number in "123")
    assert compare_policies(policy(one, two), policy(two, three, one | {"Action": "a:4"})) == (
        PolicyDifference(
            added=("DenyLeave (Deny a:4)",),
            removed=(),
            changed=(StatementChange("DenyLeave", ("actions + a:3, - a:1",)),),
            other=(),
            comparable=True,
        )
    )


def test_a_statement_said_twice_is_two():
    """Of two equal statements one can go."""
    difference = compare_policies(policy(LEAVE, LEAVE), policy(LEAVE))
    assert difference == SAME._replace(
        removed=("DenyLeave (Deny organizations:LeaveOrganization)",)
    )


def test_statements_without_sid_are_matched_by_likeness():
    """The same effect and actions make it the same statement, then the same of all the rest."""
    allowing = {"Effect": "Allow", "Action": "ec2:*", "Resource": "arn:aws:ec2:*"}
    denying = {"Effect": "Deny", "Action": "ec2:Run*", "Resource": "arn:aws:ec2:*"}
    guarding = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    assert compare_policies(
        policy(allowing, guarding, BUCKETS),
        policy(denying, {**guarding, "Action": "s3:Put*"}, {**BUCKETS, "Resource": "a"}),
    ) == SAME._replace(
        changed=(
            StatementChange("Allow ec2:*", ("effect Allow -> Deny", "actions + ec2:Run*, - ec2:*")),
            StatementChange("Deny s3:*", ("actions + s3:Put*, - s3:*",)),
            StatementChange("Deny s3:PutObject, s3:*Acl", ("resources + a, - *",)),
        )
    )


def test_statements_of_nothing_in_common_are_not_matched():
    """Without Sid, other actions and another resource make another statement."""
    other = {"Effect": "Deny", "Action": "ec2:*", "Resource": "arn:aws:ec2:*"}
    assert compare_policies(policy(BUCKETS), policy(other)) == SAME._replace(
        added=("Deny ec2:*",), removed=("Deny s3:PutObject, s3:*Acl",)
    )


def test_a_sid_is_never_matched_with_none():
    """A statement that gets a Sid is another one."""
    named = {"Sid": "Named", **BUCKETS}
    assert compare_policies(policy(BUCKETS), policy(named)) == SAME._replace(
        added=("Named (Deny s3:PutObject, s3:*Acl)",), removed=("Deny s3:PutObject, s3:*Acl",)
    )


def test_too_many_statements_without_sid_are_not_matched():
    """Beyond a number of statements likeness tells nothing, and Sids still do."""
    old, new = (
        [{"Effect": "Deny", "Action": f"{word}:{number}"} for number in range(MAX_UNNAMED + 1)]
        for word in ("old", "new")
    )
    few = compare_policies(policy(*old[1:]), policy(*new[1:]))
    many = compare_policies(policy(*old, LEAVE), policy(*new, {**LEAVE, "Effect": "Allow"}))
    assert (len(few.changed), few.added, few.removed) == (MAX_UNNAMED, (), ())
    assert many == PolicyDifference(
        added=tuple(f"Deny new:{number}" for number in range(MAX_UNNAMED + 1)),
        removed=tuple(f"Deny old:{number}" for number in range(MAX_UNNAMED + 1)),
        changed=(StatementChange("DenyLeave", ("effect Deny -> Allow",)),),
        other=(),
        comparable=True,
    )


def test_texts_without_statements_are_compared_by_path():
    """Members that come, go and change are told by their paths, the highest that says it all."""
    old = {"tags": {"CostCenter": {"tag_value": {"@@assign": ["a"]}}, "Old": {"x": 1}, "a.b": 1}}
    new = {"tags": {"CostCenter": {"tag_value": {"@@assign": ["b"]}}, "a.b": 2}, "New": []}
    assert compare_policies(json.dumps(old), json.dumps(new)) == SAME._replace(
        other=(
            "New added",
            "tags.CostCenter.tag_value: + b, - a",
            "tags.Old removed",
            "tags.'a.b': 1 -> 2",
        )
    )


@pytest.mark.parametrize(
    ("statement", "labels"),
    [
        (None, ("null",)),
        (5, ("5",)),
        ("text", ("text",)),
        ([[1], {}], ("[1]", "{}")),
        ({"Sid": {"a": 1}, "Effect": "Deny"}, ("Deny",)),
        ({"Sid": "S"}, ("""S ('{"Sid":"S"}')""",)),
        ({"Action": [{"a": 1}, 2], "Effect": ["Deny"]}, ("""Deny '{"a":1}', 2""",)),
        ({"NotAction": []}, ("no effect all but nothing",)),
    ],
    ids=str,
)
def test_statements_of_any_shape_are_told(statement, labels):
    """Whatever stands where a statement should is labelled, with no Sid but a text."""
    text = json.dumps({"Statement": statement})
    assert compare_policies("{}", text) == SAME._replace(added=labels)
    assert compare_policies(text, "{}") == SAME._replace(removed=labels)


def test_an_empty_list_of_statements_is_not_none():
    """Without any statement the member itself is told, with some the statements are."""
    assert compare_policies('{"Statement": []}', "{}") == SAME._replace(
        other=("Statement removed",)
    )
    assert compare_policies('{"Statement": []}', '{"Statement": 1}') == SAME._replace(added=("1",))


def test_a_sid_of_another_type_is_a_member():
    """What is no text names nothing, yet its change is told."""
    old, new = ({**BUCKETS, "Sid": sid} for sid in ({"a": 1}, {"a": 2}))
    assert changed(old, new) == StatementChange("Deny s3:PutObject, s3:*Acl", ("Sid.a: 1 -> 2",))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Deny all",
        "[]",
        "null",
        '"{}"',
        "{",
        '{"a": NaN}',
        '{"a": "\ud800"}',
        '{"a": "\\ud800"}',
        '{"a": 1e999}',
        "[" * 100_000,
        '{"a":' * 3_000 + "1" + "}" * 3_000,
        '{"a": "' + "x" * 1_000_000 + '"}',
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_what_is_no_object_is_not_comparable(text):
    """Whatever cannot be read as a JSON object is the same only letter for letter."""
    assert compare_policies(text, "{}") == NOT_COMPARABLE
    assert compare_policies("{}", text) == NOT_COMPARABLE
    assert compare_policies(text, "{}").in_words == "text changed (not comparable)"
    assert compare_policies(text, text) == NOT_COMPARABLE._replace(other=())
    assert compare_policies(text, text).same


def test_texts_cannot_pose_as_the_words_around_them():
    """What holds white space, punctuation or anything unseen is quoted and written out."""
    hostile = {"Sid": "A; removed\n\u202e", "Effect": "Deny", "Action": "a (b)", "x; y": 1}
    assert compare_policies(policy(), policy(hostile)).in_words == (
        r"added statement 'A; removed\n\u202e' (Deny 'a (b)')"
    )
    assert compare_policies("{}", '{"x; y": 1}').in_words == "'x; y' added"


def test_long_accounts_end_in_how_many_more_changes():
    """As many changes as fit are told; one that does not fit alone is cut."""
    many = policy(*({**LEAVE, "Sid": f"Statement{number}"} for number in range(100)))
    account = "added statement Statement{} (Deny organizations:LeaveOrganization)"
    assert compare_policies(policy(), many).in_words == (
        "; ".join(account.format(number) for number in range(5)) + " … and 95 more changes"
    )
    long = {**LEAVE, "Action": ["x" * 200] * 9}
    one = compare_policies(policy(LEAVE), policy(long | {"Resource": ["y" * 99, "z" * 99]}))
    assert one.in_words == (
        f"changed statement DenyLeave: actions + {'x' * 100}…, - organizations:LeaveOrganization; "
        f"resources + {'y' * 99}, + {'z' * 78}…"
    )


@pytest.mark.parametrize("member", ["Action", "NotAction", "Condition", "Principal", "Extra"])
def test_long_names_above_many_values_take_no_quadratic_time(member):
    """Names of 100 kB above 20,000 values are read a few times, not once a value."""
    old, new = (
        policy(
            {
                "Sid": "S",
                member: {"q" * 10**5: {"r" * 10**5: [f"{sign}{n}" for n in range(20_000)]}},
            }
        )
        for sign in "ab"
    )
    started = time.process_time()
    assert len(compare_policies(old, new).in_words) <= MAX_WORDS
    assert time.process_time() - started < 5


def test_many_statements_take_no_quadratic_time():
    """Thousands of statements, all of one Sid or of none, are compared at once."""
    started = time.process_time()
    for sid in ({}, {"Sid": "S"}):
        old, new = (policy(*({**sid, "Action": f"{s}:{n}"} for n in range(8_000))) for s in "ab")
        assert compare_policies(old, new).comparable
    assert time.process_time() - started < 5


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
WORDS = st.sampled_from(["a:B", "A:b", "s3:*", "x; y", "é"])
ELEMENTS = st.fixed_dictionaries(
    {},
    optional={
        "Sid": st.sampled_from(["A", "B", ""]) | JSON,
        "Effect": st.sampled_from(["Allow", "Deny"]) | JSON,
        "Action": WORDS | st.lists(WORDS, max_size=3) | JSON,
        "NotAction": WORDS | JSON,
        "Resource": WORDS | st.lists(WORDS, max_size=3) | JSON,
        "Principal": WORDS | JSON,
        "Condition": st.dictionaries(WORDS, st.dictionaries(WORDS, WORDS, max_size=2), max_size=2)
        | JSON,
        "Extra": JSON,
    },
)
POLICIES = st.fixed_dictionaries(
    {}, optional={"Statement": st.lists(ELEMENTS | JSON, max_size=4) | JSON, "Other": JSON}
)
TEXTS = (
    POLICIES.map(json.dumps)
    | JSON.map(json.dumps)
    | st.text(st.characters(exclude_categories=()), max_size=20)
)


@given(TEXTS)
def test_a_text_is_the_same_as_itself(text):
    """Nothing sets a text apart from itself."""
    assert compare_policies(text, text).same


@given(TEXTS, TEXTS)
def test_what_one_adds_the_other_removes(old, new):
    """The difference the other way round has added and removed swapped."""
    there, back = compare_policies(old, new), compare_policies(new, old)
    assert (there.added, there.removed) == (back.removed, back.added)
    assert (len(there.changed), len(there.other)) == (len(back.changed), len(back.other))
    assert there.same == back.same


@given(TEXTS, TEXTS)
def test_any_two_texts_are_compared_in_one_short_line(old, new):
    """Whatever two texts hold, what sets them apart is a short line without anything unseen."""
    difference = compare_policies(old, new)
    assert difference.in_words.isprintable()
    assert 0 < len(difference.in_words) <= MAX_WORDS
    assert all(change.members and all(change.members) for change in difference.changed)


def rewritten(value, draw):
    """A JSON value with its members in another order."""
    if isinstance(value, dict):
        names = draw(st.permutations(sorted(value)))
        return {name: rewritten(value[name], draw) for name in names}
    return [rewritten(item, draw) for item in value] if isinstance(value, list) else value


@given(POLICIES, st.data())
def test_another_order_or_layout_is_the_same(value, data):
    """Members and statements in another order, indented, with or without escapes, say the same."""
    other = rewritten(value, data.draw)
    if isinstance(other.get("Statement"), list):
        other["Statement"] = data.draw(st.permutations(other["Statement"]))
    text = json.dumps(other, indent=data.draw(st.sampled_from([None, 1])), ensure_ascii=False)
    assert compare_policies(json.dumps(value), text).same


@given(st.lists(ELEMENTS, max_size=4), ELEMENTS)
def test_one_statement_more_is_one_added(statements, extra):
    """A statement that joins others, none of which change, is the only difference."""
    difference = compare_policies(policy(*statements), policy(extra, *statements))
    assert difference == SAME._replace(added=difference.added)
    assert len(difference.added) == 1
