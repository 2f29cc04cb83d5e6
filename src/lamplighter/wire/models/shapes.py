"""The services that the wire speaks, and their models as botocore ships them.

Promises to read one model when it is asked for and none before: each costs 5 to 50 ms of the time to start. A service
goes by its signing name, which is what the credential scope of a request says.
See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
"""

from dataclasses import dataclass

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

from lamplighter.wire.models import service_quirks as wording
from lamplighter.wire.models.service_quirks import ServiceQuirks
from lamplighter.wire.protocols import sqs_query

JSON, REST_JSON, QUERY, CBOR = "json", "rest-json", "query", "smithy-rpc-v2-cbor"


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """What is known of a service before its model is read."""

    model: str
    """The name by which botocore knows it."""
    protocols: tuple[str, ...]
    """Its own protocol first."""
    target: str = ""
    """What X-Amz-Target begins with, before the dot."""


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
}


@dataclass(frozen=True, slots=True)
class ServiceShapes:
    """One service in one protocol."""

    name: str
    protocol: str
    model: ServiceModel
    manners: ServiceQuirks

    @property
    def content_type(self) -> bytes:
        """What a JSON answer says it is."""
        return f"application/x-amz-json-{self.model.metadata.get('jsonVersion', '1.0')}".encode()

    def error_shape(self, code: str) -> Shape | None:
        """The model of an error, by its shape's name or by its code on the wire."""
        if code in self.model.shape_names:
            return self.model.shape_for(code)
        return next((shape for shape in self.model.error_shapes if shape.error_code == code), None)


def load_service(name: str, protocol: str) -> ServiceShapes:
    """Read a service's model; KeyError where there is no such service."""
    entry = SERVICES[name]
    description = Loader().load_service_model(entry.model, "service-2")
    if name == "sqs" and protocol == QUERY:
        description = sqs_query.query_model(description)
    return ServiceShapes(name, protocol, ServiceModel(description, entry.model), wording.quirks_of(name))
