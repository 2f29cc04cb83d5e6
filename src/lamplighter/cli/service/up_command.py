"""Check the options of `up` that a service is given, and move the secret ones out of its command line.

Guarantees that the rest of the command line has no secret: everybody on the machine can read the command lines of units
and processes. Rejects options that make no sense at each start.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer

from lamplighter.cli.job_file import read_job_file
from lamplighter.cli.option_groups import VARIABLE_PREFIX, with_option_groups
from lamplighter.cli.service.unit_file import UpCommand
from lamplighter.cli.site_options import SiteOptions
from lamplighter.cli.up.command_line import JobsOptions, LogOptions, ReachingOptions, ServingOptions, parse_source
from lamplighter.cli.up.heartbeat import check_url
from lamplighter.outbound.mail_server import parse_mail_server
from lamplighter.outbound.program import HEARTBEAT_VARIABLE, MAIL_SERVER_VARIABLE

SECRET_OPTIONS = {"--smtp": MAIL_SERVER_VARIABLE, "--heartbeat": HEARTBEAT_VARIABLE}
"""The options whose values are secret, and the variables that have the same meaning."""


def parse_up_command(words: Sequence[str]) -> UpCommand:
    """Check the options of `up`, the URLs in them and the job file, as seen from the present folder.

    Raises an error of the command line if `up` would not accept the options; ends the command with exit code 1 if the
    job file has errors, which are printed.
    """
    app = typer.Typer()
    app.command()(_gather_options)
    command = typer.main.get_command(app)
    context = command.make_context("lamplighter up", list(words), auto_envvar_prefix=VARIABLE_PREFIX)
    jobs, serving, reaching = command.invoke(context)
    if serving.new:
        hint = SiteOptions(jobs.file, jobs.environment, data=serving.data).hint("up --new")
        raise typer.BadParameter(f"--new would begin empty at each start: run `{hint}` once")
    if reaching.smtp:
        parse_mail_server(reaching.smtp)
    if reaching.heartbeat_url:
        check_url(reaching.heartbeat_url)
    source = parse_source(jobs, serving.data)
    if source.file is not None and not source.is_implied:
        read_job_file(source.file, source.environment)
    options, secrets = _split_secrets(words)
    return UpCommand(tuple(options), secrets, Path(os.path.normpath(serving.data.absolute())))


@with_option_groups
def _gather_options(
    jobs: JobsOptions, serving: ServingOptions, reaching: ReachingOptions, _log: LogOptions
) -> tuple[JobsOptions, ServingOptions, ReachingOptions]:
    """Return the options that decide what `up` does. Nothing depends on those of its log."""
    return jobs, serving, reaching


def _split_secrets(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Separate the secret options of a valid command line from the others."""
    options, secrets = list[str](), dict[str, str]()
    rest: Iterator[str] = iter(words)
    for word in rest:
        name, sign, value = word.partition("=")
        if name in SECRET_OPTIONS:
            secrets[SECRET_OPTIONS[name]] = value if sign else next(rest)
        else:
            options.append(word)
    return options, secrets
