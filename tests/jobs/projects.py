"""Projects for tests, written as files are, and what they come to on an engine without CloudFormation."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.jobs import names
from lamplighter.jobs.file.load import LoadedJobFile, load_job_file
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.file.yaml_document import JobFileError
from lamplighter.jobs.iam import check_roles
from lamplighter.jobs.iam.resolve_template import ResolvedStack
from tests.engine_harness import EngineHarness

CHANNELS = "channels:\n  ops: {email: ops@example.com}\n  dev: {sns: 'arn:aws:sns:us-east-1:123456789012:dev'}\n"


def written(folder: Path, text: str, environment: str | None = None, **files: str) -> LoadedJobFile:
    """Write a job file (and others beside it, by name with _ for .) and read it."""
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(dedent(content))
    file = folder / "lamplighter.yaml"
    file.write_text(dedent(text))
    return load_job_file(file, environment)


def refused(folder: Path, text: str, environment: str | None = None, **files: str) -> list[str]:
    """The problems of a job file, each as `line:column message -> instead`."""
    try:
        written(folder, text, environment, **files)
    except JobFileError as error:
        return [
            f"{each.position.line}:{each.position.column} {each.message} -> {each.advice}" for each in error.problems
        ]
    raise AssertionError("it was not refused")


def project(folder: Path, jobs: str, **files: str) -> Project:
    """A project of these jobs, with the channels ops and dev."""
    indented = "\n".join(f"  {line}" for line in dedent(jobs).strip().split("\n"))
    return written(folder, f"project: reports\n{CHANNELS}jobs:\n{indented}\n", **files).project


def stack(made: Project, **parameters: str) -> ResolvedStack:
    """A project as if it had been deployed."""
    deployed = check_roles.deployed_stack(made)
    return ResolvedStack(deployed.template, {**deployed.parameters, **parameters})


def deploy(harness: EngineHarness, made: Project, **parameters: str) -> Mapping[str, str]:
    """Make on an engine what the template says of clusters, tasks and machines; the ARNs of the machines by job."""
    deployed = stack(made, **parameters)
    for title, resource in deployed.template["Resources"].items():
        properties = deployed.properties(title)
        if resource["Type"] == "AWS::ECS::Cluster":
            harness.call("ecs", "CreateCluster", clusterName=properties["ClusterName"])
        if resource["Type"] == "AWS::Logs::LogGroup":
            harness.call("logs", "CreateLogGroup", logGroupName=properties["LogGroupName"])
        if resource["Type"] == "AWS::ECS::TaskDefinition":
            harness.call("ecs", "RegisterTaskDefinition", **_camel(properties))
        if resource["Type"] == "AWS::StepFunctions::StateMachine":
            harness.call(
                "states",
                "CreateStateMachine",
                name=properties["StateMachineName"],
                definition=deployed.definition(title),
                roleArn=properties["RoleArn"],
            )
    return {name: deployed.arn(names.state_machine_id(name)) for name in made.jobs}


def _camel(value: Json) -> Json:
    """CloudFormation's names as ECS's API spells them; keys that are data have none of its form."""
    if isinstance(value, list):
        return [_camel(each) for each in value]
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: each if key == "Options" else _camel(each) for key, each in value.items()}
    return value


def scheduled_input(**input: Json) -> Json:  # noqa: A002 - AWS's word
    """What Scheduler starts a run with."""
    return loads(dumps({**input, "lamplighter": {"scheduled": "2026-11-25T03:00:00Z"}}))
