"""Fakes of S3, Systems Manager and Secrets Manager, whose contents a test sets."""

import io
from collections.abc import Awaitable, Callable

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness


class FakeServices:
    """The objects, parameters and secrets of the fake services, and the calls that they received."""

    def __init__(self) -> None:
        self.objects: dict[str, str] = {}
        self.parameters: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.calls: list[tuple[str, Json]] = []
        self.before: Callable[[], Awaitable[None]] | None = None
        """Awaited before a call is answered."""

    def can_call(self, _service: str, _operation: str) -> bool:
        return True

    async def call(self, service: str, operation: str, params: Json, _region: str) -> Json:
        self.calls.append((f"{service}:{operation}", params))
        if self.before is not None:
            await self.before()
        try:
            match service:
                case "s3":
                    body = self.objects[f"{params['Bucket']}/{params['Key']}"]
                    return {"Body": io.BytesIO(body.encode()).read()}
                case "ssm":
                    return {"Parameter": {"Value": self.parameters[params["Name"]]}}
                case _:
                    return {"SecretString": self.secrets[params["SecretId"]]}
        except KeyError:
            raise AwsError("There is no such thing.", code="NotFound") from None


def add_fake_services(harness: CloudFormationHarness) -> FakeServices:
    """Connect the harness's engine to fake services and return them."""
    made = FakeServices()
    for name in ("s3", "secretsmanager", "ssm"):  # as an engine with endpoints for them has none of its own
        del harness.engine.bus._services[name]
    harness.engine.services["cloudformation"].service._input_fetcher._remote = made  # type: ignore[attr-defined]
    return made
