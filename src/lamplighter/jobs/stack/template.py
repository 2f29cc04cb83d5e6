"""Build the one CloudFormation template of a project, for AWS and for this engine.

Guarantees the same bytes for the same file, and a stack that needs no parameters except the images that have to be
built first. Its IAM policies allow what happens and nothing more (`jobs/iam/policy_evaluation.py` checks this).
Settings that only this engine understands are in the metadata of resources, under `Lamplighter`. The parameter
`ConsoleUrl` decides to which console alerts link (`console_links.py`): `lamplighter up` passes the engine's URL, and on
AWS it stays empty.
"""

import json

import yaml
from troposphere import Output, Ref, Template

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.machine.platform import Platform
from lamplighter.jobs.stack import (
    alerts,
    console_links,
    heartbeats,
    network,
    roles,
    schedules,
    state_machines,
    supporting_machines,
    task_definitions,
)
from lamplighter.jobs.stack.heartbeat_ids import destination_ids


def build_template(project: Project, platform: Platform = "anywhere") -> Json:
    """Return the template as a document.

    With the platform `here`, this engine keeps the queues of runs that must not overlap: their state machines have no
    states for that, and tags tell the engine what to do.
    """
    parameters = (*console_links.parameters(), *network.parameters(project), *task_definitions.parameters(project))
    template = Template(
        Description=f"The jobs of {project.prefix}, by lamplighter",
        Metadata={"Lamplighter": {"Project": project.prefix}},
    )
    here = console_links.engine_condition() if destination_ids(project) else {}
    for name, condition in (console_links.conditions() | here | network.conditions(project)).items():
        template.add_condition(name, condition)
    contained = [name for name, job in project.jobs.items() if job.workflow is None]
    resources = (
        *network.network_resources(project),
        *(each for name in project.jobs for each in roles.job_roles(project, name)),
        *roles.shared_roles(project),
        *(each for name in contained for each in task_definitions.task_definition_resources(project, name, platform)),
        *supporting_machines.supporting_resources(project),
        *state_machines.state_machine_resources(project, platform),
        *schedules.schedule_resources(project),
        *alerts.alert_resources(project),
        *heartbeats.heartbeat_resources(project),
    )
    outputs = [
        Output(
            names.state_machine_id(name),
            Description=f"The state machine of the job {name}",
            Value=Ref(names.state_machine_id(name)),
        )
        for name in project.jobs
    ]
    # add_resource and similar methods would enforce AWS's limits; this engine has none, and `lint` reports them.
    template.parameters = {each.title: each for each in parameters}
    template.outputs = {each.title: each for each in (*outputs, console_links.output())}
    document: Json = template.to_dict()
    # Within `template`, each resource would be converted once more.
    document["Resources"] = {each.title: each.to_dict() for each in resources}
    assert len(document["Resources"]) == len(resources), "two resources have one logical id"
    return document


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
