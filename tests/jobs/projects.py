"""Load projects from job files that a test writes, and deploy them to an engine without CloudFormation."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.jobs import names
from lamplighter.jobs.file.load import LoadedJobFile, load_job_file
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.file.parsing.yaml_document import JobFileError
from lamplighter.jobs.iam import check_roles
from lamplighter.jobs.iam.resolve_template import ResolvedStack
from tests.engine_harness import EngineHarness

CHANNELS = "channels:\n  ops: {email: ops@example.com}\n  dev: {sns: 'arn:aws:sns:us-east-1:123456789012:dev'}\n"


def load_job_text(folder: Path, text: str, environment: str | None = None, **files: str) -> LoadedJobFile:
    """Write a job file (and other files beside it, by name with _ for .) and load it."""
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(dedent(content))
    file = folder / "lamplighter.yaml"
    file.write_text(dedent(text))
    return load_job_file(file, environment)


def collect_problems(folder: Path, text: str, environment: str | None = None, **files: str) -> list[str]:
    """Return the problems of an invalid job file, each as `line:column message -> advice`."""
    try:
        load_job_text(folder, text, environment, **files)
    except JobFileError as error:
        return [
            f"{each.position.line}:{each.position.column} {each.message} -> {each.advice}" for each in error.problems
        ]
    raise AssertionError("it was not refused")


def load_project(folder: Path, jobs: str, **files: str) -> Project:
    """Load a project of these jobs, with the channels ops and dev."""
    indented = "\n".join(f"  {line}" for line in dedent(jobs).strip().split("\n"))
    return load_job_text(folder, f"project: reports\n{CHANNELS}jobs:\n{indented}\n", **files).project


def resolve_stack(project: Project, **parameters: str) -> ResolvedStack:
    """Return the project's stack with its parameters resolved, as if it were deployed; on AWS without a ConsoleUrl."""
    deployed = check_roles.deployed_stack(project, "here" if parameters.get("ConsoleUrl") else "aws")
    return ResolvedStack(deployed.template, {**deployed.parameters, **parameters})


def deploy_project(harness: EngineHarness, project: Project, **parameters: str) -> Mapping[str, str]:
    """Create the stack's clusters, log groups, task definitions and machines; return the machines' ARNs by job."""
    deployed = resolve_stack(project, **parameters)
    for title, resource in deployed.template["Resources"].items():
        properties = deployed.properties(title)
        if resource["Type"] == "AWS::ECS::Cluster":
            harness.call("ecs", "CreateCluster", **_to_api_names(properties))
        if resource["Type"] == "AWS::Logs::LogGroup":
            harness.call("logs", "CreateLogGroup", logGroupName=properties["LogGroupName"])
        if resource["Type"] == "AWS::ECS::TaskDefinition":
            harness.call("ecs", "RegisterTaskDefinition", **_to_api_names(properties))
        if resource["Type"] == "AWS::StepFunctions::StateMachine":
            harness.call(
                "states",
                "CreateStateMachine",
                name=properties["StateMachineName"],
                definition=deployed.definition(title),
                roleArn=properties["RoleArn"],
            )
    return {name: deployed.arn(names.state_machine_id(name)) for name in project.jobs}


def _to_api_names(value: Json) -> Json:
    """Convert CloudFormation's property names to those of ECS's API; the keys of `Options` are data and stay."""
    if isinstance(value, list):
        return [_to_api_names(each) for each in value]
    if isinstance(value, dict):
        return {
            key[:1].lower() + key[1:]: each if key == "Options" else _to_api_names(each) for key, each in value.items()
        }
    return value


def scheduled_input(**input: Json) -> Json:  # noqa: A002 - AWS's word
    """Return the input with which Scheduler starts a run."""
    return loads(dumps({**input, "lamplighter": {"scheduled": "2026-11-25T03:00:00Z"}}))
