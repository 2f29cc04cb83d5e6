"""A wrong value of an option is explained in a plain sentence, without words about the library that found it."""

import pytest
from typer.testing import CliRunner

from lamplighter.cli.app import build_app


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("up", "--runtime", "nope"), "'nope' is not one of 'auto', 'docker', 'process'."),
        (("users", "add", "me", "--role", "boss"), "'boss' is not one of 'look', 'run', 'change'."),
        (("up", "--port", "x"), "'x' should be a valid integer."),
        (("up", "--port", "99999"), "'99999' should be less than or equal to 65535."),
        (("up", "--deny", "nope"), "unknown word `nope`"),
    ],
)
def test_a_wrong_value_of_an_option_is_explained_in_a_plain_sentence(words: tuple[str, ...], says: str) -> None:
    result = CliRunner().invoke(build_app(words[0]), words, env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert f": {says}" in result.stderr
    assert "Value error" not in result.stderr
    assert "Input should" not in result.stderr
