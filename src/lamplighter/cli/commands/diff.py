"""Run `lamplighter diff`: show what `deploy` would change.

Exit codes, as those of diff(1): 0 no changes, 1 changes, 2 an error, which standard error explains.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from lamplighter.base.json_text import dumps
from lamplighter.cli.deploy.plan import Plan, parse_parameters, plan
from lamplighter.cli.deploy.prompts import EngineOption, JsonOption, ParameterOption, target_of_options
from lamplighter.cli.deploy.render_changes import change_to_json, print_changes, summary
from lamplighter.cli.job_file import USUAL, EnvironmentOption, FileArgument, read_job_file
from lamplighter.cli.runs.site import explain_errors
from lamplighter.cli.target import AwsOption, ProfileOption, RegionOption, Target

TROUBLE = 2


def diff(
    file: FileArgument = USUAL,
    env: EnvironmentOption = None,
    parameter: ParameterOption = None,
    endpoint_url: EngineOption = None,
    aws: AwsOption = False,  # noqa: FBT002 - typer's way
    profile: ProfileOption = None,
    region: RegionOption = None,
    json: JsonOption = False,  # noqa: FBT002 - typer's way
) -> None:
    """Show what deploying would change, by resource and property. Exit codes: 0 no changes, 1 changes, 2 an error."""
    with _trouble():
        loaded = read_job_file(file, env)
        where = target_of_options(endpoint_url, profile, region, aws=aws)
        with explain_errors(where):
            found = plan(loaded, where, parse_parameters(parameter or []))
    if json:
        status = found.stack.status if found.stack else None
        typer.echo(
            dumps({"stack": found.name, "status": status, "changes": [change_to_json(each) for each in found.changes]})
        )
    else:
        _show(found, where)
    raise typer.Exit(1 if found.changes else 0)


@contextmanager
def _trouble() -> Iterator[None]:
    """End the command with exit code 2 if the block ends it with an error; 1 means here that there are changes."""
    try:
        yield
    except typer.Exit as end:
        raise typer.Exit(TROUBLE if end.exit_code else 0) from None


def _show(found: Plan, where: Target) -> None:
    console = Console(highlight=False)
    if found.stack is None:
        console.print(f"{found.name} is not deployed to {where} yet", soft_wrap=True)
    print_changes(found.changes, console)
    told = summary(found.changes) or f"{found.name} is deployed to {where} as the file says"
    console.print(told, soft_wrap=True)
