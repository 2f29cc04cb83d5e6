"""What things are called: in a template by logical ids, in a definition by placeholders, on AWS by names.

Promises that one job of one environment has one name everywhere, so that roles can name it before it is there.
"""

from lamplighter.base.json_text import Json

JOB_FILE_NAME = "lamplighter.yaml"
"""What a job file is called."""
SHARED_CLUSTER, SUBNETS, SECURITY_GROUPS, PUBLIC_IP = "Cluster", "Subnets", "SecurityGroups", "PublicIp"
CONSOLE_URL, CONSOLE, OPTIONS = "ConsoleUrl", "Console", "Options"


def logical_id(name: str) -> str:
    """A name as a logical id: nightly-report becomes NightlyReport."""
    return "".join(word[:1].upper() + word[1:] for word in name.split("-"))


def task_definition_id(job: str) -> str:
    """The task definition of a job."""
    return f"{logical_id(job)}Task"


def state_machine_id(job: str) -> str:
    """The state machine of a job."""
    return f"{logical_id(job)}Machine"


def topic_id(channel: str) -> str:
    """The topic of a channel."""
    return f"{logical_id(channel)}Topic"


def image_parameter(job: str) -> str:
    """The parameter that says which image a job's folder was built into."""
    return f"{logical_id(job)}Image"


DOLLAR = "\ue000"
"""Stands in a definition for the dollar of `${` that a job file or workflow says: it is no place to be filled in.

A character for private use, which is written as JSON's \\u0024 (`stack/machines.py`).
"""


def escape_placeholders(value: Json) -> Json:
    """A value of a job file or workflow, of which nothing is to be filled in."""
    if isinstance(value, dict):
        return {name: escape_placeholders(each) for name, each in value.items()}
    if isinstance(value, list):
        return [escape_placeholders(each) for each in value]
    return value.replace("${", f"{DOLLAR}{{") if isinstance(value, str) else value


def placeholder(name: str) -> str:
    """The place in a definition that the template fills in."""
    return f"${{{name}}}"
