"""The service-linked role of ECS if IAM does not create it."""

from typing import cast

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from lamplighter.cli.deploy import service_linked_role
from lamplighter.cli.target import Target


class RefusingTarget:
    """A target whose IAM refuses CreateServiceLinkedRole with an error."""

    endpoint = None

    def __init__(self, code: str, message: str) -> None:
        self.error = {"Code": code, "Message": message}

    def client(self, service: str) -> "RefusingTarget":
        return self

    def create_service_linked_role(self, AWSServiceName: str) -> None:  # noqa: N803 - AWS's name
        raise ClientError({"Error": self.error}, "CreateServiceLinkedRole")


def create_role_and_read_stderr(refusing: RefusingTarget, capsys: pytest.CaptureFixture[str]) -> str:
    service_linked_role.create_role(cast("Target", refusing), Console(), lambda: None)
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_an_existing_role_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    taken = "Service role name AWSServiceRoleForECS has been taken in this account, please try a different suffix."
    assert create_role_and_read_stderr(RefusingTarget("InvalidInput", taken), capsys) == ""


@pytest.mark.parametrize("code", ["AccessDenied", "UnknownOperation"])
def test_a_denied_creation_prints_the_consequence_and_the_command_and_deploy_continues(
    code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    error_output = create_role_and_read_stderr(RefusingTarget(code, "not for you"), capsys)
    assert "AWSServiceRoleForECS could not be created (CreateServiceLinkedRole: not for you)" in error_output
    assert "aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com" in error_output
