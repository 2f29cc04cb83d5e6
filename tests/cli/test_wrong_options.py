"""A wrong value of an option is explained in a plain sentence, without words about the library that found it."""

from pathlib import Path

import pytest

from tests.cli.up_folder import run_lamplighter


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("up", "--runtime", "nope"), "'nope' is not one of 'auto', 'docker', 'process'."),
        (("users", "add", "me", "--role", "boss"), "'boss' is not one of 'look', 'run', 'change'."),
        (("up", "--port", "x"), "'x' should be a valid integer."),
        (("up", "--port", "99999"), "'99999' should be less than or equal to 65535."),
        (("up", "--deny", "nope"), "--deny: unknown word `nope`"),
        (("lint", "--deny", "nope"), "--deny: unknown word `nope`"),
        (("up", "--memory", "nope"), "--memory: 'nope' is not a size"),
        (("up", "--endpoint", "nope"), "--endpoint nope: use SERVICE=URL"),
    ],
)
def test_a_wrong_value_of_an_option_is_explained_in_a_plain_sentence(
    tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    (tmp_path / "lamplighter.yaml").write_text("project: p\njobs: {a: {command: echo}}\n")
    result = run_lamplighter(*words, cwd=tmp_path)
    assert result.code == 2
    assert f": {says}" in result.err
    assert "Value error" not in result.err
    assert "Input should" not in result.err
