"""Format the lines that `up` logs about jobs and about resources that have no effect here."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from lamplighter.base.json_text import Json
from lamplighter.cli.up.apply_plan import AppliedPlan, PlanFault
from lamplighter.cli.up.engine_stacks import ResourceChange, StackResource
from lamplighter.cli.up.stack_plan import StackPlan
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.lint.machine_access import missing_folders
from lamplighter.jobs.lint.missing_secrets import SecretFinding
from lamplighter.runs.jobs.job_machine import is_supporting_machine

STATE_MACHINE, TASK_DEFINITION = "AWS::StepFunctions::StateMachine", "AWS::ECS::TaskDefinition"
MAX_NAMED_RESOURCES = 2
"""The most resources of a type that are listed by name."""
NEW, CHANGED, REMOVED, UNCHANGED, HELD, LEAVING = "+", "~", "-", " ", "!", "…"
CHANGE_SIGNS = NEW + CHANGED + REMOVED
RESOURCE_TITLES: Mapping[str, str] = {
    STATE_MACHINE: "the state machine",
    TASK_DEFINITION: "the task definition",
    "AWS::Scheduler::Schedule": "the schedule",
    "AWS::Scheduler::ScheduleGroup": "the group of schedules",
    "AWS::SNS::Topic": "the topic",
    "AWS::SNS::Subscription": "the subscription",
    "AWS::SQS::Queue": "the queue",
    "AWS::Events::Rule": "the rule",
    "AWS::CloudWatch::Alarm": "the alarm",
    "AWS::Logs::LogGroup": "the log",
    "AWS::ECS::Cluster": "the cluster",
}


def job_lines(plan: StackPlan, applied: AppliedPlan, times: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each job, with a sign for its change and its next run; then for removed and leaving jobs."""
    project = plan.project
    assert project is not None
    statuses = {step.logical: step.status for step in applied.changes}
    width = max(map(len, project.jobs))
    resources = _job_resources(plan)
    for name in project.jobs:
        if name in applied.held:
            yield f"  {HELD} {name:<{width}}  not applied yet, will be retried; until then {times[name]}"
        else:
            yield f"  {_sign(statuses, resources[name], names.state_machine_id(name))} {name:<{width}}  {times[name]}"
    for name in applied.leaving:
        yield f"  {LEAVING} {name}  starts no more runs, and is removed when its last run ends"
    for name in _removed_jobs(project, applied.changes):
        yield f"  {REMOVED} {name}  removed; its log and its runs can still be read"


def move_lines(plan: StackPlan) -> Iterator[str]:
    """Yield a line if the jobs run on AWS since a move, or until one."""
    moved = plan.handover
    if moved is not None and moved.role == "ends":
        yield f"the jobs of {plan.stack} move to AWS at {moved.at}: from then on their schedules start nothing here"
    elif moved is not None and moved.role == "waits":
        yield f"the schedules of {plan.stack} wait here until `lamplighter move --to box` has handed the jobs over"


def format_fault(fault: PlanFault) -> str:
    """Format a fault of a file as a line."""
    if fault.is_temporary:
        return f"{fault.position}: {fault.subject} is delayed, and will be retried: {fault.reason}"
    return f"{fault.position}: error: {fault.subject}: {fault.reason}"


def resource_title(found: StackResource) -> str:
    """Return the everyday name of a resource."""
    return f"{RESOURCE_TITLES.get(found.type, found.type)} {found.logical}"


def _sign(statuses: Mapping[str, str], resources: set[str], machine: str) -> str:
    if statuses.get(machine) == "CREATE_COMPLETE":
        return NEW
    return CHANGED if resources & statuses.keys() else UNCHANGED


def _job_resources(plan: StackPlan) -> Mapping[str, set[str]]:
    """Return the logical IDs of each job's own resources."""
    assert plan.project is not None
    own = {name: {names.task_definition_id(name), names.state_machine_id(name)} for name in plan.project.jobs}
    for title, job in plan.resource_jobs.items():
        if job in own:
            own[job].add(title)
    return own


def _removed_jobs(project: Project, changes: list[ResourceChange]) -> list[str]:
    machines = [each.physical.rpartition(":")[2] for each in changes if (each.type, each.status) == _MACHINE_DELETED]
    jobs = [name.removeprefix(f"{project.prefix}-") for name in machines if not is_supporting_machine(name)]
    return [name for name in jobs if name not in project.jobs]


_MACHINE_DELETED = (STATE_MACHINE, "DELETE_COMPLETE")


def secret_lines(findings: Iterable[SecretFinding], stored: Collection[str], env: Path) -> Iterator[str]:
    """Yield a line for each secret that has no value; `stored` are the references that the engine's stores have."""
    for finding in findings:
        if not finding.found_by_variable and finding.reference not in stored:
            yield f"{finding.job}: its runs will fail: {finding.problem}: {finding.advice(str(env))}"


def oversize_lines(project: Project, limits: Json) -> Iterator[str]:
    """Yield a line for each job that needs more than all tasks together may have: CPU units and MiB."""
    for name, job in project.jobs.items():
        needs = {
            "memory": (job.memory, limits["Memory"], "MiB of memory"),
            "cpu": (job.cpu, limits["Cpu"], "CPU units"),
        }
        for key, (needed, limit, what) in needs.items():
            if job.workflow is None and limit is not None and needed > limit:
                yield (
                    f"{name}: its {key} is {needed:,}, and all tasks together have {limit:,} {what}: "
                    "an attempt starts only when no other task runs"
                )


def folder_lines(project: Project, folder: Path) -> Iterator[str]:
    """Yield a line for each folder that a job mounts and that does not exist."""
    for each in missing_folders(project, folder):
        yield f"{each.job}: its runs will fail: {each.problem}: {each.advice}"


def not_simulated_lines(resources: list[StackResource]) -> Iterator[str]:
    """Yield a line for each type of resource that is recorded but not simulated."""
    types: dict[str, list[str]] = {}
    for each in resources:
        if not each.simulated:
            types.setdefault(each.type, []).append(each.logical)
    for kind, found in sorted(types.items()):
        names = ", ".join(sorted(found)) if len(found) <= MAX_NAMED_RESOURCES else f"{len(found)} of them"
        yield f"    {kind}: {names}"


def job_labels(project: Project) -> Mapping[str, str]:
    """Map the names of the jobs' state machines and task families to the names of the jobs."""
    return {project.name(name): name for name in project.jobs}


def resource_labels(resources: list[StackResource]) -> Mapping[str, str]:
    """Map the names of a stack's state machines and task families to themselves; they have no other labels."""
    machines = [each.physical.rpartition(":")[2] for each in resources if each.type == STATE_MACHINE]
    families = [
        each.physical.rpartition("/")[2].partition(":")[0] for each in resources if each.type == TASK_DEFINITION
    ]
    return {name: name for name in (*machines, *families)}
