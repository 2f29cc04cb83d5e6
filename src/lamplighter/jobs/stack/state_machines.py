"""Build the state machines of jobs, one for each job."""

import json
import re
from collections.abc import Iterator, Mapping

from lamplighter.base.engine_rules import OVERLAP_TAG
from lamplighter.base.json_text import Json, dumps
from lamplighter.jobs import names
from lamplighter.jobs.file.channels import PATTERNS
from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.machine import integrations, overlap_states
from lamplighter.jobs.machine.platform import Platform
from lamplighter.jobs.machine.state_machine import build_definition
from lamplighter.jobs.stack import arns, console_links, network
from lamplighter.jobs.stack.intrinsic_functions import ref, sub
from lamplighter.jobs.stack.resources import Resource, properties, tag_list
from lamplighter.runs.jobs import job_machine

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9]+)\}")
MAX_DEFINITION_BYTES = 1024 * 1024
"""The most bytes of a definition: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""


def state_machine_resources(project: Project, platform: Platform) -> Iterator[Resource]:
    """Yield the state machines of a project's jobs."""
    known = placeholder_values(project, platform)
    for name, job in project.jobs.items():
        yield Resource(
            names.state_machine_id(name),
            "AWS::StepFunctions::StateMachine",
            properties(
                StateMachineName=project.name(name),
                RoleArn=arns.machine_role_arn(project, name),
                **substitute_placeholders(build_definition(project, name, platform), known),
                Tags=tag_list({**names.job_tags(project.prefix, name, job.tags), **_engine_tags(job, platform)}),
            ),
            job=name,
            engine_metadata={"Job": name, **_default_input(job), **_alert_metadata(project, job)},
        )


def _engine_tags(job: Job, platform: Platform) -> dict[str, str]:
    """Return the tag by which this engine queues or replaces runs (`services/states/executions/overlap.py`)."""
    rule = overlap_states.engine_rule(job)
    return {OVERLAP_TAG: rule} if platform == "here" and rule is not None else {}


def _default_input(job: Job) -> dict[str, str]:
    """Return the job's default input (`runs/default_input.py`) as text, in which CloudFormation sees no function."""
    return {"Input": dumps(job.input)} if job.input else {}


def _alert_metadata(project: Project, job: Job) -> dict[str, Json]:
    """Return the channels of each alert pattern, and the topic of each channel (`runs/jobs/job_alerts.py`)."""
    told = {pattern: list(job.notify.channels_of(pattern)) for pattern in PATTERNS if job.notify.channels_of(pattern)}
    used = dict.fromkeys(channel for channels in told.values() for channel in channels)
    known: dict[str, Json] = {
        "Channels": {each: _describe_channel(project, each) for each in used},
        "Late": job.late,
        "Heartbeat": job.heartbeat is not None,
    }
    return {"Notify": told, **{key: value for key, value in known.items() if value}}


def _describe_channel(project: Project, name: str) -> Json:
    """Return a channel's kind, and the name or ARN of its topic. Its address may be a secret and is not repeated."""
    channel = project.channels[name]
    return {"Kind": channel.kind, "Topic": channel.sns or f"{project.prefix}-{name}"}


def substitute_placeholders(definition: Json, known: Mapping[str, Json], indent: int | None = 2) -> Json:
    """Return a definition as text, and the values of those known placeholders that it contains."""
    text = definition_text(definition, indent)
    substitutions = {slot: known[slot] for slot in sorted(set(_PLACEHOLDER.findall(text)) & known.keys())}
    return properties(DefinitionString=text, DefinitionSubstitutions=substitutions or None)


def placeholder_values(project: Project, platform: Platform) -> dict[str, Json]:
    """Return every placeholder that a definition may contain, with its value."""
    tasks = {
        names.task_definition_id(name): ref(names.task_definition_id(name))
        for name, job in project.jobs.items()
        if job.workflow is None
    }
    topics = {
        names.topic_id(name): ref(names.topic_id(name)) for name, each in project.channels.items() if each.sns is None
    }
    calls = {call: sub(integrations.integration_resource(call, "${AWS::Partition}")) for call in integrations.CALLS}
    return {
        **console_links.placeholder_values(platform),
        **network.placeholder_values(platform),
        **tasks,
        **topics,
        **calls,
        job_machine.LATE_RUNS: ref(job_machine.LATE_RUNS),
    }


def definition_text(definition: Json, indent: int | None = 2) -> str:
    """Return a definition as JSON text; without an indent, it has no spaces between its parts."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(definition, indent=indent, separators=separators, ensure_ascii=False)
    return text.replace(names.ESCAPED_DOLLAR, "\\u0024")
