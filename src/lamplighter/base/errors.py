"""Define the root classes of all errors.

An `AwsError` is the caller's mistake or a condition that AWS has an error for. It carries AWS's code and HTTP status,
and its text is AWS's message. A `Bug` is a fault of this program: the engine logs it with its stack trace and answers
the caller with InternalFailure, without details.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from lamplighter.base.json_text import Json

T = TypeVar("T")


class LamplighterError(Exception):
    """The base class of every error that this program raises itself."""


class Bug(LamplighterError):
    """A fault of this program: a case that its code considered impossible. It is never the caller's fault."""


class MissingLibrary(LamplighterError):
    """A feature whose library is in an extra that is not installed; the text names the command that installs it."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs a library that is not installed: pip install 'lamplighter[{extra}]'")


class UnboundedWork(LamplighterError):
    """Work without a known bound, started where other requests would wait for it."""


class AwsError(LamplighterError):
    """An error with AWS's code, HTTP status and message."""

    code = "ValidationException"
    """The error code on the wire, as the service model spells the error shape's code."""
    status = 400
    details: Mapping[str, str] = {}
    """Further elements of the error, in protocols that have them."""
    members: Mapping[str, Json] = {}
    """Further members of the error's shape, in AWS JSON."""
    headers: Mapping[str, str] = {}
    """Further headers of the answer, in protocols that have them."""

    def __init__(self, message: str, *, code: str | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        if status is not None:
            self.status = status


class ServiceError(AwsError):
    """An error of one service.

    A subclass sets its `template`: AWS's message with `{}` for each value that the constructor takes. It sets `code` if
    that is not the name of the class, and `status` if that is not 400. A subclass of an error inherits its code.
    """

    template = "{}"
    detail_names: Sequence[str] = ()
    """The names of the details that the first values are."""

    def __init_subclass__(
        cls, *, template: str | None = None, code: str | None = None, status: int | None = None
    ) -> None:
        if code is not None or ServiceError in cls.__bases__:
            cls.code = code or cls.__name__
        if template is not None:
            cls.template = template
        if status is not None:
            cls.status = status

    def __init__(self, *values: object) -> None:
        super().__init__(self.template.format(*values))
        self.details = dict(zip(self.detail_names, map(str, values), strict=False))


def service_error(
    code: str, template: str = "{}", *, status: int = 400, details: Sequence[str] = ()
) -> type[ServiceError]:
    """Return the class of an error that differs from other errors of its service only in these properties."""

    class Made(ServiceError, code=code, template=template, status=status):
        detail_names = details

    Made.__name__ = code
    return Made


def require(found: T | None, error: Callable[[], Exception]) -> T:
    """Return what was found. Raises the error that `error` builds if it is None."""
    if found is None:
        raise error()
    return found


class ValidationError(AwsError):
    """A request that does not fit its shape; the message lists each violation as AWS does."""


class AccessDenied(AwsError):
    """A request that this server does not accept: its Host header is unknown, or a page of another site sent it."""

    code = "AccessDeniedException"


class MissingAuthentication(AwsError):
    """A request without an AWS signature."""

    code = "MissingAuthenticationTokenException"
    status = 403


class UnknownOperation(AwsError):
    """A request for an operation that the service does not have or that this program does not support."""

    code = "UnknownOperationException"


class Unavailable(AwsError):
    """A request that was not carried out and left no trace; the caller may send it again."""

    code = "ServiceUnavailable"
    status = 503
