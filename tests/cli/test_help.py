"""The help lists the commands in groups."""

from typer.testing import CliRunner

from lamplighter.cli.app import COMMANDS, build_app


def test_the_commands_are_listed_in_groups() -> None:
    shown = CliRunner().invoke(build_app(None), ["--help"]).output
    headings = list(dict.fromkeys(each.panel for each in COMMANDS.values()))
    assert headings == ["Jobs", "Look", "Alerts", "Engine", "AWS"]
    places = [shown.index(f"─ {each} ─") for each in headings]
    assert places == sorted(places)
