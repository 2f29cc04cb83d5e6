"""Deploy a project in as many steps as CloudFormation needs: where a step has no room for all jobs, another follows.

A step also follows when SQS gives the names of deleted queues free, which it reserves for a minute.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from rich.console import Console

from lamplighter.base.world import sleep
from lamplighter.cli.deploy import reserved_queue_names
from lamplighter.cli.deploy.carry_out import Wishes, carry_out
from lamplighter.cli.deploy.deployment_plan import plan_deployment
from lamplighter.cli.deploy.stack.execute import print_result
from lamplighter.cli.deploy.stack.follow_stack import StackProgress, report_outcome
from lamplighter.cli.deploy.wait_until_ready import wait_until_ready
from lamplighter.cli.prompts import confirm_or_exit, pause_between_polls
from lamplighter.cli.target import Target
from lamplighter.jobs.file.load import LoadedJobFile
from lamplighter.jobs.stack.handover import Handover

ONE_STEP = "CloudFormation creates 2,500 resources at once"
"""Why a deployment of many jobs takes several steps."""


@dataclass(frozen=True, slots=True)
class Deployer:
    """What deploys a project to a target."""

    loaded: LoadedJobFile
    target: Target
    parameters: Mapping[str, str]
    wishes: Wishes
    console: Console

    def deploy(self, handover: Handover | None = None, *, yes: bool) -> bool:
        """Deploy all jobs and print the result; return False if there is nothing to do or the change is only planned.

        `handover` replaces the one of the deployed stack. Ends the command with exit code 1 if the deployment fails.
        """
        progress, is_complete = self._deploy_once(handover, yes=yes)
        while progress is not None and not is_complete and report_outcome(progress):
            self.console.print(f"{ONE_STEP}: the next step follows", soft_wrap=True)
            progress, is_complete = self._deploy_once(handover, yes=True)
        if self.wishes.file is not None and not is_complete:
            self.console.print(f"{ONE_STEP}: plan again for the other jobs after this plan was applied", soft_wrap=True)
        queues = reserved_queue_names.find_reserved_queues(progress) if progress is not None else ()
        if queues:
            self._wait_for_queue_names(queues)
            progress, _ = self._deploy_once(handover, yes=True)
        if progress is not None:
            print_result(progress, self.loaded.project.prefix, self.target, self.console)
        return progress is not None

    def _deploy_once(self, handover: Handover | None, *, yes: bool) -> tuple[StackProgress | None, bool]:
        """Deploy once; return the progress of the stack, or None if nothing is deployed, and whether that were all
        jobs.
        """
        client, name, confirm = self.target.client("cloudformation"), self.loaded.project.prefix, confirm_or_exit
        pause = partial(pause_between_polls, self.target)
        wait_until_ready(client, name, self.console, pause, partial(confirm, yes=yes), self.target.options)
        plan = plan_deployment(self.loaded, self.target, self.parameters, handover)
        return carry_out(plan, self.target, self.wishes, self.console, yes=yes), plan.is_complete

    def _wait_for_queue_names(self, queues: tuple[str, ...]) -> None:
        reason = f"SQS reserves the name of a deleted queue for a minute ({', '.join(queues)})"
        seconds = reserved_queue_names.WAIT_SECONDS
        self.console.print(f"{reason}: trying again in {seconds:.0f} seconds", soft_wrap=True)
        sleep(seconds)
