"""Conditions, variables and principals of IAM's policies, as AWS evaluates them.

See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html.
"""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.lang.iam_policy.evaluate import (
    Effect,
    IamCall,
    compile_policy,
    decide,
    decide_for_principal,
    evaluate_policy,
)
from lamplighter.lang.iam_policy.principals import Principal
from lamplighter.lang.iam_policy.text_patterns import Context

ACCOUNT = "123456789012"


def holds(operator: str, wanted: Json, **context: str | tuple[str, ...]) -> bool:
    """Return whether a condition on the key `k` holds."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {"k": wanted}}}
    return evaluate_policy([statement], IamCall("a:B", "x", context)).allowed


@pytest.mark.parametrize(
    ("operator", "wanted", "value", "expected"),
    [
        ("NumericLessThan", "10", "9", True),
        ("NumericLessThan", 10, "10", False),
        ("NumericNotEquals", "10", "10.0", False),
        ("NumericEquals", "10", "ten", False),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", True),
        ("DateLessThanEquals", "2026-01-01T00:00:00Z", "1767225600", True),
        ("DateNotEquals", "2026-01-01", "2026-01-02", True),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
        ("IpAddress", ["10.0.0.0/8", "::1"], "::1", True),
        ("NotIpAddress", "10.0.0.0/8", "10.1.2.3", False),
        ("Bool", "true", "true", True),
        ("Bool", True, "false", False),
        ("BinaryEquals", "QmlnIQ==", "QmlnIQ==", True),
        ("ArnNotLike", "arn:aws:s3:::b*", "arn:aws:s3:::c", True),
        ("StringNotLike", ["a*", "b*"], "bc", False),
        ("Unknown", "a", "a", False),
    ],
)
def test_an_operator_compares_a_value(operator: str, wanted: Json, value: str, *, expected: bool) -> None:
    assert holds(operator, wanted, k=value) is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("StringEqualsIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("NumericLessThan", False),
        ("Null", False),
    ],
)
def test_a_missing_key_matches_only_some_operators(operator: str, *, expected: bool) -> None:
    assert holds(operator, "false" if operator == "Null" else "a") is expected


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("ForAllValues:StringEquals", ("a", "b"), True),
        ("ForAllValues:StringEquals", ("a", "c"), False),
        ("ForAllValues:StringNotEquals", ("c", "d"), True),
        ("ForAllValues:StringNotEquals", ("a", "d"), False),
        ("ForAnyValue:StringEquals", ("c", "a"), True),
        ("ForAnyValue:StringEquals", ("c",), False),
        ("ForAnyValue:StringNotEquals", ("a", "c"), True),
        ("ForAnyValue:StringNotEquals", ("a", "b"), False),
    ],
)
def test_a_key_with_several_values_is_compared_by_its_quantifier(
    operator: str, values: tuple[str, ...], *, expected: bool
) -> None:
    assert holds(operator, ["a", "b"], k=values) is expected


@pytest.mark.parametrize(
    ("resource", "found", "context", "expected"),
    [
        ("arn:aws:s3:::b/${aws:PrincipalTag/team}/*", "arn:aws:s3:::b/data/x", {"aws:principaltag/team": "data"}, True),
        ("arn:aws:s3:::b/${aws:PrincipalTag/team}/*", "arn:aws:s3:::b/e/x", {"aws:principaltag/team": "data"}, False),
        ("arn:aws:s3:::b/${aws:PrincipalTag/team}/*", "arn:aws:s3:::b//x", {}, False),
        ("arn:aws:s3:::b/${aws:PrincipalTag/team, 'all'}/*", "arn:aws:s3:::b/all/x", {}, True),
        ("arn:aws:s3:::b/${aws:userid}", "arn:aws:s3:::b/other", {"aws:userid": "*"}, False),
        ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/*", {}, True),
        ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/x", {}, False),
        ("arn:aws:s3:::b/${?}?", "arn:aws:s3:::b/?x", {}, True),
        ("arn:aws:s3:::b/${?}?", "arn:aws:s3:::b/yx", {}, False),
        ("arn:aws:s3:::b/${$}", "arn:aws:s3:::b/$", {}, True),
    ],
)  # fmt: skip
def test_policy_variables_have_the_values_of_the_request(
    resource: str, found: str, context: Context, *, expected: bool
) -> None:
    statement = {"Effect": "Allow", "Action": "*", "Resource": resource}
    policy = compile_policy({"Version": "2012-10-17", "Statement": [statement]})
    assert (decide([policy], "s3:getobject", found, context) is Effect.ALLOW) is expected
    old = compile_policy({"Version": "2008-10-17", "Statement": [statement]})
    assert decide([old], "s3:getobject", found, context) is Effect.IMPLICIT_DENY


def test_a_variable_in_a_condition_has_the_value_of_the_request() -> None:
    assert holds("StringEquals", "${aws:userid}", **{"k": "me", "aws:userid": "me"})
    assert holds("StringLike", "${aws:userid}/*", **{"k": "me/x", "aws:userid": "me"})
    assert not holds("StringEquals", "${aws:userid}", k="me")


SESSION = Principal(
    arns=(f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s", f"arn:aws:iam::{ACCOUNT}:role/r"), account=ACCOUNT
)


@pytest.mark.parametrize(
    ("element", "principal", "expected"),
    [
        ({"Principal": "*"}, SESSION, True),
        ({"Principal": {"AWS": "*"}}, SESSION, True),
        ({"Principal": {"AWS": ACCOUNT}}, SESSION, True),
        ({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}, SESSION, True),
        ({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/r"}}, SESSION, True),
        ({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"}}, SESSION, False),
        ({"Principal": {"AWS": "arn:aws:iam::999999999999:root"}}, SESSION, False),
        ({"NotPrincipal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/r"}}, SESSION, False),
        ({"Principal": {"Service": ["x.amazonaws.com", "states.amazonaws.com"]}}, SESSION, False),
        ({"Principal": {"Service": "states.amazonaws.com"}}, Principal(service="states.amazonaws.com"), True),
        ({"Principal": {"Service": "states.us-east-1.amazonaws.com"}}, Principal(service="states.amazonaws.com"), True),
        ({"Principal": {"AWS": "*"}}, Principal(service="states.amazonaws.com"), True),
    ],
)  # fmt: skip
def test_a_principal_is_a_service_or_an_identity(element: Json, principal: Principal, *, expected: bool) -> None:
    policy = compile_policy({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", **element}]})
    found = decide_for_principal(policy, principal, "sts:assumerole", "x", {})
    assert (found is Effect.ALLOW) is expected
