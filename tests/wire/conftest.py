"""Use botocore as the client, without a network."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSPreparedRequest, HeadersDict, create_request_object, prepare_request_dict
from botocore.credentials import Credentials
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from lamplighter.base.json_text import Json
from lamplighter.wire.http import HttpRequest, Response
from lamplighter.wire.models.catalog import ModelCatalog
from tests.service_models import botocore_model

ENDPOINT = "http://127.0.0.1:4566"


@pytest.fixture(scope="session")
def catalog() -> ModelCatalog:
    return ModelCatalog()


@pytest.fixture(scope="session")
def make_request(catalog: ModelCatalog) -> Callable[..., HttpRequest]:
    """Serialize and sign a request as boto3 does."""

    def request(
        service: str,
        operation: str,
        params: Json,
        *,
        protocol: str | None = None,
        key: str = "AKIAEXAMPLE",
        presigned: bool = False,
    ) -> HttpRequest:
        service_model = catalog.service(service, protocol)
        serializer = create_serializer(service_model.protocol, include_validation=False)
        request_dict = serializer.serialize_to_request(
            params, botocore_model(service_model.model).operation_model(operation)
        )
        prepare_request_dict(request_dict, endpoint_url=ENDPOINT)
        unsigned = create_request_object(request_dict)
        signer = SigV4QueryAuth if presigned else SigV4Auth
        signer(Credentials(key, "secret"), service, "eu-west-1").add_auth(unsigned)
        return _incoming(unsigned.prepare())

    return request


def _incoming(prepared: AWSPreparedRequest) -> HttpRequest:
    """Return a prepared request as a server receives it."""
    url, body = urlsplit(prepared.url), prepared.body or b""
    named = {
        name.lower(): value.decode() if isinstance(value, bytes) else value for name, value in prepared.headers.items()
    }
    headers = {"host": url.netloc, **named}
    return HttpRequest(
        method=prepared.method,
        path=url.path.encode(),
        query=url.query.encode(),
        headers={name.encode(): value.encode() for name, value in headers.items()},
        body=body.encode() if isinstance(body, str) else body,
    )


@pytest.fixture(scope="session")
def parse_response(catalog: ModelCatalog) -> Callable[..., Json]:
    """Parse a response as boto3 does, including the transport's metadata."""

    def parse(service: str, operation: str, response: Response, *, protocol: str | None = None) -> Json:
        service_model = catalog.service(service, protocol)
        response_dict = {
            "status_code": response.status,
            "headers": HeadersDict({name.decode(): value.decode() for name, value in response.headers}),
            "body": response.body,
        }
        return create_parser(service_model.protocol).parse(
            response_dict, botocore_model(service_model.model).operation_model(operation).output_shape
        )

    return parse
