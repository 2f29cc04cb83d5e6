"""Implement the console's port for a command, with its target's clients, so that commands read as the console does.

One call runs at a time, in a thread: an engine that is read while it does not run answers in one thread only.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.cli.call_errors import ClientError
from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.engine_client.client import SIGNING_NAMES, method_name
from lamplighter.cli.internal_calls import call_engine
from lamplighter.cli.target import Target
from lamplighter.console.calls import CallContext, Calls
from lamplighter.console.ports.plain_json import plain_json
from lamplighter.console.ports.port import EngineCondition, Place
from lamplighter.console.ports.without_audit_log import WithoutAuditLog
from lamplighter.store.audit_log import Actor

SERVICE_NAMES = {signing: service for service, signing in SIGNING_NAMES.items()}
"""botocore's names of services by their names for signatures."""


class CommandPort(WithoutAuditLog):
    """The APIs of a command's target."""

    title = "the target"
    poll_seconds = list_poll_seconds = 1.0
    max_calls = 1000

    def __init__(self, target: Target, place: Place) -> None:
        self._target = target
        self._place = place
        self._clients: dict[str, Json] = {}
        self._thread = ThreadPoolExecutor(1, "calls")

    @property
    def endpoint(self) -> str | None:
        """The engine's URL; see `ConsolePort`."""
        return self._target.endpoint

    async def places(self) -> Sequence[Place]:
        """Return the command's account and region."""
        return [self._place]

    async def call(self, place: Place, service: str, operation: str, params: Json, actor: Actor | None = None) -> Json:
        """Call an operation; see `ConsolePort`."""
        del place, actor
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: self._call(service, operation, params)
        )

    def _call(self, service: str, operation: str, params: Json) -> Json:
        if service not in self._clients:
            self._clients[service] = self._target.client(SERVICE_NAMES[service])
        try:
            answer = getattr(self._clients[service], method_name(operation))(**params)
        except ClientError as error:
            details = error.response["Error"]
            raise AwsError(details.get("Message") or str(error), code=details["Code"], status=400) from None
        return {name: plain_json(value) for name, value in answer.items() if name != "ResponseMetadata"}

    async def call_internal(
        self, place: Place, service: str, operation: str, params: Json, actor: Actor | None = None
    ) -> Json:
        """Call an operation that only an engine has; see `ConsolePort`."""
        del actor
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: call_engine(self._target, place, service, operation, params)
        )

    async def conditions(self) -> Sequence[EngineCondition]:
        """Return nothing: commands report an engine's problems themselves."""
        return ()


def command_calls(context: CommandContext, world: World) -> Calls:
    """Return the calls of a command in the account and region of its target."""
    return Calls(CallContext(CommandPort(context.target, context.place), world), context.place)
