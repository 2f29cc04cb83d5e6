"""Build the roles of a project, each with exactly the permissions that it needs.

Guarantees the statement that AWS's console forgets: `iam:PassRole` on exactly the roles that RunTask passes, and to ECS
tasks only. RunTask is allowed in one cluster only, on every revision of a job's family, because a run that was started
before an update runs its own revision. StopTask and DescribeTasks are allowed on all tasks of that cluster;
Step Functions stops only its own. `.sync` learns from the managed rule that a task has stopped.
See https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html.
"""

import re
from collections.abc import Iterator, Sequence

from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.base.group_items import group_items
from lamplighter.base.json_text import Json
from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.iam.secret_grants import parse_grant
from lamplighter.jobs.machine import workflow
from lamplighter.jobs.machine.alert_states import has_late_alert
from lamplighter.jobs.machine.platform import Platform
from lamplighter.jobs.machine.supported_jobs import needs_slot_check, starts_by_name
from lamplighter.jobs.stack import arns, role_ids, volumes
from lamplighter.jobs.stack.alerting import dead_letter_queues
from lamplighter.jobs.stack.built_images import job_images
from lamplighter.jobs.stack.intrinsic_functions import get_att, ref
from lamplighter.jobs.stack.policies import allow, allow_service, policy_document
from lamplighter.jobs.stack.resources import Resource, properties
from lamplighter.runs.jobs import job_machine

MANAGED_RULE_RESOURCE = "rule/StepFunctionsGetEventsForECSTaskRule"
PASSED_TO_ECS: Json = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
ECR_IMAGE = re.compile(r"([0-9]{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^:@]+)")
"""The pattern of an image in a private registry of ECR: the account, the region and the repository."""


def job_roles(project: Project) -> Iterator[Resource]:
    """Yield the roles of all jobs, apart from those that the user provides: one for each set of permissions."""
    containers = [name for name, job in project.jobs.items() if job.workflow is None]
    pulling = [name for name in containers if project.jobs[name].roles.execution is None]
    for role, jobs in group_items(pulling, lambda name: role_ids.execution_role_id(project.jobs[name])).items():
        yield iam_role(role, "ecs-tasks", list(execution_permissions(project, jobs)))
    working = [name for name in containers if project.jobs[name].roles.task is None]
    for role, jobs in group_items(working, lambda name: role_ids.task_role_id(project.jobs[name], name)).items():
        job = project.jobs[jobs[0]]
        statements = [*job_permissions(job), *volumes.file_system_permissions(job)]
        yield iam_role(role, "ecs-tasks", statements, job=jobs[0] if statements else None)
    steered = [name for name, job in project.jobs.items() if job.roles.machine is None]
    for role, jobs in group_items(steered, lambda name: role_ids.machine_role_id(project.jobs[name], name)).items():
        is_shared = not role_ids.has_own_machine_role(project.jobs[jobs[0]])
        statements = list(machine_permissions(project, jobs[0], is_shared=is_shared))
        yield iam_role(role, "states", statements, job=None if is_shared else jobs[0])


def shared_roles(project: Project, platform: Platform) -> Iterator[Resource]:
    """Yield the role that schedules share."""
    started = [name for name, job in project.jobs.items() if starts_by_name(job)]
    slot_checks = [ref(job_machine.SLOT_CHECK)] if any(map(needs_slot_check, project.jobs.values())) else []
    if started or slot_checks:
        start = ["states:StartExecution"]
        machines = [*([ref(job_machine.START_RUN)] if started and platform == "aws" else []), *slot_checks]
        statements = [
            *([allow(start, machines)] if machines else []),
            *([allow_on_machines(start, project, started)] if started and platform == "here" else []),
            allow(["sqs:SendMessage"], [get_att(dead_letter_queues.START_QUEUE_ID, "Arn")]),
        ]
        yield iam_role("ScheduleRole", "scheduler", statements)


def allow_on_machines(actions: list[str], project: Project, jobs: Sequence[str]) -> Json:
    """Return a statement that allows actions on the state machines of several jobs.

    A pattern that stands for many jobs may match those of a project whose name begins with the same words. The tag of
    the project leaves them out.
    """
    if len(jobs) <= arns.MAX_LISTED_JOBS:
        return allow(actions, [arns.state_machine_arn(project, job) for job in jobs])
    return _allow_on_own_machines(actions, project)


def _allow_on_own_machines(actions: list[str], project: Project) -> Json:
    return allow(actions, [arns.state_machine_arn(project, "*")], _own_tag(project))


def _own_tag(project: Project) -> Json:
    """Return the condition that leaves out what a pattern matches of another project."""
    return {"StringEquals": {f"aws:ResourceTag/{job_machine.PROJECT_TAG}": project.prefix}}


def job_permissions(job: Job) -> list[Json]:
    """Return the statements for a job's own `permissions`."""
    return [allow(list(each.actions), list(each.resources)) for each in job.permissions]


def execution_permissions(project: Project, jobs: Sequence[str]) -> Iterator[Json]:
    """Yield the statements that the containers of jobs need to start: pull images, read secrets, write logs.

    The jobs read the same secrets. All of a project's jobs may write to all of its logs.
    """
    logs = arns.arn("logs", f"log-group:{arns.log_group_name(project, '*')}:*")
    yield allow(["logs:CreateLogStream", "logs:PutLogEvents"], [logs])
    if pulled := list(_pulled_images(project, jobs)):
        yield allow(["ecr:GetAuthorizationToken"], ["*"])
        yield allow(["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], pulled)
    resources_by_action: dict[str, dict[str, None]] = {}
    for where in role_ids.secret_references(project.jobs[jobs[0]]):
        found = parse_grant(where)
        resources_by_action.setdefault(found.action, {}).update(dict.fromkeys(found.resources))
    for action, resources in resources_by_action.items():
        yield allow([action], [arns.sub_if_needed(each) for each in resources])
    if resources_by_action and project.aws.kms.secrets:
        yield allow(["kms:Decrypt"], list(project.aws.kms.secrets))


def _pulled_images(project: Project, jobs: Sequence[str]) -> Iterator[Json]:
    """Yield the repositories of ECR from which jobs pull their images; many of one registry as one pattern."""
    given = (project.jobs[name] for name in jobs)
    images = (image for job in given for image in (job.image, *(each.image for each in job.sidecars.values())))
    private = dict.fromkeys(match.groups() for image in images if image and (match := ECR_IMAGE.match(image)))
    for (account, region), found in group_items(private, lambda each: each[:2]).items():
        repositories = [each[2] for each in found] if len(found) <= arns.MAX_LISTED_JOBS else ["*"]
        yield from (
            arns.sub_if_needed(f"arn:${{AWS::Partition}}:ecr:{region}:{account}:repository/{each}")
            for each in repositories
        )
    if any(any(job_images(project, name)) for name in jobs):
        yield arns.arn("ecr", f"repository/{project.prefix}/*")


def container_jobs(project: Project, name: str) -> list[str]:
    """Return the jobs whose containers a job's state machine runs."""
    job = project.jobs[name]
    if job.workflow is None:
        return [name]
    return list(dict.fromkeys(state["Job"] for _, state in workflow.job_steps(project.workflows[job.workflow])))


def machine_permissions(project: Project, name: str, *, is_shared: bool = False) -> Iterator[Json]:
    """Yield the statements for everything that a job's state machine does, and if it is shared, those of others."""
    job = project.jobs[name]
    job_names = container_jobs(project, name)
    if job_names:
        yield from _task_permissions(project, job_names, is_shared=is_shared)
    if job.overlap != "allow":
        list_runs = ["states:ListExecutions"]
        yield _allow_on_own_machines(list_runs, project) if is_shared else allow_on_machines(list_runs, project, [name])
    yield from _run_permissions(project, name)
    if has_late_alert(job):
        yield allow(["states:StartExecution"], [ref(job_machine.LATE_RUNS)])
    if told := role_ids.alerted_channels(job):
        yield allow(["sns:Publish"], [arns.topic_arn(project, channel) for channel in told])
    if job.notify.caught and job_names:
        logged = ["*"] if is_shared else job_names
        yield allow(["logs:GetLogEvents"], [arns.log_stream_arns(project, each) for each in logged])
    if job.workflow is not None:
        yield from job_permissions(job)


def _run_permissions(project: Project, name: str) -> Iterator[Json]:
    """Yield the statements for a job's own runs and for the children of a distributed Map.

    See https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html.
    """
    job = project.jobs[name]
    runs, children = arns.execution_arns(project, name), arns.execution_arns(project, name, "/*")
    if job.workflow is not None and is_distributed(project.workflows[job.workflow]):
        yield allow(["states:StartExecution"], [arns.state_machine_arn(project, name)])
        yield allow(["states:DescribeExecution", "states:StopExecution"], [runs, children])
        yield allow(["states:RedriveExecution"], [children])
    elif job.overlap == "cancel-previous":
        yield allow(["states:StopExecution"], [runs])


def is_distributed(definition: Json) -> bool:
    """Return whether a workflow has a distributed Map, whose children are executions."""
    found = [state.get("ItemProcessor") or {} for _, state in walk_states(definition)]
    return any(each.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED" for each in found)


def _task_permissions(project: Project, job_names: list[str], *, is_shared: bool) -> Iterator[Json]:
    """Yield the statements for RunTask and related calls, for the passed roles, and for the managed rule."""
    for jobs in group_items(job_names, lambda name: project.jobs[name].cluster).values():
        first = project.jobs[jobs[0]]
        in_cluster = {"ArnEquals": {"ecs:cluster": arns.cluster_arn(first)}}
        tasks = [arns.task_definition_arns(project, "*" if is_shared else name) for name in jobs]
        yield allow(["ecs:RunTask"], tasks, {**in_cluster, **(_own_tag(project) if is_shared else {})})
        yield allow(["ecs:StopTask", "ecs:DescribeTasks"], [arns.task_arns(project, first)], in_cluster)
        at_creation = {"StringEquals": {"ecs:CreateAction": "RunTask"}}
        yield allow(["ecs:TagResource"], [arns.task_arns(project, first)], at_creation)
    passed_roles: list[Json] = []
    for name in job_names:
        for each in (arns.execution_role_arn(project, name), arns.task_role_arn(project, name)):
            if not isinstance(each, str) or each not in passed_roles:
                passed_roles.append(each)
    yield allow(["iam:PassRole"], passed_roles, PASSED_TO_ECS)
    yield allow(
        ["events:PutTargets", "events:PutRule", "events:DescribeRule"], [arns.arn("events", MANAGED_RULE_RESOURCE)]
    )


def iam_role(logical_id: str, service: str, statements: list[Json], job: str | None = None) -> Resource:
    """Return a role with these statements that a service assumes; `job` is the job to which alone it belongs."""
    own_account = {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}}
    needs = properties(PolicyName="Needs", PolicyDocument=policy_document(statements))
    return Resource(
        logical_id,
        "AWS::IAM::Role",
        properties(
            AssumeRolePolicyDocument=policy_document([allow_service(service, "sts:AssumeRole", condition=own_account)]),
            Policies=[needs] if statements else None,
        ),
        job=job,
    )
