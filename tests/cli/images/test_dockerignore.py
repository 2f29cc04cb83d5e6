"""The files that `.dockerignore` excludes from a build, as Docker's documentation defines."""

from pathlib import Path

import pytest

from lamplighter.cli.images.dockerignore import compile_ignore


@pytest.mark.parametrize(
    ("lines", "path", "expected"),
    [
        ("", "a", False),
        ("# a\n", "a", False),
        ("a", "a", True),
        ("/a", "a", True),
        ("./a/", "a/b/c", True),
        ("a", "b/a", False),
        ("*/temp*", "dir/temporary.txt", True),
        ("*/temp*", "dir/sub/temporary.txt", False),
        ("*/*/temp*", "dir/sub/temporary.txt", True),
        ("temp?", "tempa", True),
        ("temp?", "temp", False),
        ("**/*.go", "x.go", True),
        ("**/*.go", "a/b/x.go", True),
        ("a/**", "a/b/x", True),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("[ab].txt", "a.txt", True),
        ("[ab].txt", "c.txt", False),
        ("*.md\n!README.md", "README.md", False),
        ("*.md\n!README.md", "OTHER.md", True),
        ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", True),
        ("a+b", "a+b", True),
        ("a+b", "aab", False),
        ("**", "anything/at/all", True),
        ("*", "Dockerfile", False),
        ("**", ".dockerignore", False),
        (".git", ".git/config", True),
    ],
)
def test_the_last_matching_pattern_decides(tmp_path: Path, lines: str, path: str, expected: bool) -> None:
    (tmp_path / ".dockerignore").write_text(lines)
    assert compile_ignore(tmp_path)(path) is expected


def test_without_a_dockerignore_file_nothing_is_excluded(tmp_path: Path) -> None:
    assert not compile_ignore(tmp_path)("a/b")
