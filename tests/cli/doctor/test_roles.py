"""Roles as IAM describes them."""

import json
from urllib.parse import quote

import pytest

from lamplighter.base.json_text import Json
from lamplighter.cli.doctor.roles import UnreadablePolicy, read_role
from lamplighter.lang.iam_policy.evaluate import allows_action_somewhere
from tests.cli.aws_account import make_client

STATES = "states.amazonaws.com"


def trust_policy(principal: Json, **more: Json) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ({"Service": STATES}, True),
        ({"Service": ["lambda.amazonaws.com", STATES]}, True),
        ({"Service": "states.ap-northeast-1.amazonaws.com"}, True),
        ({"Service": "lambda.amazonaws.com"}, False),
        ({"AWS": "arn:aws:iam::123456789012:root"}, False),
    ],
)
def test_a_role_trusts_the_services_that_its_policy_names(aws: str, principal: Json, expected: bool) -> None:
    iam = make_client(aws, "iam")
    iam.create_role(RoleName="batch", AssumeRolePolicyDocument=trust_policy(principal))
    found = read_role(iam, "arn:aws:iam::123456789012:role/service-role/batch")
    assert found is not None
    assert found.trusts(STATES) is expected


def test_inline_and_managed_policies_count_in_their_default_version(aws: str) -> None:
    iam = make_client(aws, "iam")
    iam.create_role(RoleName="batch", AssumeRolePolicyDocument=trust_policy({"Service": STATES}))

    def document(action: str) -> str:
        statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    iam.put_role_policy(RoleName="batch", PolicyName="own", PolicyDocument=document("ecs:RunTask"))
    arn = iam.create_policy(PolicyName="managed", PolicyDocument=document("ecs:Old"))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document("sns:Publish"), SetAsDefault=True)
    iam.attach_role_policy(RoleName="batch", PolicyArn=arn)
    found = read_role(iam, "arn:aws:iam::123456789012:role/batch")
    assert found is not None
    assert [each["Action"] for each in found.statements] == ["ecs:RunTask", "sns:Publish"]
    assert allows_action_somewhere(found.statements, "ecs:runtask")
    assert not allows_action_somewhere(found.statements, "ecs:StopTask")


def test_a_missing_role_is_none(aws: str) -> None:
    assert read_role(make_client(aws, "iam"), "arn:aws:iam::123456789012:role/gone") is None


class FakeIam:
    """A fake IAM with one role, whose trust policy is the given document."""

    def __init__(self, document: Json) -> None:
        self.document = document

    def get_role(self, RoleName: str) -> Json:  # noqa: N803 - AWS's name
        return {"Role": {"AssumeRolePolicyDocument": self.document}}

    def get_paginator(self, operation: str) -> "FakeIam":
        return self

    def paginate(self, RoleName: str) -> list[Json]:  # noqa: N803
        return [{"PolicyNames": [], "AttachedPolicies": []}]


def test_url_encoded_documents_are_parsed_and_invalid_ones_rejected() -> None:
    found = read_role(FakeIam(quote(trust_policy({"Service": STATES}))), "arn:aws:iam::123456789012:role/x")
    assert found is not None
    assert found.trusts(STATES)
    with pytest.raises(UnreadablePolicy, match="no JSON"):
        read_role(FakeIam("{'a': 1}"), "arn:aws:iam::123456789012:role/x")
