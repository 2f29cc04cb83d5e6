"""Run `lamplighter status`: say in a few lines whether a deployment on AWS still does what it was deployed for.

It asks only what AWS answers at once; `doctor --aws` and `diff` also let CloudFormation look for drift. Exit codes: 0
nothing is wrong, although there may be doubts; 1 something is wrong, or nothing is deployed.
"""

from dataclasses import asdict

import typer
from rich.console import Console

from lamplighter.base.json_text import dumps
from lamplighter.cli.command_context import explain_errors, fail
from lamplighter.cli.deploy.prompts import JsonOption, describe_place, target_of_options
from lamplighter.cli.deployed.check_deployment import LINKS, STATE, check_deployment
from lamplighter.cli.deployed.deployment import read_deployment
from lamplighter.cli.doctor.print_findings import print_finding
from lamplighter.cli.job_file import DEFAULT_JOB_FILE, EnvironmentOption, FileArgument, read_job_file
from lamplighter.cli.target import AwsOption, ProfileOption, RegionOption


def status(
    file: FileArgument = DEFAULT_JOB_FILE,
    env: EnvironmentOption = None,
    aws: AwsOption = True,  # noqa: FBT002 - typer's way
    profile: ProfileOption = None,
    region: RegionOption = None,
    json: JsonOption = False,  # noqa: FBT002 - typer's way
) -> None:
    """Say whether a deployment on AWS works: what is switched off, deleted, refused, lost or nearly full."""
    project = read_job_file(file, env).project
    target = target_of_options(None, profile, region, project.aws, aws=aws)
    with explain_errors(target):
        deployment = read_deployment(target, project.prefix)
        if deployment is None:
            fail(f"{project.prefix} is not deployed to {target}")
        findings = list(check_deployment(deployment, (*LINKS, *STATE)))
        place = describe_place(target)
    failed = any(each.state == "bad" for each in findings)
    stack = deployment.stack
    if json:
        listed = [*map(asdict, findings)]
        typer.echo(dumps({"stack": stack.name, "status": stack.status, "well": not failed, "findings": listed}))
    else:
        console = Console(highlight=False, soft_wrap=True)
        console.print(f"{stack.name} in {place}: {stack.status}{', and nothing is wrong' if not findings else ''}")
        for each in findings:
            print_finding(each, console)
    raise typer.Exit(1 if failed else 0)
