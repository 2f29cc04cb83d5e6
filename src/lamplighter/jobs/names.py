"""Derive the names of a job's resources: logical ids in a template, placeholders in a definition, names on AWS.

Guarantees that a job has one name per environment, so that roles can refer to it before it exists.
"""

from collections.abc import Mapping

from lamplighter.base.json_text import Json, convert_members
from lamplighter.runs.jobs.job_machine import JOB_TAG, PROJECT_TAG

JOB_FILE_NAME = "lamplighter.yaml"
"""The usual name of a job file."""
SHARED_CLUSTER, SUBNETS, SECURITY_GROUPS, PUBLIC_IP = "Cluster", "Subnets", "SecurityGroups", "PublicIp"
CONSOLE_URL, CONSOLE, OPTIONS = "ConsoleUrl", "Console", "Options"


def logical_id(name: str) -> str:
    """Return a name as a logical id: nightly-report becomes NightlyReport."""
    return "".join(word[:1].upper() + word[1:] for word in name.split("-"))


def task_definition_id(job: str) -> str:
    """Return the logical id of a job's task definition."""
    return f"{logical_id(job)}Task"


def state_machine_id(job: str) -> str:
    """Return the logical id of a job's state machine."""
    return f"{logical_id(job)}Machine"


def topic_id(channel: str) -> str:
    """Return the logical id of a channel's topic."""
    return f"{logical_id(channel)}Topic"


def image_parameter(job: str, sidecar: str | None = None) -> str:
    """Return the name of the template parameter with the image that was built for a job or one of its sidecars."""
    return f"{logical_id(job)}Image" if sidecar is None else f"{logical_id(job)}Sidecar{logical_id(sidecar)}Image"


ESCAPED_DOLLAR = "\ue000"
r"""The replacement for the dollar of `${` in texts of a job file or workflow, so that CloudFormation ignores it.

A character of the private use area; the definition's JSON has `\u0024` in its place (`stack/state_machines.py`).
"""


def escape_placeholders(value: Json) -> Json:
    """Return a value of a job file or workflow in which CloudFormation replaces nothing."""
    if isinstance(value, str):
        return value.replace("${", f"{ESCAPED_DOLLAR}{{")
    return convert_members(value, escape_placeholders)


def placeholder(name: str) -> str:
    """Return the placeholder in a definition that the template replaces."""
    return f"${{{name}}}"


def job_tags(prefix: str, job: str, tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of a job's resources: its own, and those that name the project and the job."""
    return {**tags, PROJECT_TAG: prefix, JOB_TAG: job}
