"""Define the three roles, and which role each operation of an API needs.

`look` reads. `run` also uses what is there: it starts and stops runs, and sends messages and events. `change` may do
everything. Guarantees that an operation which is not listed here needs `change`, unless its service declares that it
only reads. Some operations that store nothing have effects all the same; they are listed.

RunTask and TestState need `change`: a caller chooses the command that they run. So does the start of a run whose input
overrides a job's command or environment.
"""

from collections.abc import Mapping
from enum import StrEnum

from lamplighter.base.json_text import Json, loads_or
from lamplighter.runs.jobs.job_machine import LAMPLIGHTER_KEY, own_settings


class Role(StrEnum):
    """What a person or a key may do; each role includes the ones before it."""

    LOOK = "look"
    RUN = "run"
    CHANGE = "change"

    def allows(self, needed: "Role") -> bool:
        """Return whether this role includes another one."""
        roles = list(Role)
        return roles.index(self) >= roles.index(needed)


DATA_OPERATIONS: Mapping[str, frozenset[str]] = {
    "events": frozenset({"PutEvents"}),
    "logs": frozenset({"CreateLogStream", "PutLogEvents"}),
    "s3": frozenset(
        {
            *("AbortMultipartUpload", "CompleteMultipartUpload", "CopyObject", "CreateMultipartUpload", "DeleteObject"),
            *("DeleteObjectTagging", "DeleteObjects", "PutObject", "PutObjectTagging", "UploadPart", "UploadPartCopy"),
        }
    ),
    "monitoring": frozenset({"PutMetricData"}),
    "sns": frozenset({"Publish", "PublishBatch"}),
    "sqs": frozenset(
        {
            *("ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "DeleteMessage", "DeleteMessageBatch"),
            *("ReceiveMessage", "SendMessage", "SendMessageBatch"),
        }
    ),
    "states": frozenset(
        {"GetActivityTask", "SendTaskFailure", "SendTaskHeartbeat", "SendTaskSuccess", "StartSyncExecution"}
    ),
}
"""The operations by which programs exchange data, as CloudTrail's data events: they need `run`, and are not audited."""
RUN_OPERATIONS: Mapping[str, frozenset[str]] = {
    "alerts": frozenset({"Acknowledge"}),
    "ecs": frozenset({"StopTask"}),
    "monitoring": frozenset({"SetAlarmState"}),
    "secretsmanager": frozenset({"BatchGetSecretValue", "GetSecretValue"}),
    "sqs": frozenset({"CancelMessageMoveTask", "StartMessageMoveTask"}),
    "ssm": frozenset({"GetParameter", "GetParameterHistory", "GetParameters", "GetParametersByPath"}),
    # What a key may do, its temporary credentials may do, and no more.
    "sts": frozenset({"AssumeRole", "GetSessionToken"}),
    "states": frozenset({"RedriveExecution", "StartExecution", "StopExecution"}),
}
"""The other operations that need `run`: those which read secrets, too."""
UNSAFE_READS: Mapping[str, frozenset[str]] = {"ecr": frozenset({"PutImage"}), "states": frozenset({"TestState"})}
"""The operations that only read by their service's table, and need `change`."""


def is_data_operation(service: str, operation: str) -> bool:
    """Return whether programs call an operation to exchange data."""
    return operation in DATA_OPERATIONS.get(service, ())


def overrides_job(service: str, operation: str, params: Json) -> bool:
    """Return whether a call starts a run with an input that may override the command or the environment of a job."""
    if service != "states" or operation not in ("StartExecution", "StartSyncExecution"):
        return False
    unreadable: Json = {LAMPLIGHTER_KEY: None}
    return bool(own_settings(loads_or(params.get("input", "{}"), unreadable)))


def needed_role(service: str, operation: str, *, only_reads: bool) -> Role:
    """Return the role that an operation needs; `only_reads` is what its service declares."""
    if is_data_operation(service, operation) or operation in RUN_OPERATIONS.get(service, ()):
        return Role.RUN
    if only_reads and operation not in UNSAFE_READS.get(service, ()):
        return Role.LOOK
    return Role.CHANGE
