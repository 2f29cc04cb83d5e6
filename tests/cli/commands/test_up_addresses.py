"""The options of `up`: each has a variable, and the job file has the engine's URL and its mail server."""

import asyncio
from pathlib import Path

import pytest
import typer

from lamplighter.cli.app import build_app
from lamplighter.cli.option_groups import VARIABLE_PREFIX
from tests.cli.up_folder import UpFolder, run_lamplighter
from tests.contracts.servers import mail_server
from tests.served_engine import eventually

MAILED = "channels: {ops: {email: ops@example.com}}\ndefaults: {notify: ops}\n"


def up_command() -> typer.core.TyperCommand:
    """Return the command `up` as the program builds it."""
    group = typer.main.get_command(build_app("up"))
    assert isinstance(group, typer.core.TyperGroup)
    found = group.commands["up"]
    assert isinstance(found, typer.core.TyperCommand)
    return found


def test_each_option_has_the_variable_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    command = up_command()
    monkeypatch.setenv("LAMPLIGHTER_NEW", "1")
    context = command.make_context("up", [])
    options = [each for each in command.params if each.opts[0].startswith("--") and each.name not in ("help", "new")]
    assert len(options) > 25
    for option in options:
        variable = f"{VARIABLE_PREFIX}_{option.opts[0].removeprefix('--').upper().replace('-', '_')}"
        monkeypatch.setenv(variable, "given")
        assert option.resolve_envvar_value(context) == "given", option.opts
    assert context.params["new"] is False  # it would start empty each time


def test_the_values_of_variables_are_those_of_options(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"PORT": "21377", "CPUS": "1.5", "MEMORY": "2G", "TLS_CERT": "a.pem", "ALLOW_HOST": "a b", "COMMANDS": "0"}
    for name, value in given.items():
        monkeypatch.setenv(f"LAMPLIGHTER_{name}", value)
    params = up_command().make_context("up", ["--port", "21378"]).params
    assert (params["port"], params["cpus"], params["memory"], params["commands"]) == (21378, 1.5, "2G", False)
    assert (params["tls_cert"], list(params["allow_host"])) == (Path("a.pem"), ["a", "b"])


def test_an_option_wins_over_its_variable_and_that_over_the_file(
    home: UpFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write("one: {command: 'true'}", head="box: {url: 'https://file.example'}\n")
    home.up(str(home.file))
    assert "the console is at https://file.example/" in home.wait_for_line("the console")
    home.kill()
    monkeypatch.setenv("LAMPLIGHTER_URL", "https://variable.example")
    home.up(str(home.file))
    home.wait_for_line("the console is at https://variable.example/")
    home.kill()
    home.up(str(home.file), "--url", "https://option.example")
    home.wait_for_line("the console is at https://option.example/")


def test_a_file_with_errors_in_its_jobs_still_names_the_addresses(home: UpFolder) -> None:
    head = "box: {url: 'https://file.example'}\n"
    home.write("one: {command: 'true'}", head=head)
    home.up_and_apply()
    home.kill()
    before = len(home.lines)
    home.write("one: {comand: 'true'}", head=head)
    home.up(str(home.file))
    home.wait_for_line("the console is at https://file.example/", before)


async def test_mails_take_the_mail_server_of_the_file_whose_password_is_a_secret(home: UpFolder) -> None:
    async with mail_server(login=True) as server:
        url = f"smtp://night:p%40ss@127.0.0.1:{server.port}?from=us@example.com"
        (home.folder / ".env").write_text(f"ssm:/mail={url}\n")
        home.write(
            "fails: {command: exit 3}", head=f"box: {{smtp: 'ssm:/mail', url: 'https://jobs.example.com'}}\n{MAILED}"
        )
        await asyncio.to_thread(home.up_and_apply)
        await asyncio.to_thread(home.start_run, "fails")
        await asyncio.to_thread(eventually, lambda: server.mails)
        doctor = await asyncio.to_thread(run_lamplighter, "doctor", "--data", str(home.data), cwd=home.folder)
    text = server.mails[0].get_content().replace("\r\n", "\n")
    assert "Look at:   https://jobs.example.com/" in text
    assert text.endswith("\n\n--\nThe job file of home names your address as a channel of alerts.\n")
    assert not any("p%40ss" in line or "p@ss" in line for line in home.lines)
    assert "links: " not in doctor.out


def test_a_mail_server_whose_secret_is_missing_does_not_stop_the_jobs(home: UpFolder) -> None:
    home.write("one: {command: 'true'}", head="box: {smtp: 'ssm:/mail'}\n")
    home.up_and_apply()
    assert "smtp: ssm:/mail: this is not the URL of a mail server" in home.wait_for_line("mails are written to files")
    assert home.ended(home.start_run("one"))["status"] == "SUCCEEDED"
    before = len(home.lines)
    home.write("one: {command: 'true'}", head="box: {smtp: 'smtp://mail.example'}\n")
    home.wait_for_line("url and smtp of `box:` are read when the engine starts", before)


def test_links_that_only_this_machine_can_open_are_reported_once(home: UpFolder) -> None:
    home.write("one: {command: 'true'}", head=MAILED)
    home.up_and_apply()
    problem = f"alerts link to {home.url}, which only this machine can open"
    home.wait_for_line(f"{problem}: write box: {{url: https://…}}, or start `up` with --url")
    before = len(home.lines)
    home.write("one: {command: echo two}", head=MAILED)
    home.wait_until_applied(before)
    assert sum(problem in line for line in home.lines) == 1
    assert f"? links: {problem}" in run_lamplighter("doctor", "--data", str(home.data), cwd=home.folder).out
    found = run_lamplighter("lint", str(home.file), cwd=home.folder).err
    assert ":2:12: info: alerts link to the engine at http://127.0.0.1:…, which only this machine can open" in found
    home.write("one: {command: 'true'}", head=f"box: {{url: 'https://jobs.example.com'}}\n{MAILED}")
    assert "alerts link" not in run_lamplighter("lint", str(home.file), cwd=home.folder).err
