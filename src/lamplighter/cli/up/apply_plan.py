"""One plan of a job file brought to the engine as far as it is good.

Promises that a job which cannot be made or changed holds up no other: it stays as it was before, and is left out where
it is new. A job that the file no longer has starts no more, and stays until its runs have ended, with what tells of
them. Every fault names the place in the file.
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
    """Something of a file that is not applied."""

    about: str
    """The job, or the resource that jobs share."""
    place: str
    """Where it is written: file, line and column."""
    reason: str
    passes: bool
    """Whether it is over after a while."""

    def __str__(self) -> str:
        return f"{self.place}: {self.about}: {self.reason}"


@dataclass(frozen=True, slots=True)
class AppliedPlan:
    """What became of a plan."""

    steps: list[ResourceChange]
    faults: tuple[PlanFault, ...] = ()
    removed: tuple[str, ...] = ()
    """Jobs that the file no longer has, and whose runs go on."""
    held: frozenset[str] = frozenset()
    """Jobs, and resources that jobs share, that are as they were before, or are left out."""


class NotApplied(StackFailed):
    """Nothing of a plan could be applied; the faults say why."""

    def __init__(self, faults: tuple[PlanFault, ...]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


async def apply_plan(
    stacks: EngineStacks, plan: StackPlan, parameters: Mapping[str, str], busy: frozenset[str]
) -> AppliedPlan:
    """Bring a stack to what is good of its plan; raises NotApplied, or StackFailed where no resource is at fault.

    `busy`: jobs that have runs under way.
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
                # What cannot even be put back by a change is left untouched after a rollback, which skips it.
                await stacks.wait_until_ready(plan.stack)
                taken_back |= found.keys()
            faults = found | faults
            held |= found.keys()
            continue
        return AppliedPlan(steps, tuple(faults.values()), draft.leaving, held)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A template that may be good of a plan."""

    text: str
    is_empty: bool
    parameters: frozenset[str]
    held: frozenset[str]
    """All that is held back."""
    leaving: tuple[str, ...]
    """The jobs that stay while their runs go on."""

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
    """The values of a template's parameters; a job that is held back keeps the image that it has."""
    kept = {names.image_parameter(job) for job in draft.held} & known.keys()
    values = {**known, **{name: value for name, value in parameters.items() if name not in kept}}
    return {name: value for name, value in values.items() if name in draft.parameters}


def _template_without(plan: StackPlan) -> TemplateWithout:
    return lambda without: template_without(plan, without)


def _found(plan: StackPlan, failures: Iterable[ResourceFailure], known: Mapping[str, str]) -> dict[str, PlanFault]:
    """The faults of some failures, by their units."""
    file = plan.mark.file if plan.mark is not None else plan.stack
    found: dict[str, PlanFault] = {}
    for each in failures:
        unit = known.get(each.logical, each.logical)
        found.setdefault(unit, PlanFault(unit, plan.places.get(unit, file), each.reason, each.passes))
    return found
