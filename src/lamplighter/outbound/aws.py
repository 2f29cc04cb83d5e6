"""Call AWS services outside this engine: at endpoints that the user configured, or at AWS itself.

Calls of AWS itself use the user's own credentials. Guarantees that only configured services are called. A call that a
crash interrupts is repeated: at least once, like Step Functions' own calls. See
https://boto3.amazonaws.com/v1/documentation/api/latest/guide/configuration.html.
"""

import asyncio
from collections.abc import Callable, Mapping

from lamplighter.base.aws.service_model import ServiceModel, read_definition, service_names
from lamplighter.base.errors import Bug, MissingLibrary, ServiceError, require
from lamplighter.base.json_text import Json
from lamplighter.base.modules import is_installed, load_object
from lamplighter.base.threads import run_in_own_thread
from lamplighter.outbound.service_names import names_by_sdk_identifier

Call = Callable[[str, Json], Json]
"""A function that takes an operation and its parameters and returns the answer; it raises `AwsError`."""
MAX_CALLS = 100
"""The most calls that wait for answers at once, each in a thread; further ones wait for their turn."""
AWS = "aws"
"""The value, in the place of an endpoint's URL, that selects AWS itself."""


class NeedsLibrary(ServiceError, code="ValidationException"):
    """The error for a service whose model or client is in an extra that is not installed."""


class CallFailed(ServiceError, code="SdkClientException", status=503):
    """The error for a service that cannot be reached."""


class InvalidCall(ServiceError, code="SdkClientException"):
    """The error for parameters that do not fit the operation; no call was made."""


class RemoteServices:
    """The configured services outside this engine, by botocore's names."""

    def __init__(self, endpoints: Mapping[str, str]) -> None:
        self._endpoints = endpoints
        self._models: dict[str, ServiceModel] = {}
        self._clients: dict[tuple[str, str], Json] = {}
        self._names_by_identifier: Mapping[str, str] = {}
        self._free = asyncio.Semaphore(MAX_CALLS)

    def can_call(self, service: str, operation: str) -> bool:
        """Return whether the operation can be called: AWS has it, and its service has a configured endpoint."""
        return service in self._endpoints and self.has_operation(service, operation)

    def has_operation(self, service: str, operation: str) -> bool:
        """Return whether AWS has a service with this operation."""
        model = self._load(service)
        return model is not None and operation in model.operation_names

    def has_service(self, service: str) -> bool:
        """Return whether AWS has a service of this name."""
        return self._load(service) is not None

    def botocore_name(self, identifier: str) -> str:
        """Return the service name for an AWS SDK identifier, or the identifier itself if no service has it."""
        if not self._names_by_identifier:
            self._names_by_identifier = names_by_sdk_identifier(service_names())
        return self._names_by_identifier.get(identifier, identifier)

    def model(self, service: str) -> ServiceModel:
        """Return the model of a service."""
        return require(self._load(service), lambda: Bug(f"there is no service {service}"))

    async def call(self, service: str, operation: str, params: Json, region: str) -> Json:
        """Call an operation and return its answer, with all streams read to their end."""
        function = self.call_function(service, region)
        async with self._free:
            return await run_in_own_thread(lambda: _read(function, operation, params))

    def call_function(self, service: str, region: str) -> Call:
        """Return a function that calls a service's operations from a thread; streams of the answer are left unread."""
        client = self._client(service, region)
        call: Callable[[Json, str, Json], Json] = load_object("lamplighter.outbound.aws_client:call")
        return lambda operation, params: call(client, operation, params)

    def _load(self, service: str) -> ServiceModel | None:
        if service not in self._models and service in service_names():
            try:
                self._models[service] = ServiceModel(read_definition(service))
            except MissingLibrary as error:
                raise NeedsLibrary(error) from None
        return self._models.get(service)

    def _client(self, service: str, region: str) -> Json:
        key = service, region
        if key not in self._clients:
            endpoint = None if self._endpoints[service] == AWS else self._endpoints[service]
            if not is_installed("botocore"):
                raise NeedsLibrary(MissingLibrary(f"a call of {service}", "aws"))
            # Load botocore's client only now: most engines do not need it, and it takes 30 ms.
            self._clients[key] = load_object("lamplighter.outbound.aws_client:create_client")(service, region, endpoint)
        return self._clients[key]


def _read(call: Call, operation: str, params: Json) -> Json:
    answer = call(operation, params)
    return {name: value.read() if hasattr(value, "iter_chunks") else value for name, value in answer.items()}
