"""Name the errors of calls in one place: botocore's if it is installed, otherwise classes of the same names.

botocore is in the extra `aws`. Without it commands call engines only, and the client of engines (`cli/engine_client`)
raises these errors, too. So commands catch the same errors for engines and for AWS.
See https://boto3.amazonaws.com/v1/documentation/api/latest/guide/error-handling.html.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from lamplighter.base.json_text import Json

try:
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        EndpointConnectionError,
        HTTPClientError,
        NoCredentialsError,
        SSLError,
        TokenRetrievalError,
        UnauthorizedSSOTokenError,
    )
    from botocore.exceptions import ConnectionError as Unreachable
    from botocore.parsers import ResponseParserError
except ModuleNotFoundError:

    class ClientError(Exception):  # type: ignore[no-redef]
        """An error that the service answered."""

        def __init__(self, error_response: Json, operation_name: str) -> None:
            error = error_response["Error"]
            super().__init__(f"{operation_name} failed with {error['Code']}: {error['Message']}")
            self.response = error_response
            self.operation_name = operation_name

    class ResponseParserError(Exception):  # type: ignore[no-redef]
        """An answer that is not AWS's."""

    class BotoCoreError(Exception):  # type: ignore[no-redef]
        """A call without an answer."""

        def __init__(self, **details: object) -> None:
            super().__init__(", ".join(map(str, details.values())))
            self.kwargs = details

    class HTTPClientError(BotoCoreError):  # type: ignore[misc,no-redef]
        """A connection that broke."""

    class Unreachable(BotoCoreError):  # type: ignore[misc,no-redef]
        """A server that cannot be reached."""

    class EndpointConnectionError(Unreachable):  # type: ignore[misc,no-redef]
        """A server that does not answer."""

    class SSLError(Unreachable):  # type: ignore[misc,no-redef]
        """A server whose certificate is not trusted."""

    class NoCredentialsError(BotoCoreError):  # type: ignore[misc,no-redef]
        """A call of AWS without credentials."""

    class TokenRetrievalError(BotoCoreError):  # type: ignore[misc,no-redef]
        """A login that failed."""

    class UnauthorizedSSOTokenError(BotoCoreError):  # type: ignore[misc,no-redef]
        """A login that has expired."""


RESOURCE_NOT_FOUND = "ResourceNotFoundException"
"""The code of the error that a schedule, a rule, or a stream of a log does not exist."""
CALL_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
"""The exceptions for a failed call."""


@contextmanager
def ignore_error(*codes: str) -> Iterator[None]:
    """Ignore the error with one of these codes, such as that a resource was deleted after it was listed."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in codes:
            raise


__all__ = [
    "CALL_ERRORS",
    "RESOURCE_NOT_FOUND",
    "BotoCoreError",
    "ClientError",
    "EndpointConnectionError",
    "HTTPClientError",
    "NoCredentialsError",
    "ResponseParserError",
    "SSLError",
    "TokenRetrievalError",
    "UnauthorizedSSOTokenError",
    "Unreachable",
    "ignore_error",
]
