"""Choose what `ps` and `next` list: the jobs of the job file; without one, all state machines and scheduled tasks."""

from collections.abc import Callable, Sequence

from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.runs.find_job import Machine, NoSuchJob, find_job, listed_machines
from lamplighter.cli.runs.scheduled_tasks import find_scheduled_tasks
from lamplighter.runs.tasks.scheduled_tasks import ScheduledTask


def find_listed(
    context: CommandContext,
    name: str | None,
    find_machine: Callable[[CommandContext, str], Machine] = find_job,
) -> tuple[Sequence[Machine], Sequence[ScheduledTask]]:
    """Return the state machines and the scheduled tasks to list: all of them, or those with a name.

    Raises `NoSuchJob` if nothing has the name.
    """
    if name is None:
        return listed_machines(context), () if context.project is not None else find_scheduled_tasks(context)
    try:
        return [find_machine(context, name)], ()
    except NoSuchJob:
        tasks = [each for each in find_scheduled_tasks(context) if each.name == name]
        if not tasks:
            raise
        return (), tasks
