"""The state machines of jobs, one for each."""

import json
import re
from collections.abc import Iterator

from troposphere import AWSObject, Ref, Sub, Tags, stepfunctions

from lamplighter.base.json_text import Json, dumps
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.machine import integrations
from lamplighter.jobs.machine.state_machine import machine
from lamplighter.jobs.stack import arns, console_links, network
from lamplighter.runs import job_machine

_SLOT = re.compile(r"\$\{([A-Za-z0-9]+)\}")
LARGEST = 1024 * 1024
"""Bytes: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""


def resources(project: Project) -> Iterator[AWSObject]:
    """The machines of a project's jobs."""
    for name, job in project.jobs.items():
        yield stepfunctions.StateMachine(
            names.machine(name),
            StateMachineName=project.name(name),
            RoleArn=arns.machine_role(project, name),
            **filled_in(project, machine(project, name)),
            Tags=Tags({**job.tags, "lamplighter:project": project.prefix, "lamplighter:job": name}),
            Metadata={"Lamplighter": {"Job": name, **_usual(job)}},
        )


def _usual(job: Job) -> dict[str, str]:
    """The job's input, for whoever starts it (`runs/default_input.py`): as text, in which nothing looks like a
    function.
    """
    return {"Input": dumps(job.input)} if job.input else {}


def filled_in(project: Project, definition: Json, where: console_links.Place = "anywhere") -> Json:
    """A definition and what is filled in there."""
    written, known = text(definition), slots(project, where)
    filled = {slot: known[slot] for slot in sorted(set(_SLOT.findall(written)) & known.keys())}
    return {"DefinitionString": written, **({"DefinitionSubstitutions": filled} if filled else {})}


def slots(project: Project, where: console_links.Place = "anywhere") -> dict[str, Json]:
    """What definitions may have places for, and what comes there."""
    tasks = {names.task(name): Ref(names.task(name)) for name, job in project.jobs.items() if job.workflow is None}
    topics = {names.topic(name): Ref(names.topic(name)) for name, each in project.channels.items() if each.sns is None}
    calls = {call: Sub(integrations.resource(call, "${AWS::Partition}")) for call in integrations.CALLS}
    return {
        **console_links.slots(where),
        **network.slots(),
        **tasks,
        **topics,
        **calls,
        job_machine.WATCH: Ref(job_machine.WATCH),
    }


def text(definition: Json) -> str:
    """A definition as a person reads it."""
    return json.dumps(definition, indent=2, ensure_ascii=False).replace(names.DOLLAR, "\\u0024")
