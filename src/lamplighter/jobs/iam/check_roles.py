"""Check, before anything runs, whether the generated role of a state machine allows what the machine does.

Guarantees that a workflow's own calls, which only its author knows, are checked too. Roles that the user provides are
not checked, because the job file does not contain their policies.
"""

import json
from dataclasses import replace

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.iam.missing_permission import MissingPermission, missing_permissions
from lamplighter.jobs.iam.required_calls import CallContext
from lamplighter.jobs.iam.resolve_template import ResolvedStack
from lamplighter.jobs.machine.platform import Platform
from lamplighter.jobs.stack.built_images import built_images
from lamplighter.jobs.stack.own_metadata import read_own
from lamplighter.jobs.stack.template import build_template
from lamplighter.runs.jobs.job_machine import PROJECT_TAG
from lamplighter.runs.tasks.log_stream import log_stream_name

SAMPLE_TASK_ID = "0123456789abcdef0123456789abcdef"
MAX_POLICY_CHARACTERS = 10_240
"""The most characters of all inline policies of a role:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


def deployed_stack(project: Project, platform: Platform = "aws") -> ResolvedStack:
    """Return a project's template as if it were deployed."""
    images = {each.parameter: "built" for each in built_images(project)}
    return ResolvedStack(build_template(project, platform), images)


def call_context(stack: ResolvedStack, machine: str = "", readable_runs: tuple[str, ...] = ()) -> CallContext:
    """Collect the ARNs, roles and log streams that a machine's definition only references.

    Without a machine, they are those of all machines of the stack.
    """
    resources = stack.template["Resources"]
    tasks = [title for title, each in resources.items() if each["Type"] == "AWS::ECS::TaskDefinition"]
    given = {stack.arn(title): stack.properties(title) for title in tasks}
    roles = {arn: tuple(dict.fromkeys((each["ExecutionRoleArn"], each["TaskRoleArn"]))) for arn, each in given.items()}
    streams = {arn: _log_stream_arn(stack, each["ContainerDefinitions"][0]) for arn, each in given.items()}
    tags = {f"aws:ResourceTag/{PROJECT_TAG}": read_own(stack.template, "Project")}
    return CallContext(stack.arn(machine) if machine else "", roles, streams, readable_runs, tags)


def _log_stream_arn(stack: ResolvedStack, container: Json) -> str:
    """Return the ARN of a container's log stream, named as the awslogs driver names it."""
    options = container["LogConfiguration"]["Options"]
    name = log_stream_name(options["awslogs-stream-prefix"], container["Name"], SAMPLE_TASK_ID)
    return stack.log_stream(options["awslogs-group"], name)


def missing_job_permissions(stack: ResolvedStack, job: str, context: CallContext) -> list[MissingPermission]:
    """Return the calls of a job's state machine that its generated role does not allow.

    `context` is that of all machines.
    """
    title = names.state_machine_id(job)
    definition = json.loads(stack.definition(title))
    statements = machine_statements(stack, job)
    return missing_permissions(definition, statements, replace(context, machine=stack.arn(title)))


def machine_statements(stack: ResolvedStack, job: str) -> list[Json]:
    """Return the statements of the role of a job's state machine."""
    role = stack.template["Resources"][names.state_machine_id(job)]["Properties"]["RoleArn"]
    return stack.statements(role["Fn::GetAtt"][0])


def policy_size(stack: ResolvedStack, job: str) -> int:
    """Return the length of the policy of a state machine's role; IAM does not count white space."""
    return len(json.dumps(machine_statements(stack, job), separators=(",", ":")))
