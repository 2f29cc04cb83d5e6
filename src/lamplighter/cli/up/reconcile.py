"""Keep an engine in agreement with its source: build images, apply stacks, report, and repeat when a file changes.

Guarantees that valid parts are applied even if others are wrong, that every fault is logged once with its line, and
that the source is applied again until it and the engine agree. Until then the engine's health, its metrics and the
file's notify channels report the difference (`cli/up/reports/fault_alert.py`). Runs that are under way continue
unchanged, even if the file no longer has their job (`leaving_jobs.py`). Resources, or a whole stack, that were deleted
by other means are created again within a minute: the file wins.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from lamplighter.base.count_text import format_count
from lamplighter.base.errors import LamplighterError, Unavailable
from lamplighter.base.json_text import dumps
from lamplighter.base.threads import run_in_thread
from lamplighter.base.world import thread_seconds
from lamplighter.bus import Caller
from lamplighter.cli.up import apply_plan, leaving_jobs
from lamplighter.cli.up.apply_plan import AppliedPlan, NotApplied, PlanFault
from lamplighter.cli.up.check_channels import find_channel_faults
from lamplighter.cli.up.engine_stacks import ABSENT_STATUSES, EngineStacks, StackFailed
from lamplighter.cli.up.image_builder import ImageBuilder
from lamplighter.cli.up.merge_templates import jobs_of, without_triggers
from lamplighter.cli.up.reports import fault_alert, job_lines
from lamplighter.cli.up.reports.fault_alert import FaultAlert
from lamplighter.cli.up.reports.next_runs import describe_next_run
from lamplighter.cli.up.reports.run_log import RunLog
from lamplighter.cli.up.retry_times import ApplyOutcome, next_attempt_delay
from lamplighter.cli.up.source_files import SourceFiles
from lamplighter.cli.up.stack_plan import StackOrigin, StackPlan
from lamplighter.cli.up.stored_secrets import find_stored_secrets
from lamplighter.engine.config import RuntimeChoice
from lamplighter.engine.engine import Engine
from lamplighter.jobs import names
from lamplighter.jobs.file.keep import Keep
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.file.parsing.yaml_document import JobFileError
from lamplighter.jobs.lint.local_links import LINK_ADVICE, local_link_problem
from lamplighter.jobs.lint.missing_secrets import missing_secrets
from lamplighter.services.cloudformation.tables import stacks
from lamplighter.store import file_faults, retention
from lamplighter.store.file_faults import FaultKind
from lamplighter.store.retention import RetentionSettings

log = logging.getLogger("lamplighter.jobs")

READ_RETRY_SECONDS = 10.0
"""Seconds until the files are read again after an unexpected error."""
CHECK_SECONDS = 30.0
"""The seconds between two checks for deleted resources, and between two checks whether the channels have to be alerted
to a broken file."""
PAUSE_FACTOR = 100
"""The least pause between two checks although no call deleted anything, relative to their processor time: thousands of
jobs take some seconds."""


class NothingToRun(LamplighterError):
    """A file is broken, and no earlier version of it was applied."""


@dataclass(slots=True)
class _StackState:
    """The plan and the images that were last applied to a stack, and its leaving jobs."""

    plan: StackPlan
    images: Mapping[str, str]
    leaving: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _ResourceCheck:
    """A check whether all resources of a stack exist. It holds until a call deletes something, but not for ever: what a
    call began to delete may go later, as a state machine does.
    """

    deletions: int
    """The number of the engine's deletions before it."""
    until: float
    """When the resources are read again in any case, by the loop's clock."""


class SourceReconciler:
    """A reconciler that keeps one engine in agreement with one source."""

    def __init__(self, engine: Engine, files: SourceFiles, region: str) -> None:
        self._engine = engine
        self._files = files
        self._caller = Caller(engine.config.account, region)
        self._stacks = EngineStacks(engine, self._caller)
        self._builder = ImageBuilder(files.data, builds=engine.config.runtime is not RuntimeChoice.PROCESS)
        self._runs = RunLog(engine)
        origin = files.source.origin
        self._file = origin.file if origin is not None else files.source.display_name
        self._unapplied_alert = FaultAlert(engine, self._caller, self._file, FaultKind.UNAPPLIED)
        self._channels_alert = FaultAlert(engine, self._caller, self._file, FaultKind.CHANNELS)
        self._applied: dict[str, _StackState] = {}
        self._logged_stacks: set[str] = set()
        """Stacks of other files that were already logged."""
        self._draining: set[str] = set()
        """Stacks that are deleted when their runs have ended."""
        self._logged_faults: set[str] = set()
        """Faults that were already logged."""
        self._logged_warnings: set[str] = set()
        """Warnings about the machine that were already logged."""
        self._addresses: tuple[str | None, str | None] | None = None
        """The engine's addresses in the file that was last applied."""
        self._incomplete_attempts = 0
        """The number of incomplete attempts in a row."""
        self._checks: dict[str, _ResourceCheck] = {}
        """The last check of each stack for deleted resources."""
        self._may_miss_file = False
        """Whether the last attempt may have failed because a file is missing."""

    async def follow_runs(self) -> None:
        """Log the runs that are still under way, by the names that the source gives to jobs.

        Raises `NothingToRun` if the files are broken and no earlier version of them was applied.
        """
        for plan in self._files.plans:
            self._runs.follow(plan.stack, await self._run_labels(plan))
        if self._files.error is not None:
            stacks_of_source = self._own_stacks()
            if not stacks_of_source:
                raise NothingToRun(
                    f"no earlier version of {self._files.source.display_name} was applied, so there is no job to run"
                )
            for name in stacks_of_source:
                self._runs.follow(name, job_lines.resource_labels(await self._stacks.resources(name)))

    def _own_stacks(self) -> list[str]:
        """Return the stacks that were made from this source."""
        origins = self._stacks.origins()
        return [name for name in self._stacks.names() if self._files.source.is_owner_of(name, origins.get(name))]

    async def _run_labels(self, plan: StackPlan) -> Mapping[str, str]:
        if plan.project is not None:
            return job_lines.job_labels(plan.project)
        return job_lines.resource_labels(await self._stacks.resources(plan.stack))

    async def run(self) -> None:
        """Apply the source to the engine, and apply every later change of its files."""
        # An engine has one source: another one's faults are those of a file that was renamed or moved.
        self._engine.store.write_in_background(partial(file_faults.clear_others, file=self._file))
        broken = self._files.error
        if broken is not None:
            await self._record_unapplied(str(broken), immediate=True)
            log.error("%s has errors: the jobs run as last applied", self._files.source.display_name)
            await self._reread_or_retry(None, is_valid=False)
        while True:
            try:
                outcome = await self._apply()
                await self._report_outcome(outcome)
            except Exception as error:  # noqa: BLE001 - it is logged there
                await self._record_failure("could not be applied", error)
                outcome = ApplyOutcome(crashed=True)
            self._incomplete_attempts = self._incomplete_attempts + 1 if outcome.is_incomplete else 0
            self._may_miss_file = outcome.may_miss_file
            await self._reread_or_retry(next_attempt_delay(outcome, self._incomplete_attempts), is_valid=True)

    async def _record_failure(self, what: str, error: Exception) -> None:
        """Record and log an unexpected error. A full disk is no bug: it is logged without a traceback."""
        await self._record_unapplied(str(error), immediate=False)
        is_bug = not isinstance(error, Unavailable)
        name = self._files.source.display_name
        log.error("%s %s, which will be retried: %s", name, what, error, exc_info=error if is_bug else None)

    async def _reread_or_retry(self, timeout_seconds: float | None, *, is_valid: bool) -> None:
        """Call `_reread`; after an unexpected error, record it and try again: the watching never ends."""
        while True:
            try:
                return await self._reread(timeout_seconds, is_valid=is_valid)
            except Exception as error:  # noqa: BLE001 - it is logged there
                await self._record_failure("could not be read", error)
                await asyncio.sleep(READ_RETRY_SECONDS)
            if is_valid:  # The next attempt to apply the plans ends the difference that is recorded here.
                return None

    async def _reread(self, timeout_seconds: float | None, *, is_valid: bool) -> None:
        """Wait until there is work: changed files without errors, deleted resources, or the end of the time-out.

        `timeout_seconds` is the pause after an incomplete attempt, or None.
        """
        was_valid, error_text, remaining = is_valid, self._files.error, timeout_seconds
        while True:
            pause = CHECK_SECONDS if remaining is None or not is_valid else min(remaining, CHECK_SECONDS)
            changed = await self._files.wait_for_change(pause, is_file_missing=not is_valid or self._may_miss_file)
            if not changed and is_valid:
                remaining = None if remaining is None else remaining - pause
                if remaining == 0 or await self._find_deleted():
                    return
                continue
            if not changed:
                await self._record_unapplied(str(error_text), immediate=False)
                continue
            try:
                await run_in_thread(self._files.read)
            except LamplighterError as error:
                is_new, error_text = str(error) != str(error_text), error
                is_valid = was_valid = False
                await self._record_unapplied(str(error), immediate=False)
                if is_new:
                    log_source_error(error)
                    log.warning("%s is not applied: the jobs are unchanged", self._files.source.display_name)
                continue
            if not was_valid:
                log.info("the errors in %s are fixed", self._files.source.display_name)
            self._incomplete_attempts, self._may_miss_file = 0, False
            return

    # --- reporting differences ----------------------------------------------------------------------------------------

    async def _record_unapplied(self, reason: str, *, immediate: bool) -> None:
        """Record that the file is not applied; an error in recording is logged, and the next attempt repeats it."""
        try:
            await self._unapplied_alert.record(reason, await self._topics(), immediate=immediate)
        except Exception:
            log.exception("could not record that %s is not applied", self._files.source.display_name)

    async def _topics(self) -> list[str]:
        """Return the topics of the file's notify channels."""
        found: dict[str, None] = {}
        for name in dict.fromkeys([*(plan.stack for plan in self._files.plans), *self._own_stacks()]):
            if self._stacks.status(name) not in ABSENT_STATUSES:
                found |= dict.fromkeys(fault_alert.alert_topics(await self._stacks.template(name), self._caller))
        return list(found)

    async def _report_outcome(self, outcome: ApplyOutcome) -> None:
        """Log each new fault, and record whether the file is applied and its channels can work, for the health."""
        faults = outcome.apply_faults
        permanent = [each for each in faults if not each.is_temporary]
        if faults:
            await self._record_unapplied("\n".join(map(str, permanent or faults)), immediate=bool(permanent))
        elif outcome.needs_build:
            await self._record_unapplied("an image could not be built yet", immediate=False)
        elif self._unapplied_alert.is_recorded():
            await self._unapplied_alert.clear(await self._topics())
        await self._report_channels(outcome.channel_faults)
        for fault in outcome.all_faults:
            if str(fault) not in self._logged_faults:
                log.log(logging.WARNING if fault.is_temporary else logging.ERROR, "%s", job_lines.format_fault(fault))
        self._logged_faults = {str(each) for each in outcome.all_faults}

    async def _report_channels(self, faults: tuple[PlanFault, ...]) -> None:
        if faults:
            broken = {each.topic for each in faults}
            working = [each for each in await self._topics() if each.rpartition(":")[2] not in broken]
            subjects = {each.subject for each in faults}
            await self._channels_alert.record("\n".join(map(str, faults)), working, immediate=True, subjects=subjects)
        elif self._channels_alert.is_recorded():
            await self._channels_alert.clear(await self._topics())

    # --- applying -----------------------------------------------------------------------------------------------------

    async def _apply(self) -> ApplyOutcome:
        """Apply all plans, delete stacks that the source no longer names, and return what was left undone."""
        found = ApplyOutcome()
        await self._set_capacity_limits()
        await self._set_retention()
        for plan in self._files.plans:
            found = found.combine(await self._apply_stack(plan))
        if not found.faults:
            found = found.combine(await self._delete_stale_stacks())
        return found

    async def _set_capacity_limits(self) -> None:
        """Set the limits of the job file, and log what does not fit this machine; templates have no limits."""
        project = next((plan.project for plan in self._files.plans if plan.project is not None), None)
        given = {} if project is None else project.box.limits
        limits = await self._engine.call(self._caller, "ecs", "SetCapacityLimits", given)
        lines = [] if project is None else list(job_lines.oversize_lines(project, limits))
        if project is not None and (problem := local_link_problem(project, self._engine.config.public_url)):
            lines.append(f"{problem}: {LINK_ADVICE}")
        for line in lines:
            if line not in self._logged_warnings:
                log.warning("%s", line)
        self._logged_warnings = set(lines)
        addresses = None if project is None else (project.box.url, project.box.smtp)
        if self._addresses is not None and addresses != self._addresses:
            log.warning("url and smtp of `box:` are read when the engine starts: start it again")
        self._addresses = addresses

    async def _set_retention(self) -> None:
        """Set for how long the engine keeps what has ended; templates have the defaults."""
        keep = next((plan.project.keep for plan in self._files.plans if plan.project is not None), Keep())
        runs, output, mails, audit = (each * 1000 for each in (keep.runs, keep.output, keep.mails, keep.audit))
        settings = RetentionSettings(runs=runs, output=output, mails=mails, slots=keep.slots, audit=audit)
        if settings != retention.read(self._engine.store.reader):
            await self._engine.store.write(partial(retention.write, settings=settings))

    async def _apply_stack(self, plan: StackPlan) -> ApplyOutcome:
        images = await self._builder.build_images(plan, await self._stacks.parameters(plan.stack))
        broken = await find_channel_faults(self._engine, plan)
        outcome = ApplyOutcome((), tuple(broken), images.faults, needs_build=images.is_incomplete)
        return outcome.combine(await self._apply_built_stack(plan, images.parameters))

    async def _apply_built_stack(self, plan: StackPlan, built: Mapping[str, str]) -> ApplyOutcome:
        last = self._applied.get(plan.stack)
        busy = await self._busy_jobs(plan, last)
        unchanged = last is not None and (last.plan, last.images) == (plan, built) and busy.issuperset(last.leaving)
        if not await self._has_deleted(plan) and unchanged and last is not None:
            return ApplyOutcome(has_leaving_jobs=bool(last.leaving))
        self._applied.pop(plan.stack, None)
        with self._runs.held_back():
            if plan.project is not None:
                removed_labels = {f"{plan.stack}-{job}": job for job in busy}
                self._runs.follow(plan.stack, {**removed_labels, **await self._run_labels(plan)})
            try:
                applied = await self._update_stack(plan, built, busy)
            except NotApplied as error:
                return ApplyOutcome(error.faults)
            except StackFailed as error:
                is_temporary = isinstance(error.__cause__, Unavailable)
                position = plan.origin.file if plan.origin is not None else plan.stack
                return ApplyOutcome((PlanFault(plan.stack, position, str(error), is_temporary),))
            if not applied.faults:
                self._applied[plan.stack] = _StackState(plan, built, applied.leaving)
            await self._log_result(plan, applied)
        return ApplyOutcome(applied.faults, has_leaving_jobs=bool(applied.leaving))

    async def _update_stack(self, plan: StackPlan, built: Mapping[str, str], busy: frozenset[str]) -> AppliedPlan:
        if plan.project is None:
            parameters = {**plan.parameters, **built}
            return AppliedPlan(await self._stacks.apply(plan.stack, plan.template, parameters, from_job_file=False))
        # Alerts of a job file's template link to this engine's console.
        parameters = {**plan.parameters, names.CONSOLE_URL: self._engine.config.public_url, **built}
        return await apply_plan.apply_plan(self._stacks, plan, parameters, busy)

    async def _busy_jobs(self, plan: StackPlan, last: _StackState | None) -> frozenset[str]:
        """Return the jobs that a stack's plan no longer has and that have a run under way or an undelivered alert."""
        if plan.project is None or self._stacks.status(plan.stack) in ABSENT_STATUSES:
            return frozenset()
        if last is not None and last.plan.project is not None:
            applied = [*last.plan.project.jobs, *last.leaving]
        else:
            applied = jobs_of(await self._stacks.template(plan.stack))
        removed = [name for name in applied if name not in plan.project.jobs]
        busy = await leaving_jobs.find_running_jobs(self._engine, self._caller, plan.stack, removed)
        if last is not None and leaving_jobs.has_pending_alerts(self._engine):
            busy |= frozenset(last.leaving) - plan.project.jobs.keys()
        return busy

    async def _find_deleted(self) -> bool:
        """Return whether anything that was applied was deleted by other means, so that it has to be applied again."""
        deleted = [plan.stack for plan in self._files.plans if await self._has_deleted(plan)]
        for stack in deleted:
            self._applied.pop(stack, None)
        return bool(deleted)

    async def _has_deleted(self, plan: StackPlan) -> bool:
        """Log what was deleted by other means and is created again; return whether there is anything.

        The resources are not read as long as the last check holds.
        """
        now, began, deletions = asyncio.get_running_loop().time(), thread_seconds(), self._engine.bus.deletions
        last = self._checks.get(plan.stack)
        if last is not None and last.deletions == deletions and now < last.until:
            return False
        if self._stacks.status(plan.stack) in ABSENT_STATUSES:
            if plan.stack in self._applied:
                log.warning("the stack %s was deleted by other means: creating it again", plan.stack)
            return plan.stack in self._applied
        if plan.project is not None and not await self._stacks.is_from_job_file(plan.stack):
            return False
        found = await self._stacks.missing_resources(plan.stack)
        if not self._stacks.status(plan.stack).endswith("_IN_PROGRESS"):
            pause = max(CHECK_SECONDS, PAUSE_FACTOR * (thread_seconds() - began))
            self._checks[plan.stack] = _ResourceCheck(deletions, now + pause)
        for each in found:
            log.warning(
                "%s was deleted from %s by other means: creating it again", job_lines.resource_title(each), plan.stack
            )
        return bool(found)

    # --- reporting results --------------------------------------------------------------------------------------------

    async def _log_result(self, plan: StackPlan, applied: AppliedPlan) -> None:
        if plan.project is not None:
            await self._log_jobs(plan, plan.project, applied)
            return
        resources, changes = await self._stacks.resources(plan.stack), applied.changes
        self._runs.follow(plan.stack, job_lines.resource_labels(resources))
        changed = f"{format_count(len(changes), 'resource was', 'resources were')} created or changed"
        summary = changed if changes else "no changes were needed"
        missing = list(job_lines.not_simulated_lines(resources))
        lines = ["  not simulated here:", *missing] if missing else []
        log.info("%s", "\n".join([f"the stack {plan.stack} is up: {summary}", *lines]))

    async def _log_jobs(self, plan: StackPlan, project: Project, applied: AppliedPlan) -> None:
        times = {name: await describe_next_run(self._engine, self._caller, project, name) for name in project.jobs}
        lines = await run_in_thread(lambda: list(job_lines.job_lines(plan, applied, times)))
        known = all(str(each) in self._logged_faults for each in applied.faults)
        if applied.faults and known and not any(line[2] in job_lines.CHANGE_SIGNS for line in lines):
            return
        held = [name for name in project.jobs if name in applied.held]
        exception = (
            f", except for {', '.join(held or [each.subject for each in applied.faults])}" if applied.faults else ""
        )
        log.info("%s", "\n".join([f"{plan.stack} agrees with {self._files.source.display_name}{exception}:", *lines]))
        for line in job_lines.move_lines(plan, self._engine.config.data_directory):
            log.warning("%s", line)
        findings = list(missing_secrets(project, self._files.secrets))
        stored = await find_stored_secrets(self._engine.bus, self._caller, [each.reference for each in findings])
        for line in job_lines.secret_lines(findings, stored, self._files.env):
            log.warning("%s", line)
        for line in job_lines.folder_lines(project, self._files.source.folder):
            log.warning("%s", line)

    # --- stacks that the source no longer names -----------------------------------------------------------------------

    async def _delete_stale_stacks(self) -> ApplyOutcome:
        """Delete stacks of this file and environment that no plan names: the project's name or region has changed."""
        own_origin, account, has_waiting = self._files.source.origin, self._caller.account, False
        if own_origin is None:
            return ApplyOutcome()
        planned = {(self._caller.region, plan.stack) for plan in self._files.plans}
        for region in stacks.regions(self._engine.store.reader, account):
            region_stacks = EngineStacks(self._engine, Caller(account, region))
            for name, origin in region_stacks.origins().items():
                if (region, name) in planned:
                    continue
                if origin == own_origin:
                    has_waiting |= not await self._delete_when_idle(region_stacks, region, name)
                else:
                    self._log_other_stack(name, origin)
        return ApplyOutcome(has_leaving_jobs=has_waiting)

    def _log_other_stack(self, name: str, origin: StackOrigin) -> None:
        """Log once that the jobs of another file or environment also run here, and how to remove them."""
        if name not in self._logged_stacks:
            self._logged_stacks.add(name)
            env = f" -e {origin.environment}" if origin.environment.strip("?") else ""
            command = replace(origin.site, endpoint_url=self._engine.config.public_url).hint("destroy")
            log.info("%s, of %s%s, runs here as well; remove it with `%s`", name, origin.file, env, command)

    async def _delete_when_idle(self, region_stacks: EngineStacks, region: str, name: str) -> bool:
        """Remove a stack's schedules, and delete the stack if its last run has ended; return whether it is gone."""
        caller = Caller(self._caller.account, region)
        document = await region_stacks.template(name)
        drained = without_triggers(document) if document else document
        try:
            if document and drained != document:
                parameters = await region_stacks.parameters(name)
                declared = {key: parameters[key] for key in parameters if key in drained.get("Parameters", {})}
                await region_stacks.apply(name, dumps(drained), declared, from_job_file=True)
            busy = await leaving_jobs.find_running_jobs(self._engine, caller, name, jobs_of(document))
            if busy or (name in self._draining and leaving_jobs.has_pending_alerts(self._engine)):
                if name not in self._draining:
                    self._draining.add(name)
                    log.info(
                        "%s: its jobs start no more runs; they are removed when %s ends", name, ", ".join(sorted(busy))
                    )
                return False
            await region_stacks.delete(name)
        except StackFailed as error:
            log.error("%s: %s", name, error)
            return False
        if region == self._caller.region:
            self._applied.pop(name, None)
            self._runs.follow(name, {})
        region_text = "" if region == self._caller.region else f" in {region}"
        log.info(
            "%s: its jobs%s were removed, because %s no longer has them",
            name,
            region_text,
            self._files.source.display_name,
        )
        return True


def log_source_error(error: LamplighterError) -> None:
    """Log the errors of a file."""
    problems = error.problems if isinstance(error, JobFileError) else None
    log.error("%s", error, extra={"problems": problems})
