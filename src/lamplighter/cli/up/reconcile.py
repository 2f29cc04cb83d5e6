"""Keep an engine in agreement with its source: build images, apply stacks, report, and repeat when a file changes.

Guarantees that valid parts are applied even if others are wrong, that every fault is logged once with its line, and
that the source is applied again until it and the engine agree. Until then the engine's health, its metrics and the
file's notify channels report the difference (`cli/up/reports/unapplied_alert.py`). Runs that are under way continue
unchanged, even if the file no longer has their job (`removed_jobs.py`). Resources that were deleted by other means are
created again: the file wins.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from lamplighter.base.errors import LamplighterError, Unavailable
from lamplighter.base.json_text import dumps
from lamplighter.base.threads import run_in_thread
from lamplighter.bus import Caller
from lamplighter.cli.job_file import print_problems
from lamplighter.cli.up import apply_plan, removed_jobs
from lamplighter.cli.up.apply_plan import AppliedPlan, NotApplied, PlanFault
from lamplighter.cli.up.check_channels import check_channels
from lamplighter.cli.up.images.image_builder import ImageBuilder
from lamplighter.cli.up.merge_templates import jobs_of, without_starts
from lamplighter.cli.up.plan import SourceMark, StackPlan
from lamplighter.cli.up.reports import job_lines, unapplied_alert
from lamplighter.cli.up.reports.next_runs import next_run
from lamplighter.cli.up.reports.run_log import RunLog
from lamplighter.cli.up.reports.unapplied_alert import UnappliedAlert
from lamplighter.cli.up.retry_delay import ApplyOutcome, retry_delay
from lamplighter.cli.up.source_files import SourceFiles
from lamplighter.cli.up.stacks import GONE, EngineStacks, StackFailed
from lamplighter.engine.config import RuntimeChoice
from lamplighter.engine.engine import Engine
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.file.yaml_document import JobFileError
from lamplighter.services.cloudformation.tables import stacks

log = logging.getLogger("lamplighter.jobs")

REMIND_SECONDS = 30.0
"""Seconds between two checks whether the channels have to be alerted to a broken file."""


class NothingToRun(LamplighterError):
    """A file is broken, and no earlier version of it was applied."""


@dataclass(slots=True)
class _StackState:
    """The plan and the images that were last applied to a stack, and its leaving jobs."""

    plan: StackPlan
    images: dict[str, str]
    leaving: tuple[str, ...]


class SourceReconciler:
    """A reconciler that keeps one engine in agreement with one source."""

    def __init__(self, engine: Engine, orders: SourceFiles, region: str) -> None:
        self._engine = engine
        self._orders = orders
        self._caller = Caller(engine.config.account, region)
        self._stacks = EngineStacks(engine, self._caller)
        self._builder = ImageBuilder(orders.data, builds=engine.config.runtime is not RuntimeChoice.PROCESS)
        self._runs = RunLog(engine)
        mark = orders.source.mark
        self._differing = UnappliedAlert(
            engine, self._caller, mark.file if mark is not None else orders.source.display_name
        )
        self._applied: dict[str, _StackState] = {}
        self._others: set[str] = set()
        """Stacks of other files that were already logged."""
        self._quiet: set[str] = set()
        """Stacks that are deleted when their runs have ended."""
        self._told: set[str] = set()
        """Faults that were already logged."""
        self._tries = 0
        """The number of incomplete attempts in a row."""

    async def announce_running(self) -> None:
        """Log the runs that are still under way, by the names that the source gives to jobs.

        Raises `NothingToRun` if the files are broken and no earlier version of them was applied.
        """
        for plan in self._orders.plans:
            self._runs.follow(plan.stack, await self._called(plan))
        if self._orders.broken is not None:
            kept = self._own()
            if not kept:
                raise NothingToRun(
                    f"no earlier version of {self._orders.source.display_name} was applied, so there is no job to run"
                )
            for name in kept:
                self._runs.follow(name, job_lines.resource_labels(await self._stacks.resources(name)))

    def _own(self) -> list[str]:
        """Return the stacks that were made from this source."""
        marks = self._stacks.marks()
        return [name for name in self._stacks.names() if self._orders.source.is_owner_of(name, marks.get(name))]

    async def _called(self, plan: StackPlan) -> Mapping[str, str]:
        if plan.project is not None:
            return job_lines.job_labels(plan.project)
        return job_lines.resource_labels(await self._stacks.resources(plan.stack))

    async def run(self) -> None:
        """Apply the source to the engine, and apply every later change of its files."""
        broken = self._orders.broken
        if broken is not None:
            await self._note(str(broken), at_once=True)
            log.error("%s has errors: the jobs run as last applied", self._orders.source.display_name)
            await self._reread(None, well=False)
        while True:
            try:
                outcome = await self._apply()
                await self._judge(outcome)
            except Exception as error:
                await self._note(str(error), at_once=False)
                log.exception("%s could not be applied", self._orders.source.display_name)
                outcome = ApplyOutcome(broken=True)
            self._tries = self._tries + 1 if outcome.incomplete else 0
            await self._reread(retry_delay(outcome, self._tries), well=True)

    async def _reread(self, patience: float | None, *, well: bool) -> None:
        """Wait until there is work: changed files without errors, or `patience` seconds after an incomplete attempt."""
        was_well, why = well, self._orders.broken
        while True:
            changed = await self._orders.wait_for_change(patience if well else REMIND_SECONDS)
            if not changed:
                if well:
                    return
                await self._note(str(why), at_once=False)
                continue
            try:
                await run_in_thread(self._orders.read)
            except LamplighterError as error:
                well, was_well, why = False, False, error
                await self._note(str(error), at_once=False)
                print_problem(error)
                log.warning("%s is not applied: the jobs are unchanged", self._orders.source.display_name)
                continue
            if not was_well:
                log.info("the errors in %s are fixed", self._orders.source.display_name)
            self._tries = 0
            return

    # --- reporting differences ----------------------------------------------------------------------------------------

    async def _note(self, reason: str, *, at_once: bool) -> None:
        """Record that the file is not applied; an error in recording is logged, and the next attempt repeats it."""
        try:
            await self._differing.set_unapplied(reason, await self._topics(), at_once=at_once)
        except Exception:
            log.exception("could not record that %s is not applied", self._orders.source.display_name)

    async def _topics(self) -> list[str]:
        """Return the topics of the file's notify channels."""
        found: dict[str, None] = {}
        for name in dict.fromkeys([*(plan.stack for plan in self._orders.plans), *self._own()]):
            if self._stacks.status(name) not in GONE:
                found |= dict.fromkeys(unapplied_alert.alert_topics(await self._stacks.template(name), self._caller))
        return list(found)

    async def _judge(self, outcome: ApplyOutcome) -> None:
        """Log each new fault, and record whether the file and the engine agree; the engine's health shows it."""
        refused = [each for each in outcome.faults if not each.passes]
        if outcome.faults:
            await self._note("\n".join(map(str, refused or outcome.faults)), at_once=bool(refused))
        elif outcome.incomplete:
            await self._note("an image could not be built yet", at_once=False)
        else:
            await self._differing.set_applied(await self._topics())
        for fault in outcome.faults:
            if str(fault) not in self._told:
                log.log(logging.WARNING if fault.passes else logging.ERROR, "%s", job_lines.fault_line(fault))
        self._told = {str(each) for each in outcome.faults}

    # --- applying -----------------------------------------------------------------------------------------------------

    async def _apply(self) -> ApplyOutcome:
        """Apply all plans, delete stacks that the source no longer names, and return what was left undone."""
        found = ApplyOutcome()
        for plan in self._orders.plans:
            found = found.combine(await self._bring(plan))
        if not found.faults:
            found = found.combine(await self._drop_strays())
        return found

    async def _bring(self, plan: StackPlan) -> ApplyOutcome:
        built, complete = await self._builder.build_images(plan, await self._stacks.parameters(plan.stack))
        faults = await check_channels(self._engine, plan)
        last = self._applied.get(plan.stack)
        busy = await self._busy(plan, last)
        same = last is not None and (last.plan, last.images) == (plan, built) and busy.issuperset(last.leaving)
        if not await self._restore(plan) and same and last is not None:
            return ApplyOutcome(tuple(faults), leaves=bool(last.leaving), unbuilt=not complete)
        self._applied.pop(plan.stack, None)
        with self._runs.held_back():
            if plan.project is not None:
                gone = {f"{plan.stack}-{job}": job for job in busy}
                self._runs.follow(plan.stack, {**gone, **await self._called(plan)})
            try:
                applied = await self._bring_stack(plan, built, busy)
            except NotApplied as error:
                return ApplyOutcome((*faults, *error.faults))
            except StackFailed as error:
                passes = isinstance(error.__cause__, Unavailable)
                place = plan.mark.file if plan.mark is not None else plan.stack
                return ApplyOutcome((*faults, PlanFault(plan.stack, place, str(error), passes)))
            if not applied.faults:
                self._applied[plan.stack] = _StackState(plan, built, applied.removed)
            await self._tell(plan, applied)
        return ApplyOutcome((*faults, *applied.faults), leaves=bool(applied.removed), unbuilt=not complete)

    async def _bring_stack(self, plan: StackPlan, built: Mapping[str, str], busy: frozenset[str]) -> AppliedPlan:
        if plan.project is None:
            parameters = {**plan.parameters, **built}
            return AppliedPlan(await self._stacks.apply(plan.stack, plan.template, parameters, ours=False))
        # Alerts of a job file's template link to this engine's console.
        parameters = {**plan.parameters, names.CONSOLE_URL: self._engine.config.url, **built}
        return await apply_plan.apply_plan(self._stacks, plan, parameters, busy)

    async def _busy(self, plan: StackPlan, last: _StackState | None) -> frozenset[str]:
        """Return the jobs that a stack's plan no longer has and that have a run under way or an undelivered alert."""
        if plan.project is None or self._stacks.status(plan.stack) in GONE:
            return frozenset()
        if last is not None and last.plan == plan:
            removed = list(last.leaving)
        else:
            template = await self._stacks.template(plan.stack)
            removed = [name for name in jobs_of(template) if name not in plan.project.jobs]
        busy = await removed_jobs.running_jobs(self._engine, self._caller, plan.stack, removed)
        if last is not None and removed_jobs.has_pending_alerts(self._engine):
            busy |= frozenset(last.leaving) - plan.project.jobs.keys()
        return busy

    async def _restore(self, plan: StackPlan) -> bool:
        """Log the resources that were deleted by other means and are created again; return whether there are any."""
        if plan.project is not None and not await self._stacks.is_ours(plan.stack):
            return False
        found = await self._stacks.missing_resources(plan.stack)
        for each in found:
            log.warning(
                "%s was deleted from %s by other means: creating it again", job_lines.resource_title(each), plan.stack
            )
        return bool(found)

    # --- reporting results --------------------------------------------------------------------------------------------

    async def _tell(self, plan: StackPlan, applied: AppliedPlan) -> None:
        if plan.project is not None:
            await self._tell_jobs(plan, plan.project, applied)
            return
        resources, steps = await self._stacks.resources(plan.stack), applied.steps
        self._runs.follow(plan.stack, job_lines.resource_labels(resources))
        said = f"{len(steps)} resources were created or changed" if steps else "no changes were needed"
        missing = list(job_lines.not_simulated_lines(resources))
        lines = ["  not simulated here:", *missing] if missing else []
        log.info("%s", "\n".join([f"the stack {plan.stack} is up: {said}", *lines]))

    async def _tell_jobs(self, plan: StackPlan, project: Project, applied: AppliedPlan) -> None:
        times = {name: await next_run(self._engine, self._caller, project, name) for name in project.jobs}
        lines = await run_in_thread(lambda: list(job_lines.job_lines(plan, applied, times)))
        known = all(str(each) in self._told for each in applied.faults)
        if applied.faults and known and not any(line[2] in job_lines.NEWS for line in lines):
            return
        held = [name for name in project.jobs if name in applied.held]
        but = f", except for {', '.join(held or [each.about for each in applied.faults])}" if applied.faults else ""
        log.info("%s", "\n".join([f"{plan.stack} agrees with {self._orders.source.display_name}{but}:", *lines]))
        for line in job_lines.secret_lines(project, self._orders.secrets, self._orders.env):
            log.warning("%s", line)

    # --- stacks that the source no longer names -----------------------------------------------------------------------

    async def _drop_strays(self) -> ApplyOutcome:
        """Delete stacks of this file and environment that no plan names: the project's name or region has changed."""
        mark, account, waits = self._orders.source.mark, self._caller.account, False
        if mark is None:
            return ApplyOutcome()
        wanted = {(self._caller.region, plan.stack) for plan in self._orders.plans}
        for region in stacks.regions(self._engine.store.reader, account):
            there = EngineStacks(self._engine, Caller(account, region))
            for name, origin in there.marks().items():
                if (region, name) in wanted:
                    continue
                if origin == mark:
                    waits |= not await self._drop(there, region, name)
                else:
                    self._tell_of_other(name, origin)
        return ApplyOutcome(leaves=waits)

    def _tell_of_other(self, name: str, origin: SourceMark) -> None:
        """Log once that the jobs of another file or environment also run here, and how to remove them."""
        if name not in self._others:
            self._others.add(name)
            env = f" -e {origin.environment}" if origin.environment.strip("?") else ""
            how = f"lamplighter destroy {origin.file}{env} --endpoint-url {self._engine.config.url}"
            log.info("%s, of %s%s, runs here as well; remove it with `%s`", name, origin.file, env, how)

    async def _drop(self, there: EngineStacks, region: str, name: str) -> bool:
        """Remove a stack's schedules, and delete the stack if its last run has ended; return whether it is gone."""
        caller = Caller(self._caller.account, region)
        document = await there.template(name)
        quiet = without_starts(document) if document else document
        try:
            if document and quiet != document:
                given = await there.parameters(name)
                declared = {key: given[key] for key in given if key in quiet.get("Parameters", {})}
                await there.apply(name, dumps(quiet), declared, ours=True)
            busy = await removed_jobs.running_jobs(self._engine, caller, name, jobs_of(document))
            if busy or (name in self._quiet and removed_jobs.has_pending_alerts(self._engine)):
                if name not in self._quiet:
                    self._quiet.add(name)
                    log.info(
                        "%s: its jobs start no more runs; they are removed when %s ends", name, ", ".join(sorted(busy))
                    )
                return False
            await there.delete(name)
        except StackFailed as error:
            log.error("%s: %s", name, error)
            return False
        if region == self._caller.region:
            self._applied.pop(name, None)
            self._runs.follow(name, {})
        where = "" if region == self._caller.region else f" in {region}"
        log.info(
            "%s: its jobs%s were removed, because %s no longer has them", name, where, self._orders.source.display_name
        )
        return True


def print_problem(error: LamplighterError) -> None:
    """Print the errors of a file."""
    if isinstance(error, JobFileError):
        print_problems(error.problems)
    else:
        log.error("%s", error)
