"""Format the lines that `up` logs about jobs and about resources that have no effect here."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from lamplighter.base.json_text import Json, loads
from lamplighter.cli.up.apply_plan import AppliedPlan, PlanFault
from lamplighter.cli.up.plan import StackPlan
from lamplighter.cli.up.stacks import ResourceChange, StackResource
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.lint.held_secrets import missing_secrets
from lamplighter.runs.job_machine import is_supporting_machine

MACHINE, TASK = "AWS::StepFunctions::StateMachine", "AWS::ECS::TaskDefinition"
FEW = 2
"""The most resources of a type that are listed by name."""
NEW, CHANGED, GONE, SAME, HELD, LEAVING = "+", "~", "-", " ", "!", "…"
NEWS = NEW + CHANGED + GONE
KINDS: Mapping[str, str] = {
    MACHINE: "the state machine",
    TASK: "the task definition",
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
    done = {step.logical: step.status for step in applied.steps}
    width = max(map(len, project.jobs))
    own = _own(plan)
    for name in project.jobs:
        if name in applied.held:
            yield f"  {HELD} {name:<{width}}  not applied yet, will be retried; until then {times[name]}"
        else:
            yield f"  {_sign(done, own[name], names.state_machine_id(name))} {name:<{width}}  {times[name]}"
    for name in applied.removed:
        yield f"  {LEAVING} {name}  starts no more runs, and is removed when its last run ends"
    for name in _gone(project, applied.steps):
        yield f"  {GONE} {name}  removed; its log and its runs can still be read"


def fault_line(found: PlanFault) -> str:
    """Format a fault of a file as a line."""
    if found.passes:
        return f"{found.place}: {found.about} is delayed, and will be retried: {found.reason}"
    return f"{found.place}: error: {found.about}: {found.reason}"


def resource_title(found: StackResource) -> str:
    """Return the everyday name of a resource."""
    return f"{KINDS.get(found.type, found.type)} {found.logical}"


def _sign(done: Mapping[str, str], own: set[str], machine: str) -> str:
    if done.get(machine) == "CREATE_COMPLETE":
        return NEW
    return CHANGED if own & done.keys() else SAME


def _own(plan: StackPlan) -> Mapping[str, set[str]]:
    """Return the logical IDs of each job's own resources."""
    assert plan.project is not None
    own = {name: {names.task_definition_id(name), names.state_machine_id(name)} for name in plan.project.jobs}
    for title, resource in loads(plan.template)["Resources"].items():
        named = _named(resource)
        if named in own:
            own[named].add(title)
    return own


def _named(resource: Json) -> str:
    return str(resource.get("Metadata", {}).get("Lamplighter", {}).get("Job", ""))


def _gone(project: Project, steps: list[ResourceChange]) -> list[str]:
    machines = [each.physical.rpartition(":")[2] for each in steps if (each.type, each.status) == _DELETED]
    ours = [name.removeprefix(f"{project.prefix}-") for name in machines if not is_supporting_machine(name)]
    return [name for name in ours if name not in project.jobs]


_DELETED = (MACHINE, "DELETE_COMPLETE")


def secret_lines(project: Project, secrets: Mapping[str, str], env: Path) -> Iterator[str]:
    """Yield a line for each secret that a job names and that is not held."""
    for finding in missing_secrets(project, secrets):
        if not finding.held:
            yield f"{finding.job}: its runs will fail: {finding.says}: {finding.advice(str(env))}"


def not_simulated_lines(resources: list[StackResource]) -> Iterator[str]:
    """Yield a line for each type of resource that is recorded but not simulated."""
    types: dict[str, list[str]] = {}
    for each in resources:
        if not each.simulated:
            types.setdefault(each.type, []).append(each.logical)
    for kind, found in sorted(types.items()):
        yield f"    {kind}: {', '.join(sorted(found)) if len(found) <= FEW else f'{len(found)} of them'}"


def job_labels(project: Project) -> Mapping[str, str]:
    """Map the names of the jobs' state machines and task families to the names of the jobs."""
    return {project.name(name): name for name in project.jobs}


def resource_labels(resources: list[StackResource]) -> Mapping[str, str]:
    """Map the names of a stack's state machines and task families to themselves; they have no other labels."""
    machines = [each.physical.rpartition(":")[2] for each in resources if each.type == MACHINE]
    families = [each.physical.rpartition("/")[2].partition(":")[0] for each in resources if each.type == TASK]
    return {name: name for name in (*machines, *families)}
