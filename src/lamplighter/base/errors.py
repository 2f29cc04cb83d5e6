"""The one tree of errors.

An `AwsError` is the caller's mistake or a state of affairs that AWS has a name for: it carries AWS's code and HTTP
status and its text is AWS's message. A `Bug` is ours: it is logged with its stack trace and told to the caller as
InternalFailure, without details.
"""


class LamplighterError(Exception):
    """The root of every error that this program raises itself."""


class Bug(LamplighterError):
    """Something happened that this program believed impossible; never the caller's fault."""


class MayTakeLong(LamplighterError):
    """Nobody can tell beforehand how long the work takes: it must not be done where others wait for it."""


class AwsError(LamplighterError):
    """An error in AWS's words."""

    code = "ValidationException"
    """The name on the wire, as the service model spells the error shape's code."""
    status = 400

    def __init__(self, message: str, *, code: str | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        if status is not None:
            self.status = status


class ServiceError(AwsError):
    """An error of one service.

    A subclass says its `template`, AWS's message with `{}` for each value that the constructor takes, its `code` where
    that is not the name of the class, and its `status` where that is not 400. A subclass of an error inherits its code.
    """

    template = "{}"

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


class ValidationError(AwsError):
    """The request does not fit its shape; the message lists each violation as AWS does."""


class AccessDenied(AwsError):
    """The request is not allowed to reach this server."""

    code = "AccessDeniedException"


class MissingAuthentication(AwsError):
    """The request carries no AWS signature."""

    code = "MissingAuthenticationTokenException"
    status = 403


class UnknownOperation(AwsError):
    """The service has no operation of this name, or this program does not serve it."""

    code = "UnknownOperationException"


class Unavailable(AwsError):
    """The request was not carried out and nothing of it was kept; send it again."""

    code = "ServiceUnavailable"
    status = 503
