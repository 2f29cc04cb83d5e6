"""Build the one CloudFormation template of a project, for AWS and for this engine.

Guarantees the same bytes for the same file, and a stack that needs no parameters except the images that have to be
built first. Its IAM policies allow what happens and nothing more (`jobs/iam/check_roles.py` checks this).
Settings that only this engine understands are in the metadata of resources, under `Lamplighter`. The parameter
`ConsoleUrl` decides to which console alerts link (`console_links.py`): `lamplighter up` passes the engine's URL, and on
AWS it stays empty.
"""

import json
from collections.abc import Iterator

import yaml

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.file.aws_settings import AwsSettings
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.machine.platform import Platform
from lamplighter.jobs.machine.supported_jobs import supported_jobs
from lamplighter.jobs.stack import (
    console_links,
    network,
    roles,
    schedules,
    state_machines,
    supporting_machines,
    task_definitions,
)
from lamplighter.jobs.stack.alerting import alerts, heartbeats
from lamplighter.jobs.stack.alerting.account_rules import apply_account_rules
from lamplighter.jobs.stack.handover import Handover
from lamplighter.jobs.stack.intrinsic_functions import ref
from lamplighter.jobs.stack.resources import Resource, properties


def build_template(project: Project, platform: Platform = "aws", handover: Handover | None = None) -> Json:
    """Return the template for AWS or for this engine as a document; `handover` divides the slots with another side.

    For this engine, state machines have no states for runs that must not overlap: tags tell the engine what to do.
    """
    if platform == "here":
        project = project.model_copy(update={"aws": AwsSettings()})
    resources = list(_resources(project, platform))
    documents = {each.logical_id: each.document(platform) for each in resources}
    assert len(documents) == len(resources), "two resources have one logical id"
    template = {
        "Description": f"The jobs of {project.prefix}, by lamplighter",
        "Metadata": {"Lamplighter": {"Project": project.prefix, "Platform": platform}},
        "Conditions": {
            **console_links.conditions(platform),
            **network.conditions(project, platform),
        },
        "Outputs": {**_outputs(project), **console_links.outputs(platform)},
        "Parameters": {
            **console_links.parameters(platform),
            **network.parameters(project, platform),
            **task_definitions.parameters(project),
        },
        "Resources": documents if platform == "here" else apply_account_rules(documents, project),
    }
    return template if handover is None else handover.apply(template)


def _resources(project: Project, platform: Platform) -> Iterator[Resource]:
    contained = [name for name, job in project.jobs.items() if job.workflow is None]
    workflows = [name for name, job in project.jobs.items() if job.workflow is not None]
    steps = {step for name in workflows for step in roles.container_jobs(project, name)}
    supported = supported_jobs(project, platform)
    yield from network.network_resources(project, platform)
    yield from roles.job_roles(project)
    yield from roles.shared_roles(project, platform)
    for name in contained:
        yield from task_definitions.task_definition_resources(project, name, platform, steps)
    yield from supporting_machines.supporting_resources(project, supported, platform)
    yield from state_machines.state_machine_resources(project, platform)
    yield from schedules.schedule_resources(project, platform)
    yield from alerts.alert_resources(project, supported, platform)
    yield from heartbeats.heartbeat_resources(project, platform)


def _outputs(project: Project) -> dict[str, Json]:
    """Return an output with the state machine of each job."""
    machines = {name: names.state_machine_id(name) for name in project.jobs}
    return {
        each: properties(Description=f"The state machine of the job {name}", Value=ref(each))
        for name, each in machines.items()
    }


def to_json(document: Json) -> str:
    """Return a template as indented JSON text."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def to_compact_json(document: Json) -> str:
    """Return a template as the text to send, in ASCII: GetTemplate returns other characters as question marks."""
    return json.dumps(document, separators=(",", ":"))


def to_yaml(document: Json) -> str:
    """Return a template as YAML text in which definitions are readable."""
    return yaml.dump(document, Dumper=_ReadableDumper, sort_keys=False, allow_unicode=True, width=120)


class _ReadableDumper(yaml.SafeDumper):
    """A dumper that writes multi-line text as a block, and no aliases."""

    def ignore_aliases(self, _data: Json) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_ReadableDumper.add_representer(str, _represent_text)
