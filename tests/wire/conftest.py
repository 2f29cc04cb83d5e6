"""botocore at the other end of the line, without a line."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSPreparedRequest, create_request_object, prepare_request_dict
from botocore.credentials import Credentials
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from lamplighter.base.json_text import Json
from lamplighter.wire.http import HttpRequest, Response
from lamplighter.wire.models.catalog import ModelCatalog

ENDPOINT = "http://127.0.0.1:4566"


@pytest.fixture(scope="session")
def catalog() -> ModelCatalog:
    return ModelCatalog()


@pytest.fixture(scope="session")
def ask(catalog: ModelCatalog) -> Callable[..., HttpRequest]:
    """What boto3 does to send a request: serialize and sign it."""

    def request(
        service: str,
        operation: str,
        params: Json,
        *,
        protocol: str | None = None,
        key: str = "AKIAEXAMPLE",
        presigned: bool = False,
    ) -> HttpRequest:
        home = catalog.service(service, protocol)
        serializer = create_serializer(home.protocol, include_validation=False)
        described = serializer.serialize_to_request(params, home.model.operation_model(operation))
        prepare_request_dict(described, endpoint_url=ENDPOINT)
        unsigned = create_request_object(described)
        signer = SigV4QueryAuth if presigned else SigV4Auth
        signer(Credentials(key, "secret"), service, "eu-west-1").add_auth(unsigned)
        return _incoming(unsigned.prepare())

    return request


def _incoming(prepared: AWSPreparedRequest) -> HttpRequest:
    """A prepared request as a server sees it."""
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
def hear(catalog: ModelCatalog) -> Callable[..., Json]:
    """What boto3 makes of an answer, the metadata of transport included."""

    def parse(service: str, operation: str, response: Response, *, protocol: str | None = None) -> Json:
        home = catalog.service(service, protocol)
        described = {
            "status_code": response.status,
            "headers": {name.decode(): value.decode() for name, value in response.headers},
            "body": response.body,
        }
        return create_parser(home.protocol).parse(described, home.model.operation_model(operation).output_shape)

    return parse
