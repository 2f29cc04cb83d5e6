"""A client of one service of an engine, with the methods of botocore's clients.

Guarantees the same names of methods, parameters, results and errors as botocore, for the services that commands call on
engines. A call that found no server, or none ready, is made again: five times in all.
See https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace

from lamplighter.base.aws.service_model import OperationModel, ServiceModel
from lamplighter.base.json_text import Json
from lamplighter.base.world import sleep
from lamplighter.cli.call_errors import ClientError, EndpointConnectionError
from lamplighter.cli.engine_client.decode_answer import decode_error, decode_result
from lamplighter.cli.engine_client.encode_request import encode_request
from lamplighter.cli.engine_client.signed_request import (
    Send,
    Signer,
    SigningKeys,
    send_over_http,
    signed_headers,
)
from lamplighter.cli.read_url import Answer
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.models.service_models import SERVICES, load_service

SIGNING_NAMES = {
    SERVICES[name].model: name
    for name in (
        "states",
        "ecs",
        "logs",
        "events",
        "scheduler",
        "cloudformation",
        "sns",
        "sqs",
        "ssm",
        "secretsmanager",
    )
}
"""The services that commands call on engines: botocore's names, and the names for signatures."""
ATTEMPTS = 5
RETRIED_STATUSES = frozenset([500, 502, 503, 504])
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True)
class EngineClient:
    """A client of a service; `client.start_execution(…)` calls StartExecution."""

    service: str
    """botocore's name of the service, one of `SIGNING_NAMES`."""
    region: str
    url: str
    keys: SigningKeys
    send: Send = send_over_http
    """What sends a request."""

    def __getattr__(self, name: str) -> Callable[..., Json]:
        operation = self._operations.get(name)
        if operation is None:
            raise AttributeError(f"{self.service} has no operation {name}")
        return lambda **params: self.call(self._model.operation_model(operation), params)

    @cached_property
    def exceptions(self) -> "ErrorClasses":
        """The classes of the service's errors: `client.exceptions.ExecutionAlreadyExists`."""
        return ErrorClasses()

    @cached_property
    def meta(self) -> SimpleNamespace:
        """The service's model, as `meta.service_model`."""
        return SimpleNamespace(service_model=self._model, endpoint_url=self.url, region_name=self.region)

    def get_paginator(self, name: str) -> "Paginator":
        """Return what reads all pages of an operation."""
        return Paginator(getattr(self, name), self._model.operation_model(self._operations[name]))

    def call(self, operation: OperationModel, params: Json) -> Json:
        """Call an operation and return its result. Raises `ClientError`, or an error of the connection."""
        version = self._model.metadata["apiVersion"]
        request = encode_request(self._signing_name, version, operation, params)
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            try:
                answer = self._send(request)
            except EndpointConnectionError:
                if last:
                    raise
            else:
                if answer.status < 300:
                    return decode_result(self._protocol, operation, answer.body)
                if last or answer.status not in RETRIED_STATUSES:
                    raise self._error(operation, answer)
            sleep(0.1 * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    @cached_property
    def _signing_name(self) -> str:
        return SIGNING_NAMES[self.service]

    @cached_property
    def _protocol(self) -> str:
        return SERVICES[self._signing_name].protocols[0]

    @cached_property
    def _model(self) -> ServiceModel:
        return load_service(self._signing_name, self._protocol).model

    @cached_property
    def _operations(self) -> Mapping[str, str]:
        return {method_name(name): name for name in self._model.operation_names}

    def _error(self, operation: OperationModel, answer: Answer) -> ClientError:
        error = decode_error(self._protocol, answer)
        response = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": answer.status}}
        return self.exceptions.from_code(error["Code"])(response, operation.name)

    def _send(self, request: HttpRequest) -> Answer:
        """Send a request and return the answer. Raises an error of the connection."""
        query = f"?{request.query.decode()}" if request.query else ""
        headers = signed_headers(request, self.url, Signer(self.keys, self.region, self._signing_name))
        return self.send(request.method, f"{self.url}{request.path.decode()}{query}", headers, request.body)


class ErrorClasses:
    """The classes of a service's errors by their codes, each made when it is first needed."""

    def __init__(self) -> None:
        self._classes: dict[str, type[ClientError]] = {}

    def __getattr__(self, code: str) -> type[ClientError]:
        return self.from_code(code)

    def from_code(self, code: str) -> type[ClientError]:
        """Return the class of the errors with this code."""
        if code not in self._classes:
            self._classes[code] = type(code, (ClientError,), {})
        return self._classes[code]


@dataclass(frozen=True, slots=True)
class Paginator:
    """Reads all pages of an operation."""

    call: Callable[..., Json]
    operation: OperationModel

    def paginate(self, **params: Json) -> Iterator[Json]:
        """Yield the pages; `PaginationConfig={"PageSize": 100}` sets how many entries each has."""
        size = params.pop("PaginationConfig", {}).get("PageSize")
        members = self.operation.input_shape.members if self.operation.input_shape is not None else {}
        token = next(name for name in members if name.lower() == "nexttoken")
        if size is not None:
            params[next(name for name in members if name.lower() in ("maxresults", "limit"))] = size
        while True:
            page = self.call(**params)
            yield page
            if not page.get(token):
                return
            params[token] = page[token]


def method_name(operation: str) -> str:
    """Return the name of an operation's method: start_execution for StartExecution."""
    return _WORD_START.sub("_", operation).lower()
