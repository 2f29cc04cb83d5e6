"""Run `lamplighter diff`: show what `deploy` would change.

Exit codes: 0 no changes, 1 changes, 2 an error, which standard error explains, as those of diff(1); 3 no changes, but
on AWS something is no longer as it was deployed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

import typer
from rich.console import Console

from lamplighter.base.json_text import dumps
from lamplighter.cli.command_context import explain_errors
from lamplighter.cli.deploy.comparison.render_changes import change_to_json, print_changes, summarize_changes
from lamplighter.cli.deploy.deployment_plan import DeploymentPlan, plan_deployment
from lamplighter.cli.deploy.stack_site import ParameterOption, StackSite
from lamplighter.cli.deploy.template_parameters import parse_parameters
from lamplighter.cli.deployed.check_deployment import DRIFT, check_deployment
from lamplighter.cli.deployed.deployment import make_deployment
from lamplighter.cli.doctor.finding import Finding
from lamplighter.cli.doctor.print_findings import print_findings
from lamplighter.cli.option_groups import with_option_groups
from lamplighter.cli.prompts import JsonOption
from lamplighter.cli.target import Target

EXIT_ERROR, EXIT_DRIFT = 2, 3


@with_option_groups
def diff(
    site: StackSite,
    *,
    parameter: ParameterOption = None,
    json: JsonOption = False,
) -> None:
    """Show what deploying would change, and on AWS what is no longer as it was deployed.

    Exit codes: 0 no changes, 1 changes, 2 an error, 3 no changes, but something is not as it was deployed.
    """
    with _replace_exit_code():
        loaded = site.read()
        target = site.target(loaded.project.aws)
        with explain_errors(target):
            plan = plan_deployment(loaded, target, parse_parameters(parameter or []))
            drift = _find_drift(plan, target)
    if json:
        status = plan.stack.status if plan.stack else None
        changes = [change_to_json(each) for each in plan.changes]
        typer.echo(dumps({"stack": plan.name, "status": status, "changes": changes, "drift": [*map(asdict, drift)]}))
    else:
        _print_plan(plan, target, drift)
    has_drifted = any(each.state == "bad" for each in drift)
    raise typer.Exit(1 if plan.changes else EXIT_DRIFT if has_drifted else 0)


def _find_drift(plan: DeploymentPlan, target: Target) -> Sequence[Finding]:
    """Return where a deployment on AWS is not as its template says; an engine keeps its stack so by itself."""
    if target.endpoint is not None or plan.stack is None or not plan.deployed:
        return ()
    return list(check_deployment(make_deployment(target, plan.stack, plan.deployed), DRIFT))


@contextmanager
def _replace_exit_code() -> Iterator[None]:
    """End the command with exit code 2 if the block ends it with an error; 1 means here that there are changes."""
    try:
        yield
    except typer.Exit as end:
        raise typer.Exit(EXIT_ERROR if end.exit_code else 0) from None


def _print_plan(plan: DeploymentPlan, target: Target, drift: Sequence[Finding]) -> None:
    console = Console(highlight=False)
    if plan.stack is None:
        console.print(f"{plan.name} is not deployed to {target} yet", soft_wrap=True)
    print_changes(plan.changes, console)
    text = summarize_changes(plan.changes) or f"{plan.name} is deployed to {target} as the file says"
    console.print(f"{text}, but:" if drift else text, soft_wrap=True)
    print_findings(drift, json=False)
