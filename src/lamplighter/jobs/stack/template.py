"""A project as one CloudFormation template: the only plan, on AWS and here.

Promises the same bytes for the same file, a stack that comes up without parameters but for the images that have to be
built first, and IAM that allows what happens and nothing beside (`jobs/iam/policy_evaluation.py` judges it). What only
the engine of this box understands is in the metadata of resources, under `Lamplighter`. The parameter `ConsoleUrl` says
whose console alerts link to (`console_links.py`): `lamplighter up` gives the engine's URL, and nobody has to give
anything on AWS.
"""

import json

import yaml
from troposphere import Output, Ref, Template

from lamplighter.base.json_text import Json, loads
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.stack import (
    alerts,
    console_links,
    network,
    roles,
    schedules,
    state_machines,
    supporting_machines,
    task_definitions,
)


def build_template(project: Project) -> Json:
    """The template as a document."""
    parameters = (*console_links.parameters(), *network.parameters(project), *task_definitions.parameters(project))
    made = Template(
        Description=f"The jobs of {project.prefix}, by lamplighter",
        Metadata={"Lamplighter": {"Project": project.prefix}},
    )
    for name, condition in (console_links.conditions() | network.conditions(project)).items():
        made.add_condition(name, condition)
    contained = [name for name, job in project.jobs.items() if job.workflow is None]
    resources = (
        *network.network_resources(project),
        *(each for name in project.jobs for each in roles.job_roles(project, name)),
        *roles.shared_roles(project),
        *(each for name in contained for each in task_definitions.task_definition_resources(project, name)),
        *supporting_machines.supporting_resources(project),
        *state_machines.state_machine_resources(project),
        *schedules.schedule_resources(project),
        *alerts.alert_resources(project),
    )
    outputs = [
        Output(
            names.state_machine_id(name),
            Description=f"The state machine of the job {name}",
            Value=Ref(names.state_machine_id(name)),
        )
        for name in project.jobs
    ]
    # Not by add_resource and the like, which refuse more than AWS takes: one box takes more, and `lint` tells.
    made.parameters = {each.title: each for each in parameters}
    made.resources = {each.title: each for each in resources}
    assert len(made.resources) == len(resources), "two resources have one logical id"
    made.outputs = {each.title: each for each in (*outputs, console_links.output())}
    return loads(json.dumps(made.to_dict()))


def to_json(document: Json) -> str:
    """A template as JSON text."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def to_compact_json(document: Json) -> str:
    """A template as it is sent, in ASCII: of other letters CloudFormation gives back question marks (GetTemplate)."""
    return json.dumps(document, separators=(",", ":"))


def to_yaml(document: Json) -> str:
    """A template as YAML text, in which definitions can be read."""
    return yaml.dump(document, Dumper=_Readable, sort_keys=False, allow_unicode=True, width=120)


class _Readable(yaml.SafeDumper):
    """Writes text of several lines as it is, and nothing by reference."""

    def ignore_aliases(self, _data: Json) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _text)
