"""Decide which jobs share a role, and name the roles.

An account has 1,000 roles, and a stack 500 resources. So jobs that need the same share a role, and no job gets what
another one needs: the name of a shared role contains a hash of what is beyond the plainest job. A job has a role of its
own for what names the job itself: its code's permissions, a workflow, and runs that it stops. See
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
"""

import hashlib
from collections.abc import Sequence

from lamplighter.base.json_text import Json, dumps
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Job
from lamplighter.jobs.machine.alert_states import has_late_alert
from lamplighter.jobs.machine.skip_alert import skip_channels


def execution_role_id(job: Job) -> str:
    """Return the logical id of the role that pulls a job's images, reads its secrets and writes its log."""
    return _shared_id("ExecutionRole", secret_references(job))


def task_role_id(job: Job, name: str) -> str:
    """Return the logical id of the role of a job's own code."""
    return f"{names.logical_id(name)}TaskRole" if _has_own_task_role(job) else "TaskRole"


def machine_role_id(job: Job, name: str) -> str:
    """Return the logical id of the role of a job's state machine."""
    if has_own_machine_role(job):
        return f"{names.logical_id(name)}MachineRole"
    needs: list[Json] = [
        job.cluster,
        job.roles.execution or execution_role_id(job),
        job.roles.task,
        job.overlap != "allow",
        has_late_alert(job),
        alerted_channels(job),
        bool(job.notify.caught),
    ]
    return _shared_id("MachineRole", [] if needs == _PLAIN else needs)


_PLAIN: list[Json] = [None, "ExecutionRole", None, False, False, [], False]
"""What the state machine of a plain job needs."""


def has_own_machine_role(job: Job) -> bool:
    """Return whether the role of a job's state machine serves this job only."""
    own_task_role = job.roles.task is None and _has_own_task_role(job)
    return job.workflow is not None or job.overlap == "cancel-previous" or own_task_role


def _has_own_task_role(job: Job) -> bool:
    return bool(job.permissions) or bool(job.image is not None and any(volume.efs for volume in job.all_volumes))


def alerted_channels(job: Job) -> list[str]:
    """Return the channels that a job's runs alert themselves."""
    return list(dict.fromkeys((*job.notify.caught, *skip_channels(job))))


def secret_references(job: Job) -> list[str]:
    """Return the references to all secrets of a job and its sidecars, each once."""
    sidecars = (where for sidecar in job.sidecars.values() for where in sidecar.secrets.values())
    return sorted({*job.secrets.values(), *sidecars})


def _shared_id(kind: str, needs: Sequence[Json]) -> str:
    return kind + (hashlib.sha256(dumps(needs).encode()).hexdigest()[:8] if needs else "")
