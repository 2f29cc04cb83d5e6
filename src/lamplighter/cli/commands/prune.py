"""Run `lamplighter prune`: delete what need not be kept any longer, or show with `--dry-run` what that would be.

An engine deletes old things itself, once an hour; `prune` does it now, and shows how much the data directory holds and
how it grows. AWS deletes old lines itself, too; there, `prune` asks, and deletes the logs of jobs that are gone.

Exit codes: 0 it is done; 1 no engine answers, or the user declined; 2 a question was necessary and standard input is no
terminal.
"""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from lamplighter.base.json_text import Json, dumps
from lamplighter.cli.command_context import CommandContext, fail, with_command_context
from lamplighter.cli.deploy.left_logs import find_left_logs
from lamplighter.cli.deploy.retain_logs import delete_log_groups
from lamplighter.cli.engine_request import request_engine
from lamplighter.cli.find_task_definition import find_task_definition
from lamplighter.cli.images import docker_build, old_images
from lamplighter.cli.prompts import YesOption, confirm_or_exit, describe_place
from lamplighter.cli.runs.text import formatting
from lamplighter.jobs.stack.built_images import built_images

USAGE_PATH, PRUNE_PATH = "/_lamplighter/usage", "/_lamplighter/prune"
TITLES = {
    "runs": "runs",
    "tasks": "tasks",
    "output": "output of tasks",
    "logs": "logs",
    "mails": "mails",
    "objects": "objects in buckets",
    "slots": "scheduled times",
    "stackEvents": "events of stacks",
    "audit": "audit log",
}
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


@with_command_context
def prune(
    context: CommandContext,
    *,
    yes: YesOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be deleted.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Delete what need not be kept any longer, and show how much the rest takes and how it grows.

    With --aws: delete the logs that removed jobs and destroyed projects left, after a question.
    """
    if context.target.endpoint is None:
        _prune_left_logs(context, dry_run=dry_run, json=json, yes=yes)
        return
    old = asyncio.run(_old_images(context))
    deleted: Json = {}
    if not dry_run:
        deleted = request_engine(context.target, "POST", PRUNE_PATH)["deleted"]
        deleted["images"] = len(asyncio.run(old_images.remove_images(old)))
    usage = request_engine(context.target, "GET", USAGE_PATH)
    if json:
        typer.echo(dumps({"usage": usage, "deleted": deleted, "oldImages": old}))
        return
    if not dry_run:
        names = {**TITLES, "images": "built images"}
        counts = [f"{number:,} {names[kind]}" for kind, number in deleted.items() if number]
        typer.echo(f"deleted: {', '.join(counts) or 'nothing'}")
    _print_usage(usage, dry_run=dry_run)
    for image in old if dry_run else ():
        typer.echo(f"would remove the image {image}")


def _prune_left_logs(context: CommandContext, *, dry_run: bool, json: bool, yes: bool) -> None:
    """Delete the logs on AWS that no job of the job file's project needs."""
    if context.project is None:
        fail("`prune --aws` needs a job file, which names the project: go to its folder, or use --file")
    left = find_left_logs(context.target, context.project)
    if not json:
        for each in left:
            typer.echo(f"{each.name}  {format_size(each.bytes)}")
        size = format_size(sum(each.bytes for each in left))
        typer.echo(f"logs that no job of {context.project.prefix} needs: {len(left):,}, {size}")
    if left and not dry_run:
        confirm_or_exit(f"Delete these logs from {describe_place(context.target)}?", yes=yes)
        delete_log_groups(context.target.client("logs"), [each.name for each in left])
    if json:
        typer.echo(dumps({"leftLogs": [asdict(each) for each in left], "deleted": not dry_run}))


async def _old_images(context: CommandContext) -> list[str]:
    """Return the images of earlier builds of the job file's jobs that need not be kept."""
    project = context.project
    if project is None:
        return []
    images = built_images(project)
    # Docker's own order says nothing about images of the same second: one of them could be the job's.
    used = {image for job in {each.job for each in images} for image in _used_images(context.ecs, project.name(job))}
    repositories = [docker_build.image_repository(project.prefix, each.title) for each in images]
    found = [await _old_images_of(each, project.keep.images, used) for each in repositories]
    return [image for images in found for image in images]


def _used_images(ecs: Json, family: str) -> list[str]:
    """Return the images of the latest task definition of a family; none if there is no such family."""
    found = find_task_definition(ecs, family)
    return [each["image"] for each in found["containerDefinitions"] if "image" in each] if found else []


async def _old_images_of(repository: str, keep: int, used: set[str]) -> list[str]:
    try:
        return await old_images.find_old_images(repository, keep, used)
    except docker_build.NoDocker:
        return []


def _print_usage(usage: Json, *, dry_run: bool) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    columns = ("", "kept for", "now", "last 24 h", "in the end", "would be deleted" if dry_run else "")
    for title in columns:
        table.add_column(title, justify="left" if title in ("", "kept for") else "right")
    for kind, title in TITLES.items():
        found = usage[kind]
        days, expected = found["keptDays"], found["expectedBytes"]
        table.add_row(
            title,
            _kept_text(kind, days),
            f"{found['number']:,}, {format_size(found['bytes'])}",
            format_size(found["bytesPerDay"]) if kind != "slots" else "",
            "" if expected is None else f"about {format_size(expected)}",
            f"{found['expired']:,}" if dry_run else "",
        )
    formatting.make_console().print(table)
    free = format_size(usage["freeDatabaseBytes"])
    typer.echo(
        f"database: {format_size(usage['databaseBytes'])}, of which {free} can be used again; "
        f"free on the disk: {format_size(usage['freeDiskBytes'])}"
    )


def _kept_text(kind: str, days: float | None) -> str:
    texts = {"logs": "log-retention of each job", "slots": "a number for each schedule"}
    return texts.get(kind, "until they are deleted" if days is None else f"{days:g} days")


def format_size(size: float) -> str:
    """Return a number of bytes with a unit, such as 1.5 MiB."""
    unit = 0
    while size >= 1024 and unit < len(UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:,.0f} {UNITS[unit]}" if unit == 0 or size >= 100 else f"{size:.1f} {UNITS[unit]}"
