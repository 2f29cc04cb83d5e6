"""Keeps an engine as files say: builds images, applies stacks, tells of it, and does so again whenever a file changes.

Promises that files which are wrong change nothing: what is wrong is told, and the jobs stay as they are. What a file no
longer asks for goes. Runs that are under way go on as they began.
"""

import asyncio
import logging
from collections.abc import Mapping

from lamplighter.base.errors import LamplighterError, Unavailable
from lamplighter.bus import Caller
from lamplighter.cli.jobfile import show
from lamplighter.cli.serving import telling
from lamplighter.cli.serving.builder import Builder
from lamplighter.cli.serving.orders import Orders
from lamplighter.cli.serving.plan import Plan
from lamplighter.cli.serving.runs import Runs
from lamplighter.cli.serving.stack import StackFailed, Stacks, Step
from lamplighter.cli.serving.upcoming import upcoming
from lamplighter.engine.config import RuntimeChoice
from lamplighter.engine.engine import Engine
from lamplighter.jobs import names
from lamplighter.jobs.document import JobFileError
from lamplighter.jobs.model import Project
from lamplighter.store import stacks

log = logging.getLogger("lamplighter.jobs")

AGAIN = 10.0
"""Seconds until what could not be done is tried again."""


class Keeper:
    """Keeps one engine."""

    def __init__(self, engine: Engine, orders: Orders, region: str) -> None:
        self._engine = engine
        self._orders = orders
        self._caller = Caller(engine.config.account, region)
        self._stacks = Stacks(engine, self._caller)
        self._builder = Builder(orders.data, builds=engine.config.runtime is not RuntimeChoice.PROCESS)
        self._runs = Runs(engine)
        self._applied: dict[str, tuple[Plan, dict[str, str]]] = {}
        """By its name, what was last asked of a stack, and with which images."""
        self._others: set[str] = set()
        """Stacks of other files that were told of."""

    async def recall(self) -> None:
        """Tell of what goes on from an earlier time by the names that the files have for it."""
        for plan in self._orders.plans:
            self._runs.follow(plan.stack, await self._called(plan))

    async def _called(self, plan: Plan) -> Mapping[str, str]:
        if plan.project is not None:
            return telling.jobs_called(plan.project)
        return telling.resources_called(await self._stacks.resources(plan.stack))

    async def keep(self) -> None:
        """Bring the engine to what was read, and to whatever the files say from then on."""
        while True:
            complete = True
            try:
                complete = await self._apply()
            except Exception:
                log.exception("%s could not be applied", self._orders.source.called)
            await self._reread(complete=complete)

    async def _reread(self, *, complete: bool) -> None:
        """Wait until there is something to do: files that have changed and are well, or what was left undone."""
        well = True
        while await self._orders.changed(None if complete or not well else AGAIN) or not well:
            try:
                await asyncio.to_thread(self._orders.read)
            except LamplighterError as error:
                well = False
                tell(error)
                log.warning("%s is not applied: the jobs stay as they are", self._orders.source.called)
                continue
            if not well:
                log.info("%s is well again", self._orders.source.called)
            return

    async def _apply(self) -> bool:
        """Bring all stacks to what is wanted; whether nothing of it has to be tried again."""
        complete = well = True
        for plan in self._orders.plans:
            try:
                complete &= await self._bring(plan)
            except StackFailed as error:
                log.error("%s is not as %s says: %s", plan.stack, self._orders.source.called, error)
                well, complete = False, complete and not isinstance(error.__cause__, Unavailable)
        if well:
            await self._drop_strays()
        return complete

    async def _bring(self, plan: Plan) -> bool:
        built, complete = await self._builder.images(plan, await self._stacks.parameters(plan.stack))
        if self._applied.get(plan.stack) == (plan, built):
            return complete
        self._applied.pop(plan.stack, None)
        with self._runs.held():
            if plan.project is not None:
                self._runs.follow(plan.stack, await self._called(plan))
            parameters = {**plan.parameters, **self._here(plan), **built}
            ours = plan.project is not None
            steps = await self._stacks.bring(plan.stack, plan.template, parameters, ours=ours)
            self._applied[plan.stack] = (plan, built)
            await self._tell(plan, steps)
        return complete

    def _here(self, plan: Plan) -> dict[str, str]:
        """What a template of ours is told of this engine: whose console its alerts lead to."""
        return {} if plan.project is None else {names.CONSOLE_URL: self._engine.config.url}

    async def _tell(self, plan: Plan, steps: list[Step]) -> None:
        if plan.project is not None:
            await self._tell_jobs(plan, plan.project, steps)
            return
        resources = await self._stacks.resources(plan.stack)
        self._runs.follow(plan.stack, telling.resources_called(resources))
        said = f"{len(steps)} resources were made or changed" if steps else "nothing had to be changed"
        missing = list(telling.not_simulated(resources))
        lines = ["  not simulated here:", *missing] if missing else []
        log.info("%s", "\n".join([f"the stack {plan.stack} is up: {said}", *lines]))

    async def _drop_strays(self) -> None:
        """Delete stacks of this file that it asks for no more: its project was renamed, or the region is another."""
        mark, account = self._orders.source.mark, self._caller.account
        if not mark:
            return
        wanted = {(self._caller.region, plan.stack) for plan in self._orders.plans}
        for region in stacks.regions(self._engine.store.reader, account):
            there = Stacks(self._engine, Caller(account, region))
            for name, origin in (await there.marks()).items():
                if origin != mark:
                    self._tell_of_other(name, origin)
                elif (region, name) not in wanted:
                    await self._drop(there, region, name)

    def _tell_of_other(self, name: str, origin: str) -> None:
        """The jobs of another file go on: it may be kept by nobody any more, but nobody said that they should go."""
        if name not in self._others:
            self._others.add(name)
            how = f"lamplighter destroy {origin} --endpoint-url {self._engine.config.url}"
            log.info("%s, of %s, runs here as well; it goes with `%s`", name, origin, how)

    async def _drop(self, there: Stacks, region: str, name: str) -> None:
        try:
            await there.remove(name)
        except StackFailed as error:
            log.error("%s: %s", name, error)
            return
        if region == self._caller.region:
            self._applied.pop(name, None)
            self._runs.follow(name, {})
        where = "" if region == self._caller.region else f" in {region}"
        log.info("%s: its jobs%s are gone, %s does not ask for them any more", name, where, self._orders.source.called)

    async def _tell_jobs(self, plan: Plan, project: Project, steps: list[Step]) -> None:
        times = {name: await upcoming(self._engine, self._caller, project, name) for name in project.jobs}
        lines = telling.jobs(plan, steps, times)
        log.info("%s", "\n".join([f"{plan.stack} is as {self._orders.source.called} says:", *lines]))
        for line in telling.missing_secrets(project, self._orders.secrets, self._orders.env):
            log.warning("%s", line)


def tell(error: LamplighterError) -> None:
    """Show what is wrong with a file."""
    if isinstance(error, JobFileError):
        show(error.problems)
    else:
        log.error("%s", error)
