"""What goes wrong inside a state, by the names that AWS gives it.

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
EXCEEDED = "States.ExceedToleratedFailureThreshold"
READER_FAILED = "States.ItemReaderFailed"
WRITER_FAILED = "States.ResultWriterFailed"

MAX_BYTES = 262_144
"""The largest input, output or result of a state: 256 KiB of UTF-8."""
MAX_EVENTS = 25_000
"""The longest history; event 25,000 is the failure that says so."""


class StateError(LamplighterError):
    """A state cannot go on; `error` and `cause` are what Retry, Catch and the history see."""

    def __init__(
        self, error: str | None, cause: str | None = None, *, located: bool = False, field: str | None = None
    ) -> None:
        super().__init__(error, cause)
        self.error = error
        self.cause = cause
        self.located = located
        """The cause wants the words that say in which state it happened."""
        self.field = field
        """The field of the state whose query failed, for the EvaluationFailed event; "" where AWS names none."""


def runtime_error(cause: str) -> StateError:
    """States.Runtime: never retried or caught, it ends the execution."""
    return StateError(RUNTIME, cause, located=True)


def result_too_large(state: str) -> StateError:
    """A state's result is larger than AWS carries."""
    return StateError(
        DATA_LIMIT,
        f"The state/task '{state}' returned a result with a size exceeding the maximum number of bytes service limit.",
    )


def matches_error(names: tuple[str, ...], error: str | None) -> bool:
    """Whether a retrier or catcher of these ErrorEquals is meant.

    "States.ALL … does not catch States.DataLimitExceeded or States.Runtime"; "States.TaskFailed … matches any error
    except for States.Timeout"; a missed heartbeat is a timeout, too.
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
