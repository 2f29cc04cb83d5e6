"""Run `lamplighter service install|status|uninstall`: let systemd run the engine of this folder, from boot on.

Exit codes: 0 done; 1 it failed, and the output says what to do; 2 a wrong command line. `status`: 0 the service runs,
3 it does not, 4 there is none, as `systemctl status`.
"""

import os
import pwd
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from lamplighter.base.errors import LamplighterError
from lamplighter.base.modules import load_object
from lamplighter.cli.command_context import fail
from lamplighter.cli.service import program, systemd, without_systemd
from lamplighter.cli.service.install import Installation, install
from lamplighter.cli.service.status import NOT_INSTALLED, describe_service
from lamplighter.cli.service.systemd import NAME_PREFIX, InstalledUnit, Systemd, make_systemd
from lamplighter.cli.service.uninstall import uninstall
from lamplighter.cli.service.unit_file import Scope, ServiceUnit, UpCommand, render_unit
from lamplighter.cli.service.variables_file import carried_variables

service = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

SystemOption = Annotated[
    bool | None,
    typer.Option(
        "--system/--no-system",
        help="A service of the machine, or one of your own user. Default: of the machine for root, else your own.",
        show_default=False,
    ),
]


@service.command("install", context_settings={"ignore_unknown_options": True})
def install_command(
    up_options: Annotated[
        list[str] | None, typer.Argument(metavar="[--] [OPTIONS OF UP]", help="Options of `lamplighter up`.")
    ] = None,
    system: SystemOption = None,
    user: Annotated[
        str | None,
        typer.Option(help="The account that runs a service of the machine. Default: the owner of this folder."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The unit's name. Default: lamplighter- and the name of this folder.")
    ] = None,
    start: Annotated[bool, typer.Option("--start/--no-start", help="Start the engine now.")] = True,  # noqa: FBT002 - typer's way
    print_unit: Annotated[  # noqa: FBT002 - typer's way
        bool, typer.Option("--print", help="Print the unit, and install nothing.")
    ] = False,
) -> None:
    """Install the service that runs `lamplighter up` in this folder, or bring it up to date, and start it.

    The options of `up` are those of the engine: lamplighter service install -- --host 0.0.0.0
    """
    scope = _scope(system)
    if user is not None and scope is Scope.USER:
        raise typer.BadParameter("--user needs --system: your own service runs as you")
    # This loads `up`, and so the engine; the other subcommands do without.
    command: UpCommand = load_object("lamplighter.cli.service.up_command:parse_up_command")(up_options or [])
    try:
        if not print_unit and not systemd.is_systemd_running():
            fail(without_systemd.advice(Path.cwd(), (*program.service_program(), "up", *command.options)))
        installation = _plan(make_systemd(scope), command, user, name)
        if print_unit:
            _print_unit(installation)
            return
        _check(installation)
        install(installation, _say, starts=start)
        if scope is Scope.USER:
            _enable_lingering()
    except (LamplighterError, OSError) as error:
        fail(str(error))


@service.command()
def status(system: SystemOption = None) -> None:
    """Show whether the service of this folder runs, how its engine is, and its last messages."""
    found = _find(system)
    if found is None:
        typer.echo("no service is installed for this folder: `lamplighter service install` installs one")
        raise typer.Exit(NOT_INSTALLED)
    try:
        lines, code = describe_service(*found, systemd.own_account())
    except LamplighterError as error:
        fail(str(error))
    typer.echo("\n".join(lines))
    raise typer.Exit(code)


@service.command("uninstall")
def uninstall_command(system: SystemOption = None) -> None:
    """Stop the engine of this folder and remove its service; its data stay, and jobs that run go on."""
    found = _find(system)
    if found is None:
        typer.echo("no service is installed for this folder")
        return
    try:
        _check_rights(found[0])
        uninstall(*found, _say)
    except (LamplighterError, OSError) as error:
        fail(str(error))


def _say(text: str) -> None:
    typer.echo(text)


def _scope(system: bool | None) -> Scope:  # noqa: FBT001 - typer's way
    is_system = os.geteuid() == 0 if system is None else system
    return Scope.SYSTEM if is_system else Scope.USER


def _find(system: bool | None) -> tuple[Systemd, InstalledUnit] | None:  # noqa: FBT001 - typer's way
    """Return the service of this folder; without the option, one of the user or of the machine."""
    scopes = [Scope.USER, Scope.SYSTEM] if system is None else [_scope(system)]
    for each in map(make_systemd, scopes):
        unit = each.find_unit(Path.cwd())
        if unit is not None:
            return each, unit
    return None


def _plan(target: Systemd, command: UpCommand, user: str | None, name: str | None) -> Installation:
    folder = Path.cwd()
    if "\n" in str(folder):
        fail("the name of this folder has a line break, which no unit can contain")
    installed = target.find_unit(folder)
    unit_name = f"{name}.service" if name else installed.name if installed else default_name(folder)
    if not re.fullmatch(r"[\w:.\\-]+\.service", unit_name, re.ASCII) or len(unit_name) > 200:
        raise typer.BadParameter(f"--name {name}: use letters, digits and -")
    if not unit_name.startswith(NAME_PREFIX):
        unit_name = f"{NAME_PREFIX}{unit_name}"
    account = _account(user, folder).pw_name if target.scope is Scope.SYSTEM else ""
    variables_file = target.variables / f"{unit_name.removesuffix('.service').removeprefix(NAME_PREFIX)}.env"
    words = (*program.service_program(), "up", *command.options)
    unit = ServiceUnit(target.scope, folder, command.data, words, variables_file, account)
    return Installation(target, unit_name, unit, {**carried_variables(os.environ), **command.secrets})


def default_name(folder: Path) -> str:
    """Return the name of the unit for a folder."""
    return f"{NAME_PREFIX}{re.sub(r'[^a-zA-Z0-9.]+', '-', folder.name).strip('-') or 'engine'}.service"


def _account(user: str | None, folder: Path) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(user) if user is not None else pwd.getpwuid(folder.stat().st_uid)
    except KeyError:
        reason = f"there is no account {user}" if user else "the owner of this folder has no account"
        raise typer.BadParameter(f"--user: {reason}") from None


def _check(installation: Installation) -> None:
    """Raise an error if the service cannot be installed, or its engine could not start."""
    _check_rights(installation.systemd)
    program.check_permanent(Path(sys.prefix), os.environ)
    if installation.unit.account:
        account, data = pwd.getpwnam(installation.unit.account), installation.unit.data
        program.check_runnable(account)
        if data.exists() and data.stat().st_uid != account.pw_uid:
            advice = f"name its owner with --user, or run `chown -R {account.pw_name}: {data}`"
            raise systemd.SystemdError(f"{data} does not belong to {account.pw_name}: {advice}")
    else:
        _check_user_systemd(installation.systemd)


def _check_rights(target: Systemd) -> None:
    if target.scope is Scope.SYSTEM and os.geteuid() != 0:
        command = " ".join(program.service_program())
        raise systemd.SystemdError(f"only root may change services of the machine: use `sudo {command} service …`")


def _check_user_systemd(target: Systemd) -> None:
    try:
        target.control("show-environment")
    except systemd.SystemdError as error:
        raise systemd.SystemdError(
            f"your own systemd does not answer: log in as {systemd.own_account()} directly, for example with ssh, not "
            f"with su or sudo; or install a service of the machine with --system ({error})"
        ) from None


def _enable_lingering() -> None:
    """Let the service run without a login, or say how."""
    account = systemd.own_account()
    if systemd.lingers(account):
        return
    if systemd.enable_lingering(account):
        _say(f"enabled lingering for {account}, so that the service runs without a login")
    else:
        _say(f"warning: it and its jobs stop when {account} logs out: run `sudo loginctl enable-linger {account}`")


def _print_unit(installation: Installation) -> None:
    typer.echo(render_unit(installation.unit), nl=False)
    names = ", ".join(installation.variables)
    typer.echo(f"# {installation.file}; variables in {installation.unit.variables_file} (mode 600): {names}", err=True)
