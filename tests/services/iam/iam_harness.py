"""An engine harness that calls IAM, and may enforce it."""

from dataclasses import replace

import pytest

from lamplighter.base.aws.role_session import RoleSession, Signer
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from lamplighter.bus import Caller
from lamplighter.engine.engine import Engine
from tests.engine_harness import ACCOUNT, REGION, EngineHarness, RecordingEngine

STATES, TASKS, SCHEDULER = "states.amazonaws.com", "ecs-tasks.amazonaws.com", "scheduler.amazonaws.com"


def document(*statements: Json) -> str:
    """Return the text of a policy."""
    return dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Json, resource: Json = "*", **condition: Json) -> Json:
    """Return a statement that allows an action."""
    given = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**given, "Condition": condition} if condition else given


def trust(**principal: Json) -> str:
    """Return the text of a trust policy."""
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


class IamHarness(EngineHarness):
    """Calls IAM and checks its answers."""

    def iam(self, operation: str, **params: Json) -> Json:
        """Call an operation of IAM."""
        return self.call("iam", operation, **params)

    def expect_error(self, operation: str, service: str = "iam", **params: Json) -> tuple[str, str]:
        """Call an operation that must fail; return the error's code and message."""
        with pytest.raises(AwsError) as error:
            self.call(service, operation, **params)
        return error.value.code, error.value.message

    def role(self, name: str, service: str = STATES, *statements: Json) -> str:
        """Create a role that a service may assume, with the statements as its policy; return its ARN."""
        arn: str = self.iam("CreateRole", RoleName=name, AssumeRolePolicyDocument=trust(Service=service))["Role"]["Arn"]
        if statements:
            self.put_policy(name, *statements)
        return arn

    def put_policy(self, role: str, *statements: Json, name: str = "policy") -> None:
        """Put an inline policy of a role."""
        self.iam("PutRolePolicy", RoleName=role, PolicyName=name, PolicyDocument=document(*statements))


class EnforcingHarness(IamHarness):
    """The engine enforces IAM."""

    def check_as(self, role: str, service: str, operation: str, /, **params: Json) -> Caller:
        """Check a call with temporary credentials of a role, as a request does; return the caller."""
        session = RoleSession(role, "someone")
        caller = Caller(ACCOUNT, REGION, signer=Signer("ASIA", session=session, is_temporary=True))
        self.engine.bus.check_access(self.engine.store.reader, caller, service, operation, params)
        return caller

    def call_in(self, account: str, service: str, operation: str, **params: Json) -> Json:
        """Make a call in another account."""
        return self.run(self.engine.call(Caller(account, REGION), service, operation, params))

    def call_as(self, role: str, service: str, operation: str, /, **params: Json) -> Json:
        """Make a call with temporary credentials of a role, as a request does."""
        caller = self.check_as(role, service, operation, **params)
        answer = self.run(self.engine.call(caller, service, operation, params))
        self.settle()
        return answer

    def denied_as(self, role: str, service: str, operation: str, /, **params: Json) -> str:
        """Make a call with temporary credentials of a role, which must be denied; return the message."""
        with pytest.raises(AwsError) as error:
            self.call_as(role, service, operation, **params)
        assert "AccessDenied" in error.value.code or error.value.code == "AuthorizationError", error.value
        return error.value.message

    async def _open(self) -> Engine:
        config = replace(self.config, enforce_iam=True)
        return await RecordingEngine.open(config, self._world, self.runtime)


def role_arn(name: str) -> str:
    """Return the ARN of a role without a path."""
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"
