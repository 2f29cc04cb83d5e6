"""AWS services elsewhere: at an endpoint of the user's choice, or at AWS itself with the user's own credentials.

Promises to call only what was configured. A call that a crash cuts off is made again: at least once, as Step Functions'
own calls are. See https://boto3.amazonaws.com/v1/documentation/api/latest/guide/configuration.html.
"""

import asyncio
from collections.abc import Callable, Mapping

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.loaders import Loader, UnknownServiceError
from botocore.model import ServiceModel

from lamplighter.base.errors import AwsError, Bug, ServiceError
from lamplighter.base.json_text import Json
from lamplighter.base.modules import load_module
from lamplighter.outbound.service_names import names_by_sdk_identifier

Call = Callable[[str, Json], Json]
"""From an operation and its parameters to its answer; raises AwsError."""
AWS = "aws"
"""In the place of a URL: AWS itself."""


class CallFailed(ServiceError, code="SdkClientException", status=503):
    """The service could not be reached."""


class CallRefused(ServiceError, code="SdkClientException"):
    """The parameters do not fit the call, which was not made."""


class RemoteServices:
    """The services that were configured, by botocore's names."""

    def __init__(self, endpoints: Mapping[str, str]) -> None:
        self._endpoints = endpoints
        self._models: dict[str, ServiceModel | None] = {}
        self._clients: dict[tuple[str, str], Json] = {}
        self._spellings: Mapping[str, str] = {}

    def knows(self, service: str, operation: str) -> bool:
        """Whether an operation can be called: its service exists and an endpoint was configured for it."""
        return service in self._endpoints and self.offers(service, operation)

    def offers(self, service: str, operation: str) -> bool:
        """Whether AWS has a service with this operation."""
        model = self._load(service)
        return model is not None and operation in model.operation_names

    def exists(self, service: str) -> bool:
        """Whether AWS has a service of this name."""
        return self._load(service) is not None

    def botocore_name(self, identifier: str) -> str:
        """The name of a service that the AWS SDKs identify so; the same where there is no such service."""
        if not self._spellings:
            self._spellings = names_by_sdk_identifier(Loader().list_available_services("service-2"))
        return self._spellings.get(identifier, identifier)

    def model(self, service: str) -> ServiceModel:
        """The model of a service."""
        model = self._load(service)
        if model is None:
            raise Bug(f"there is no service {service}")
        return model

    async def call(self, service: str, operation: str, params: Json, region: str) -> Json:
        """Call an operation; its answer, streams read to their end."""
        return await asyncio.to_thread(_read, self.caller(service, region), operation, params)

    def caller(self, service: str, region: str) -> Call:
        """What calls the operations of a service from a thread; streams of its answers are left to be read."""
        client = self._client(service, region)
        return lambda operation, params: _call(client, operation, params)

    def _load(self, service: str) -> ServiceModel | None:
        if service not in self._models:
            try:
                description = Loader().load_service_model(service, "service-2")
            except UnknownServiceError:
                return None
            self._models[service] = ServiceModel(description, service)
        return self._models[service]

    def _client(self, service: str, region: str) -> Json:
        key = service, region
        if key not in self._clients:
            endpoint = None if self._endpoints[service] == AWS else self._endpoints[service]
            # Only AWS itself has a host name for each bucket.
            style = {"addressing_style": "auto" if endpoint is None else "path"}
            # Loaded only now: most engines call nothing elsewhere, and it costs the start 30 ms.
            config = load_module("botocore.config").Config(
                retries={"total_max_attempts": 1}, read_timeout=900, s3=style
            )
            self._clients[key] = load_module("boto3").client(
                service, region_name=region, endpoint_url=endpoint, config=config
            )
        return self._clients[key]


def _call(client: Json, operation: str, params: Json) -> Json:
    """One call; a client is safe to share between threads."""
    try:
        answer: Json = client._make_api_call(operation, params)  # noqa: SLF001 - boto3's own name for a call by operation
    except ClientError as error:
        told = error.response["Error"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        raise AwsError(told.get("Message", ""), code=told.get("Code", "Unknown"), status=status) from None
    except ParamValidationError as error:
        raise CallRefused(str(error)) from None
    except BotoCoreError as error:
        raise CallFailed(str(error)) from None
    answer.pop("ResponseMetadata", None)
    return answer


def _read(call: Call, operation: str, params: Json) -> Json:
    answer = call(operation, params)
    return {name: value.read() if hasattr(value, "iter_chunks") else value for name, value in answer.items()}
