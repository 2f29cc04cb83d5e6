"""Clients of botocore, and their errors as `AwsError`; loaded with the first call of a service outside this engine.

botocore is in the extra `aws`. Threads may share a client.
"""

from collections.abc import Iterator
from functools import cache

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.session import Session

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.outbound.aws import CallFailed, InvalidCall


def create_client(service: str, region: str, endpoint: str | None) -> Json:
    """Return a client of a service at an endpoint, or at AWS itself. A call is made once."""
    # Only AWS itself has a host name for each bucket, so other endpoints get the bucket in the path.
    style = {"addressing_style": "auto" if endpoint is None else "path"}
    config = Config(retries={"total_max_attempts": 1}, read_timeout=900, s3=style)
    return _session().create_client(service, region, endpoint_url=endpoint, config=config)


@cache
def _session() -> Session:
    """Return the session of all clients: a new one would read its files again, some 60 ms for each client."""
    return Session()


def call(client: Json, operation: str, params: Json) -> Json:
    """Call one operation and return its answer."""
    try:
        answer: Json = client._make_api_call(operation, params)  # noqa: SLF001 - botocore's name for a call by operation
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


def read_chunks(body: Json, size: int) -> Iterator[bytes]:
    """Yield a stream of an answer piece by piece. Raises `CallFailed` if the connection breaks."""
    try:
        yield from body.iter_chunks(size)
    except BotoCoreError as error:
        raise CallFailed(str(error)) from None
    finally:
        body.close()
