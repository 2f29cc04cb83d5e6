"""Implement the console's port with boto3, for an AWS account or a remote engine.

Guarantees that no call blocks the event loop, that errors have AWS's codes and messages, and that answers are plain
JSON, as those of an engine are.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from lamplighter.base.errors import AwsError, Unavailable, ValidationError
from lamplighter.base.json_text import Json
from lamplighter.console.ports.plain_json import plain_json
from lamplighter.console.ports.port import EngineCondition, Place
from lamplighter.console.ports.without_audit_log import WithoutAuditLog
from lamplighter.store.audit_log import Actor

Client = Callable[[str, str], Json]
"""A function that creates a boto3 client for a service and a region."""
CallEngine = Callable[[Place, str, str, Json], Json]
"""A function that runs an operation of an engine elsewhere, or returns None if the engine does not have it."""
THREADS = 16
MAX_AWS_CALLS, AWS_LIST_POLL_SECONDS = 100, 60.0
"""The `max_calls` and the `list_poll_seconds` for AWS, whose limits allow this permanently.

AWS lists the executions of a few machines per second, and of a hundred in a burst.
"""
ENGINE_LIMITS = 300, 15.0
BOTO3_NAMES = {"states": "stepfunctions"}
"""boto3's names of services that differ from their signing names."""


class AwsPort(WithoutAuditLog):
    """AWS's APIs through boto3."""

    poll_seconds = 2.0

    def __init__(
        self,
        client: Client,
        default_place: Place,
        title: str,
        endpoint: str | None = None,
        read_health: Callable[[], Json] = lambda: None,
        call_engine: CallEngine = lambda _place, _service, _operation, _params: None,
    ) -> None:
        """`read_health` returns the health document of the engine at the endpoint; None if there is none.

        `call_engine` runs an operation that only an engine has; it returns None on AWS.
        """
        self._call_engine = call_engine
        self._client = client
        self._read_health = read_health
        self._default_place = default_place
        self._clients: dict[tuple[str, str], Json] = {}
        self._threads = ThreadPoolExecutor(THREADS, "console")
        self.title = title
        self.endpoint = endpoint
        self.max_calls, self.list_poll_seconds = (
            (MAX_AWS_CALLS, AWS_LIST_POLL_SECONDS) if endpoint is None else ENGINE_LIMITS
        )

    async def places(self) -> Sequence[Place]:
        """Return the account and region that the port was created for."""
        return [self._default_place]

    async def call(self, place: Place, service: str, operation: str, params: Json, actor: Actor | None = None) -> Json:
        """Call an operation; see `ConsolePort`. CloudTrail, or the other engine, records who did it."""
        del actor
        key = (BOTO3_NAMES.get(service, service), place.region)
        if key not in self._clients:
            self._clients[key] = self._client(*key)
        function = getattr(self._clients[key], xform_name(operation))
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._threads, lambda: function(**params))
        except ClientError as error:
            raise _to_aws_error(error) from None
        except ParamValidationError as error:
            raise ValidationError(str(error)) from None
        except BotoCoreError as error:
            raise Unavailable(f"{self.title} does not answer: {error}") from None
        return {name: plain_json(value) for name, value in answer.items() if name != "ResponseMetadata"}

    async def call_internal(
        self, place: Place, service: str, operation: str, params: Json, actor: Actor | None = None
    ) -> Json:
        """Call an operation that only an engine has; return None on AWS."""
        del actor
        if self.endpoint is None:
            return None
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: self._call_engine(place, service, operation, params)
            )
        except (BotoCoreError, OSError) as error:
            raise Unavailable(f"{self.title} does not answer: {error}") from None

    async def conditions(self) -> Sequence[EngineCondition]:
        """Return the problems that the engine at the endpoint reports; see `ConsolePort`."""
        health = await asyncio.get_running_loop().run_in_executor(self._threads, self._read_health) or {}
        severe = health.get("status") == "unavailable"
        return [
            EngineCondition(each["reason"], each.get("advice", ""), stops_work=severe and at == 0)
            for at, each in enumerate(health.get("conditions", ()))
        ]


def _to_aws_error(error: ClientError) -> AwsError:
    details = error.response.get("Error", {})
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return AwsError(details.get("Message") or str(error), code=details.get("Code", "Unknown"), status=status)
