"""Apply the plan of a job file to the engine, as far as the plan is valid.

Guarantees that a job which cannot be created or changed delays no other job: it keeps its earlier state, or is left out
if it is new. A job that the file no longer has starts no more runs. It stays, with its alerts, until its runs have
ended. Every fault names its place in the file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from lamplighter.base.json_text import dumps, loads
from lamplighter.base.threads import run_in_thread
from lamplighter.cli.up.engine_stacks import EngineStacks, ResourceChange, ResourceFailure, StackFailed
from lamplighter.cli.up.merge_templates import TemplateWithout, hold_back_units, jobs_of, merge_units, resource_units
from lamplighter.cli.up.stack_plan import StackPlan, template_without
from lamplighter.jobs.stack.name_clashes import explain_clash, find_clashes
from lamplighter.lang.template.text import parse_text


@dataclass(frozen=True, slots=True)
class PlanFault:
    """A part of a file that could not be applied."""

    subject: str
    """The job, or the resource that jobs share."""
    position: str
    """The part's place: file, line and column."""
    reason: str
    is_temporary: bool
    """Whether the failure is temporary."""
    topic: str = ""
    """The name of the topic whose messages reach nobody; empty if the part is no channel."""

    def __str__(self) -> str:
        return f"{self.position}: {self.subject}: {self.reason}"


@dataclass(frozen=True, slots=True)
class AppliedPlan:
    """The result of applying a plan."""

    changes: list[ResourceChange]
    faults: tuple[PlanFault, ...] = ()
    leaving: tuple[str, ...] = ()
    """The jobs that the file no longer has, and whose runs have not ended."""
    held: frozenset[str] = frozenset()
    """The jobs and shared resources that keep their earlier state or are left out."""


class NotApplied(StackFailed):
    """No part of a plan could be applied; `faults` has the reasons."""

    def __init__(self, faults: tuple[PlanFault, ...]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


async def apply_plan(
    stacks: EngineStacks, plan: StackPlan, parameters: Mapping[str, str], busy: frozenset[str]
) -> AppliedPlan:
    """Bring a stack to the valid parts of its plan.

    Raises `NotApplied` if no part is valid, and `StackFailed` if the failure is not that of a resource. `busy`: the
    jobs that have runs under way.
    """
    await stacks.wait_until_ready(plan.stack)
    before, known = await stacks.template_text(plan.stack), await stacks.parameters(plan.stack)
    build_without = _template_without(plan)
    faults = await _find_taken_names(stacks, plan, before)
    held = frozenset(faults)
    rolled_back: set[str] = set()
    changes: list[ResourceChange] = []
    while True:
        draft = _whole_plan(plan)
        if held or busy:
            draft = await run_in_thread(partial(_make_draft, build_without, before, held, busy))
        held = draft.held
        if draft.is_empty:
            raise NotApplied(tuple(faults.values()))
        values = _parameter_values(plan, draft, known, parameters)
        try:
            changes += await stacks.apply(plan.stack, draft.text, values, from_job_file=True, rollback=False)
        except StackFailed as error:
            found = _to_faults(plan, error.failures, await run_in_thread(draft.units))
            if not error.failures or found.keys() <= rolled_back:
                await stacks.wait_until_ready(plan.stack)
                raise
            if found.keys() <= held:
                # An update could not restore a held unit either. The rollback skips its failed resources and so leaves
                # it as it is.
                await stacks.wait_until_ready(plan.stack)
                rolled_back |= found.keys()
            faults = found | faults
            held |= found.keys()
            continue
        return AppliedPlan(changes, tuple(faults.values()), draft.leaving, held)


async def _find_taken_names(stacks: EngineStacks, plan: StackPlan, before: str) -> dict[str, PlanFault]:
    """Return a fault for each new unit of which another project has a name."""
    others = {name: await stacks.template_text(name) for name in await stacks.other_projects(plan.stack)}
    return await run_in_thread(partial(_taken_names, plan, before, others)) if others else {}


def _taken_names(plan: StackPlan, before: str, others: Mapping[str, str]) -> dict[str, PlanFault]:
    document, deployed = loads(plan.template), parse_text(before)
    clashes = {other: find_clashes(document, deployed, parse_text(text)) for other, text in others.items()}
    failures = (
        ResourceFailure(title, explain_clash(name, other), is_temporary=False)
        for other, found in clashes.items()
        for title, name in found.items()
    )
    return _to_faults(plan, failures, resource_units(document))


@dataclass(frozen=True, slots=True)
class _Draft:
    """A candidate for the template to apply: the plan's template, with the held and leaving units as they were before.

    If there are none, it is the plan's own text, which need not be parsed.
    """

    text: str
    is_empty: bool
    parameters: frozenset[str]
    held: frozenset[str]
    """All units that are held back."""
    leaving: tuple[str, ...]
    """The jobs that stay until their runs have ended."""

    def units(self) -> dict[str, str]:
        """Return the unit of each resource."""
        return resource_units(loads(self.text))


def _whole_plan(plan: StackPlan) -> _Draft:
    return _Draft(plan.template, is_empty=False, parameters=plan.declared_parameters, held=frozenset(), leaving=())


def _make_draft(build_without: TemplateWithout, text: str, held: frozenset[str], busy: frozenset[str]) -> _Draft:
    before = parse_text(text)
    document, held = hold_back_units(build_without, before, held)
    jobs = frozenset(jobs_of(document))
    leaving = tuple(name for name in jobs_of(before) if name in busy and name not in jobs)
    document = merge_units(document, before, leaving, triggers=False)
    declared = frozenset(document.get("Parameters", {}))
    return _Draft(dumps(document), not document.get("Resources"), declared, held, leaving)


def _parameter_values(
    plan: StackPlan, draft: _Draft, known: Mapping[str, str], parameters: Mapping[str, str]
) -> dict[str, str]:
    """Return the values of the template's parameters; a job that is held back keeps its present images."""
    kept = {build.parameter for build in plan.builds if build.job in draft.held} & known.keys()
    values = {**known, **{name: value for name, value in parameters.items() if name not in kept}}
    return {name: value for name, value in values.items() if name in draft.parameters}


def _template_without(plan: StackPlan) -> TemplateWithout:
    return lambda without: template_without(plan, without)


def _to_faults(plan: StackPlan, failures: Iterable[ResourceFailure], units: Mapping[str, str]) -> dict[str, PlanFault]:
    """Convert the failures of resources to faults of the plan, by unit."""
    file = plan.origin.file if plan.origin is not None else plan.stack
    found: dict[str, PlanFault] = {}
    for each in failures:
        unit = units.get(each.logical, each.logical)
        found.setdefault(unit, PlanFault(unit, plan.positions.get(unit, file), each.reason, each.is_temporary))
    return found
