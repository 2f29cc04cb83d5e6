"""Run `lamplighter status --aws`: say in a few lines whether a deployment still does what it was deployed for.

It asks only what AWS answers at once; `doctor --aws` and `diff` also let CloudFormation look for drift. Exit codes: 0
nothing is wrong, although there may be doubts; 1 something is wrong, or nothing is deployed.
"""

import typer

from lamplighter.cli.command_context import CommandContext, fail, with_command_context
from lamplighter.cli.deployed.check_deployment import LINKS, STATE, check_deployment
from lamplighter.cli.deployed.deployment import require_deployment
from lamplighter.cli.doctor.print_findings import print_findings
from lamplighter.cli.prompts import JsonOption


@with_command_context
def status(context: CommandContext, *, json: JsonOption = False) -> None:
    """Say whether a deployment on AWS works: what is switched off, deleted, refused, lost or nearly full."""
    if context.target.endpoint is not None:
        fail(f"this is about a deployment on AWS: use --aws; `{context.hint('doctor')}` looks at an engine")
    findings = check_deployment(require_deployment(context), (*STATE, *LINKS))
    raise typer.Exit(1 if print_findings(findings, json=json) else 0)
