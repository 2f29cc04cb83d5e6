"""Provide the compiled operations of all services.

Guarantees that each operation is compiled once, when it is first needed, and that two catalogs share only the models,
which nothing changes. Unknown names are not stored, so callers cannot make the catalog grow.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from lamplighter.base.aws.service_model import OperationModel
from lamplighter.base.errors import AwsError, UnknownOperation
from lamplighter.base.json_text import Json
from lamplighter.wire.http import HttpRequest, Response
from lamplighter.wire.models.service_models import (
    CBOR,
    JSON,
    QUERY,
    REST_JSON,
    REST_XML,
    SERVICES,
    ServiceShapes,
    load_service,
)
from lamplighter.wire.models.service_quirks import ServiceQuirks
from lamplighter.wire.models.validate import Check, compile_check
from lamplighter.wire.protocols import aws_json, cbor, query, rest_json, rest_xml

_PROTOCOLS = {
    CBOR: (cbor.make_decoder, cbor.make_encoder, cbor.encode_error),
    JSON: (aws_json.make_decoder, aws_json.make_encoder, aws_json.encode_error),
    REST_JSON: (rest_json.make_decoder, rest_json.make_encoder, rest_json.encode_error),
    REST_XML: (rest_xml.make_decoder, rest_xml.make_encoder, rest_xml.encode_error),
    QUERY: (query.make_decoder, query.make_encoder, query.encode_error),
}
"""How each protocol decodes params, encodes results and encodes errors."""


@dataclass(frozen=True, slots=True)
class CompiledOperation:
    """A compiled operation in one protocol."""

    service: str
    name: str
    decode: Callable[[HttpRequest], Json]
    """Decodes the params. Raises AwsError if they cannot be parsed."""
    check: Check
    members: frozenset[str]
    """The names that params can have."""
    encode: Callable[[Json, str], Response]

    def validate(self, params: Json) -> Json:
        """Check params, and return them without the members that the operation does not have.

        AWS ignores those, too. IAM must not decide by them, because the operation acts on what its own members name.
        """
        self.check(params)
        if self.members.issuperset(params):
            return params
        return {name: value for name, value in params.items() if name in self.members}


class ModelCatalog:
    """The compiled AWS APIs of one engine."""

    def __init__(self) -> None:
        self._operations: dict[tuple[str, str, str], CompiledOperation] = {}
        self._targets: dict[bytes, CompiledOperation] = {}
        self._prefixes = {entry.target: name for name, entry in SERVICES.items() if entry.target}
        self._xml_routes: dict[str, list[tuple[Callable[[HttpRequest], bool], str]]] = {}
        self._routes: dict[str, list[tuple[Callable[[HttpRequest], bool], str]]] = {}

    def service(self, name: str, protocol: str | None = None) -> ServiceShapes:
        """Return a service in the given or its default protocol. Raises UnknownOperation if there is none."""
        entry = SERVICES.get(name)
        if entry is None or (protocol and protocol not in entry.protocols):
            with_protocol = f" with the protocol {protocol}" if protocol else ""
            raise UnknownOperation(f"There is no service '{name}'{with_protocol} here.")
        return load_service(name, protocol or entry.protocols[0])

    def operation(self, service: str, name: str, protocol: str | None = None) -> CompiledOperation:
        """Return an operation of a service. Raises UnknownOperation if the service does not have the operation."""
        service_shapes = self.service(service, protocol)
        key = (service, service_shapes.protocol, name)
        if key not in self._operations:
            self._operations[key] = _compile(service_shapes, name)
        return self._operations[key]

    def operation_of_action(self, service: str, name: str, path: bytes) -> CompiledOperation:
        """Return the operation that a request of the query protocol names. Raises UnknownOperation."""
        quirks = self.service(service, QUERY).quirks
        if name in quirks.account_actions and path.strip(b"/"):
            raise UnknownOperation(quirks.unknown_action.format(service=service, operation=name))
        return self.operation(service, name, QUERY)

    def operation_of_target(self, target: bytes) -> CompiledOperation:
        """Return the operation that an X-Amz-Target names: `AWSStepFunctions.StartExecution`."""
        if target not in self._targets:
            service, name = self.service_of_target(target), target.decode("latin-1").partition(".")[2]
            self._targets[target] = self.operation(service, name, JSON)
        return self._targets[target]

    def service_of_target(self, target: bytes) -> str:
        """Return the service that an X-Amz-Target names. Raises UnknownOperation if there is none."""
        prefix = target.decode("latin-1").partition(".")[0]
        if prefix not in self._prefixes:
            raise UnknownOperation(f"No service here has the target '{prefix}'.")
        return self._prefixes[prefix]

    def operation_of_rpc_path(self, http: HttpRequest) -> CompiledOperation:
        """Return the operation that a path of Smithy RPC names."""
        target, name = cbor.service_and_operation(http)
        return self.operation(self.service_of_target(target.encode()), name, CBOR)

    def operation_of_rest_path(self, service: str, http: HttpRequest) -> CompiledOperation:
        """Return the operation that the request's method and path name."""
        if service not in self._routes:
            model = self.service(service, REST_JSON).model
            operations = map(model.operation_model, model.operation_names)
            self._routes[service] = [(rest_json.make_matcher(operation), operation.name) for operation in operations]
        for matches, name in self._routes[service]:
            if matches(http):
                return self.operation(service, name, REST_JSON)
        raise UnknownOperation(f"The service '{service}' has no operation with this method and path.", status=404)

    def serves_query_only(self, service: str) -> bool:
        """Return whether requests without a target and a path of their own are those of the query protocol."""
        entry = SERVICES.get(service)
        return entry is not None and QUERY in entry.protocols and REST_JSON not in entry.protocols

    def operation_of_xml_path(self, service: str, http: HttpRequest) -> CompiledOperation:
        """Return the operation that the request's method, path, query and headers name."""
        return self.operation(service, self._find_xml_operation(service, http), REST_XML)

    def takes_file(self, service: str, http: HttpRequest) -> bool:
        """Return whether the body of a request is an object, which is stored as a file."""
        model = self.service(service, REST_XML).model
        return rest_xml.takes_file(model.operation_model(self._find_xml_operation(service, http)))

    def _find_xml_operation(self, service: str, http: HttpRequest) -> str:
        if service not in self._xml_routes:
            model = self.service(service, REST_XML).model
            operations = [model.operation_model(name) for name in model.operation_names]
            found = [
                (*rest_xml.make_matcher(each), each.name) for each in operations if each.name not in rest_xml.DEPRECATED
            ]
            found.sort(key=lambda each: -each[0])
            self._xml_routes[service] = [(matches, name) for _, matches, name in found]
        for matches, name in self._xml_routes[service]:
            if matches(http):
                return name
        raise AwsError(
            "The specified method is not allowed against this resource.", code="MethodNotAllowed", status=405
        )

    def encode_error(self, name: str, protocol: str, error: AwsError, request_id: str) -> Response:
        """Encode an error of a service, known or unknown, in this protocol."""
        known = name in SERVICES and protocol in SERVICES[name].protocols
        encode = _PROTOCOLS[protocol][2]
        return encode(self.service(name, protocol) if known else None, error, request_id)


def _compile(service: ServiceShapes, name: str) -> CompiledOperation:
    if name not in service.model.operation_names:
        raise UnknownOperation(service.quirks.unknown_action.format(service=service.name, operation=name))
    model = service.model.operation_model(name)
    make_decoder, make_encoder, _ = _PROTOCOLS[service.protocol]
    check = compile_check(model.input_shape, _quirks(service, model))
    members = frozenset(model.input_shape.members) if model.input_shape is not None else frozenset()
    return CompiledOperation(service.name, name, make_decoder(model), check, members, make_encoder(service, model))


def _quirks(service: ServiceShapes, model: OperationModel) -> ServiceQuirks:
    """Return the words of an operation. One that has ValidationException instead of its service's error uses that."""
    usual, other = service.quirks.violation_code, "ValidationException"
    has_other = usual in service.model.shape_names and model.error_names & {usual, other} == {other}
    return replace(service.quirks, violation_code=other) if has_other else service.quirks
