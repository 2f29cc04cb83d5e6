"""Define the errors of states by AWS's names, and which Retry and Catch rules match them.

See https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html.
"""

from lamplighter.base.errors import LamplighterError

ALL = "States.ALL"
TASK_FAILED = "States.TaskFailed"
TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
RUNTIME = "States.Runtime"
DATA_LIMIT = "States.DataLimitExceeded"
INTRINSIC = "States.IntrinsicFailure"
RESULT_PATH = "States.ResultPathMatchFailure"
QUERY = "States.QueryEvaluationError"
PERMISSIONS = "States.Permissions"
TOLERANCE_EXCEEDED = "States.ExceedToleratedFailureThreshold"
READER_FAILED = "States.ItemReaderFailed"
WRITER_FAILED = "States.ResultWriterFailed"

MAX_BYTES = 262_144
"""The largest input, output or result of a state: 256 KiB of UTF-8."""


class StateError(LamplighterError):
    """A state failed; Retry, Catch and the history use `error` and `cause`."""

    def __init__(
        self, error: str | None, cause: str | None = None, *, located: bool = False, field: str | None = None
    ) -> None:
        super().__init__(error, cause)
        self.error = error
        self.cause = cause
        self.located = located
        """True if the reported cause begins with the name of the state and its event id."""
        self.field = field
        """The field whose evaluation failed, for EvaluationFailed; "" if AWS names none, None for other errors."""


def runtime_error(cause: str) -> StateError:
    """Return a States.Runtime error, which is never retried or caught and ends the execution."""
    return StateError(RUNTIME, cause, located=True)


def result_too_large(state: str) -> StateError:
    """Return the error for a result that is larger than AWS allows."""
    return StateError(
        DATA_LIMIT,
        f"The state/task '{state}' returned a result with a size exceeding the maximum number of bytes service limit.",
    )


def matches_error(names: tuple[str, ...], error: str | None) -> bool:
    """Return whether a retrier or catcher with these ErrorEquals matches an error.

    "States.ALL … does not catch States.DataLimitExceeded or States.Runtime"; "States.TaskFailed … matches any error
    except for States.Timeout". States.Timeout also matches a missed heartbeat.
    """
    if error == RUNTIME:
        return False
    for name in names:
        if name == error:
            return True
        if name == ALL and error != DATA_LIMIT:
            return True
        if name == TASK_FAILED and error not in (TIMEOUT, HEARTBEAT_TIMEOUT, DATA_LIMIT):
            return True
        if name == TIMEOUT and error == HEARTBEAT_TIMEOUT:
            return True
    return False
