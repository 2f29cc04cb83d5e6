"""List the supported services and load their botocore models.

Guarantees that each model is read once in a process and only when it is needed, because each adds 5 to 50 ms to the
start. Nothing changes a model. Services are identified by their signing names, which the credential scope of a request
contains.
See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
"""

import re
from dataclasses import dataclass, replace
from functools import cache

from lamplighter.base.aws.service_model import ServiceModel, Shape, read_definition
from lamplighter.wire.models import service_quirks
from lamplighter.wire.models.service_quirks import ServiceQuirks
from lamplighter.wire.protocols import sqs_query

JSON, REST_JSON, REST_XML, QUERY, CBOR = "json", "rest-json", "rest-xml", "query", "smithy-rpc-v2-cbor"


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """The facts about a service that are known before its model is read."""

    model: str
    """The service's name in botocore."""
    protocols: tuple[str, ...]
    """The supported protocols, the default one first."""
    target: str = ""
    """The part of X-Amz-Target before the dot."""
    part: re.Pattern[str] | None = None
    """Matches in the names of the operations that belong to the part of the service which is here; None means all."""


SERVICES = {
    "states": ServiceEntry("stepfunctions", (JSON,), "AWSStepFunctions"),
    "ecs": ServiceEntry("ecs", (JSON,), "AmazonEC2ContainerServiceV20141113"),
    "events": ServiceEntry("events", (JSON,), "AWSEvents"),
    "scheduler": ServiceEntry("scheduler", (REST_JSON,)),
    "sns": ServiceEntry("sns", (QUERY,)),
    "sqs": ServiceEntry("sqs", (JSON, QUERY), "AmazonSQS"),
    "logs": ServiceEntry("logs", (JSON,), "Logs_20140328"),
    "monitoring": ServiceEntry("cloudwatch", (CBOR, JSON, QUERY), "GraniteServiceVersion20100801"),
    "cloudformation": ServiceEntry("cloudformation", (QUERY,)),
    "iam": ServiceEntry("iam", (QUERY,)),
    "sts": ServiceEntry("sts", (QUERY,)),
    "s3": ServiceEntry("s3", (REST_XML,)),
    "ssm": ServiceEntry("ssm", (JSON,), "AmazonSSM", re.compile("Parameter|Tags")),
    "secretsmanager": ServiceEntry("secretsmanager", (JSON,), "secretsmanager"),
    "ecr": ServiceEntry("ecr", (JSON,), "AmazonEC2ContainerRegistry_V20150921"),
}


@dataclass(frozen=True, slots=True)
class ServiceShapes:
    """The model of a service in one protocol."""

    name: str
    protocol: str
    model: ServiceModel
    quirks: ServiceQuirks

    @property
    def content_type(self) -> bytes:
        """Return the Content-Type of a JSON answer."""
        return f"application/x-amz-json-{self.model.metadata.get('jsonVersion', '1.0')}".encode()

    def error_shape(self, code: str) -> Shape | None:
        """Return the model of an error, by the name of its shape or its code in responses."""
        if code in self.model.shape_names:
            return self.model.shape_for(code)
        return next((shape for shape in self.model.error_shapes if shape.error_code == code), None)

    def query_error_code(self, code: str) -> str:
        """Return an error's code in the query protocol."""
        found = self.quirks.query_error_codes.get(code) or service_quirks.COMMON_QUERY_CODES.get(code)
        shape = None if found else self.error_shape(code)
        return found or (shape is not None and shape.error_code) or code

    def json_error_type(self, code: str) -> str:
        """Return an error's type in a JSON protocol, such as `com.amazonaws.sqs#QueueDoesNotExist`."""
        own, common = self.quirks.error_namespaces
        if code in self.model.shape_names:
            return own + code
        return common + self.quirks.common_error_types.get(code, code)


@cache
def load_service(name: str, protocol: str) -> ServiceShapes:
    """Read a service's model. Raises KeyError if there is no such service."""
    entry = SERVICES[name]
    definition = read_definition(entry.model)
    if entry.part is not None:
        operations = {each: found for each, found in definition["operations"].items() if entry.part.search(each)}
        definition = {**definition, "operations": operations}
    quirks = service_quirks.quirks_of(name)
    if name == "sqs" and protocol == QUERY:
        definition, quirks = sqs_query.query_model(definition), replace(quirks, form_names=True)
    return ServiceShapes(name, protocol, ServiceModel(definition), quirks)
