"""What a job writes reaches no terminal and no page as codes: titles, clipboards, cursors, turned text."""

import shlex
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lamplighter.base.json_text import Json
from lamplighter.cli.app import build_app
from lamplighter.cli.runs.text import formatting
from tests.console import sample_jobs
from tests.served_engine import ServedEngine, eventually

RAW = "\x1b]0;title\x07the \x1b[38;5;208morange\x1b[0m\x1b]52;c;aGk=\x07 end\u202e\x1b[2J"
FORBIDDEN = ("\x1b", "\x07", "\u202e", "\x9b", "]0;title", "[38;5", "]52;")
FAILING: Json = {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": f"Bad.{RAW}", "Cause": f"because {RAW}"}}}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedEngine]:
    made = ServedEngine(tmp_path / "data")
    made.up()
    made.ecs.create_cluster(clusterName="default")
    command = f"printf '%s\\n' {shlex.quote(RAW)}; exit 4"
    made.ended(made.start(sample_jobs.create_job(made, "loud", command), name="loud"))
    made.ended(made.start(made.machine(FAILING, "fails"), name="fails"))
    eventually(lambda: "orange" in invoke(made, "logs", "loud"))
    yield made
    made.close()


def invoke(served: ServedEngine, *words: str) -> str:
    """Return what a command writes to a file or a pipe."""
    return CliRunner().invoke(build_app(words[0]), [*words, "--data", str(served.data)]).output


COMMANDS = ("night", "history loud", "history fails", "ps", "ps --all")


def test_no_command_shows_codes_of_a_job(served: ServedEngine) -> None:
    shown = {each: invoke(served, *each.split()) for each in COMMANDS}
    assert [(command, each) for command, text in shown.items() for each in FORBIDDEN if each in text] == []
    assert [each for each in COMMANDS if each != "history loud" and "because the orange end" not in shown[each]] == []
    assert "the orange end" in shown["history loud"]


def test_a_terminal_gets_the_colours_of_a_log_and_a_file_its_bytes(
    served: ServedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert invoke(served, "logs", "loud") == f"{RAW}\n"
    monkeypatch.setattr(formatting, "is_terminal", lambda **_: True)
    assert invoke(served, "logs", "loud") == "the \x1b[38;5;208morange\x1b[0m end\x1b[0m\n"


def test_the_console_shows_no_codes_of_a_job(served: ServedEngine) -> None:
    for page in ("/", "/runs/arn:aws:states:us-east-1:123456789012:execution:loud:loud"):
        with urllib.request.urlopen(served.url + page) as answer:
            shown = answer.read().decode()
        assert "the orange end" in shown
        assert [each for each in FORBIDDEN if each in shown] == []
