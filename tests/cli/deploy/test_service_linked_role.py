"""The service-linked role of ECS, where IAM does not make it."""

from typing import cast

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from lamplighter.cli.deploy import service_linked_role
from lamplighter.cli.target import Target


class Refusing:
    """A target whose IAM refuses, and says why."""

    def __init__(self, code: str, message: str) -> None:
        self.error = {"Code": code, "Message": message}

    def client(self, service: str) -> "Refusing":
        return self

    def create_service_linked_role(self, AWSServiceName: str) -> None:  # noqa: N803 - AWS's name
        raise ClientError({"Error": self.error}, "CreateServiceLinkedRole")


def made(refusing: Refusing, capsys: pytest.CaptureFixture[str]) -> str:
    service_linked_role.create_role(cast("Target", refusing), Console(), lambda: None)
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_a_role_that_is_there_already_is_no_news(capsys: pytest.CaptureFixture[str]) -> None:
    taken = "Service role name AWSServiceRoleForECS has been taken in this account, please try a different suffix."
    assert made(Refusing("InvalidInput", taken), capsys) == ""


@pytest.mark.parametrize("code", ["AccessDenied", "UnknownOperation"])
def test_whoever_may_not_make_it_is_told_what_may_follow_and_goes_on(
    code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = made(Refusing(code, "not for you"), capsys)
    assert "AWSServiceRoleForECS could not be created (CreateServiceLinkedRole: not for you)" in told
    assert "aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com" in told
