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
from lamplighter.cli.up.merge_templates import TemplateWithout, hold_back, jobs_of, merge_units, resource_units
from lamplighter.cli.up.plan import StackPlan, template_without
from lamplighter.cli.up.stacks import EngineStacks, ResourceChange, ResourceFailure, StackFailed
from lamplighter.jobs import names
from lamplighter.lang.template.text import parse_text


@dataclass(frozen=True, slots=True)
class PlanFault:
    """A part of a file that could not be applied."""

    about: str
    """The job, or the resource that jobs share."""
    place: str
    """The part's place: file, line and column."""
    reason: str
    passes: bool
    """Whether the failure is temporary."""

    def __str__(self) -> str:
        return f"{self.place}: {self.about}: {self.reason}"


@dataclass(frozen=True, slots=True)
class AppliedPlan:
    """The result of applying a plan."""

    steps: list[ResourceChange]
    faults: tuple[PlanFault, ...] = ()
    removed: tuple[str, ...] = ()
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
    narrow = _template_without(plan)
    faults: dict[str, PlanFault] = {}
    held: frozenset[str] = frozenset()
    taken_back: set[str] = set()
    steps: list[ResourceChange] = []
    while True:
        draft = await run_in_thread(partial(_make_draft, narrow, before, held, busy))
        held = draft.held
        if draft.is_empty:
            raise NotApplied(tuple(faults.values()))
        given = _given(draft, known, parameters)
        try:
            steps += await stacks.apply(plan.stack, draft.text, given, ours=True, rollback=False)
        except StackFailed as error:
            found = _found(plan, error.failures, await run_in_thread(draft.units))
            if not error.failures or found.keys() <= taken_back:
                await stacks.wait_until_ready(plan.stack)
                raise
            if found.keys() <= held:
                # An update could not restore a held unit either. The rollback skips its failed resources and so leaves
                # it as it is.
                await stacks.wait_until_ready(plan.stack)
                taken_back |= found.keys()
            faults = found | faults
            held |= found.keys()
            continue
        return AppliedPlan(steps, tuple(faults.values()), draft.leaving, held)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A candidate for the template to apply: the plan's template, with the held units as they were before."""

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


def _make_draft(narrow: TemplateWithout, text: str, held: frozenset[str], busy: frozenset[str]) -> _Draft:
    before = parse_text(text)
    document, held = hold_back(narrow, before, held)
    wanted = frozenset(jobs_of(document))
    leaving = tuple(name for name in jobs_of(before) if name in busy and name not in wanted)
    document = merge_units(document, before, leaving, starts=False)
    declared = frozenset(document.get("Parameters", {}))
    return _Draft(dumps(document), not document.get("Resources"), declared, held, leaving)


def _given(draft: _Draft, known: Mapping[str, str], parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the values of the template's parameters; a job that is held back keeps its present image."""
    kept = {names.image_parameter(job) for job in draft.held} & known.keys()
    values = {**known, **{name: value for name, value in parameters.items() if name not in kept}}
    return {name: value for name, value in values.items() if name in draft.parameters}


def _template_without(plan: StackPlan) -> TemplateWithout:
    return lambda without: template_without(plan, without)


def _found(plan: StackPlan, failures: Iterable[ResourceFailure], known: Mapping[str, str]) -> dict[str, PlanFault]:
    """Convert the failures of resources to faults of the plan, by unit."""
    file = plan.mark.file if plan.mark is not None else plan.stack
    found: dict[str, PlanFault] = {}
    for each in failures:
        unit = known.get(each.logical, each.logical)
        found.setdefault(unit, PlanFault(unit, plan.places.get(unit, file), each.reason, each.passes))
    return found
