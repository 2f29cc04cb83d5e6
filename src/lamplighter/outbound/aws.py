"""Call AWS services outside this engine: at endpoints that the user configured, or at AWS itself.

Calls of AWS itself use the user's own credentials. Guarantees that only configured services are called. A call that a
crash interrupts is repeated: at least once, like Step Functions' own calls. See
https://boto3.amazonaws.com/v1/documentation/api/latest/guide/configuration.html.
"""

import asyncio
from collections.abc import Callable, Mapping

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from lamplighter.base.errors import AwsError, Bug, ServiceError
from lamplighter.base.json_text import Json
from lamplighter.base.modules import load_object
from lamplighter.base.service_model import ServiceModel, read_definition, service_names
from lamplighter.outbound.service_names import names_by_sdk_identifier

Call = Callable[[str, Json], Json]
"""A function that takes an operation and its parameters and returns the answer; it raises `AwsError`."""
AWS = "aws"
"""The value, in the place of an endpoint's URL, that selects AWS itself."""


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
        model = self._load(service)
        if model is None:
            raise Bug(f"there is no service {service}")
        return model

    async def call(self, service: str, operation: str, params: Json, region: str) -> Json:
        """Call an operation and return its answer, with all streams read to their end."""
        return await asyncio.to_thread(_read, self.call_function(service, region), operation, params)

    def call_function(self, service: str, region: str) -> Call:
        """Return a function that calls a service's operations from a thread; streams of the answer are left unread."""
        client = self._client(service, region)
        return lambda operation, params: _call(client, operation, params)

    def _load(self, service: str) -> ServiceModel | None:
        if service not in self._models and service in service_names():
            self._models[service] = ServiceModel(read_definition(service))
        return self._models.get(service)

    def _client(self, service: str, region: str) -> Json:
        key = service, region
        if key not in self._clients:
            endpoint = None if self._endpoints[service] == AWS else self._endpoints[service]
            # Only AWS itself has a host name for each bucket, so other endpoints get the bucket in the path.
            style = {"addressing_style": "auto" if endpoint is None else "path"}
            # Load botocore's client only now: most engines do not need it, and it takes 30 ms.
            config = load_object("botocore.config:Config")(
                retries={"total_max_attempts": 1}, read_timeout=900, s3=style
            )
            session = load_object("botocore.session:Session")()
            self._clients[key] = session.create_client(service, region, endpoint_url=endpoint, config=config)
        return self._clients[key]


def _call(client: Json, operation: str, params: Json) -> Json:
    """Call one operation and turn botocore's errors into `AwsError`. Threads may share a client."""
    try:
        answer: Json = client._make_api_call(operation, params)  # noqa: SLF001 - botocore's own name for a call by operation
    except ClientError as error:
        details = error.response["Error"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        raise AwsError(details.get("Message", ""), code=details.get("Code", "Unknown"), status=status) from None
    except ParamValidationError as error:
        raise InvalidCall(str(error)) from None
    except BotoCoreError as error:
        raise CallFailed(str(error)) from None
    answer.pop("ResponseMetadata", None)
    return answer


def _read(call: Call, operation: str, params: Json) -> Json:
    answer = call(operation, params)
    return {name: value.read() if hasattr(value, "iter_chunks") else value for name, value in answer.items()}
