"""A hint names the site of the command that prints it, and nothing else."""

from pathlib import Path

import pytest

from lamplighter.cli.command_context import CommandContext, option_words
from lamplighter.cli.target import DATA_VARIABLE, DEFAULT_DATA, Target


def test_defaults_add_nothing_to_a_hint() -> None:
    assert option_words(None, None, None, None, None, DEFAULT_DATA, aws=False) == ""
    context = CommandContext(lambda: Target(None, ""), lambda: None)
    assert context.hint("logs nightly") == "lamplighter logs nightly"


def test_a_hint_repeats_each_option_as_a_shell_reads_it() -> None:
    words = option_words(Path("my jobs.yaml"), "prod", None, "acme", "eu-west-1", Path("other"), aws=True)
    assert words == " --file 'my jobs.yaml' -e prod --profile acme --region eu-west-1 --data other --aws"
    assert option_words(None, None, "http://box:4566", None, None, DEFAULT_DATA, aws=False) == (
        " --endpoint-url http://box:4566"
    )


def test_a_hint_leaves_out_the_data_directory_of_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATA_VARIABLE, "/data")
    assert option_words(None, None, None, None, None, Path("/data"), aws=False) == ""
