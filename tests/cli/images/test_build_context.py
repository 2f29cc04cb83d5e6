"""The digest of a folder changes exactly when the content of its image changes."""

import os
from pathlib import Path

import pytest

from lamplighter.cli.images.build_context import InvalidBuildContext, context_digest, context_files


def create_folder(folder: Path, ignore: str | None, *names: str) -> Path:
    for name in ("Dockerfile", *names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    if ignore is not None:
        folder.joinpath(".dockerignore").write_text(ignore)
    return folder


def list_context_files(folder: Path) -> set[str]:
    """Return the files of the build context without those that every context has."""
    return {name for name, _ in context_files(folder, folder / ".lamplighter")} - {"Dockerfile", ".dockerignore"}


def test_the_digest_covers_names_contents_modes_and_links(tmp_path: Path) -> None:
    folder, data = create_folder(tmp_path, None, "a", "b/c"), tmp_path / "none"
    seen = [context_digest(folder, "here", data)]

    def changed() -> bool:
        seen.append(context_digest(folder, "here", data))
        return seen[-1] not in seen[:-1]

    os.utime(folder / "a", (1, 1))
    assert not changed()
    folder.joinpath("a").write_text("other")
    assert changed()
    folder.joinpath("a").rename(folder / "d")
    assert changed()
    folder.joinpath("d").chmod(0o755)
    assert changed()
    folder.joinpath("link").symlink_to("d")
    assert changed()
    folder.joinpath("link").unlink()
    folder.joinpath("link").symlink_to("b/c")
    assert changed()
    folder.joinpath("b/e").write_text("")
    assert changed()


def test_the_engine_s_own_directory_is_ignored(tmp_path: Path) -> None:
    folder = create_folder(tmp_path, None, "a", ".lamplighter/db")
    os.mkfifo(folder / ".lamplighter/alive")
    before = context_digest(folder, "here", folder / ".lamplighter")
    folder.joinpath(".lamplighter/db").write_text("more")
    assert context_digest(folder, "here", folder / ".lamplighter") == before
    assert list_context_files(folder) == {"a"}


@pytest.mark.parametrize("ignore", ["in", "*\n!a.py", "in\n!in/deep"])
def test_files_that_dockerignore_excludes_are_ignored(tmp_path: Path, ignore: str) -> None:
    folder = create_folder(tmp_path, ignore, "a.py", "in/b.pyc", "in/deep/c.md")
    assert (
        list_context_files(folder)
        == {"in": {"a.py"}, "*\n!a.py": {"a.py"}, "in\n!in/deep": {"a.py", "in/deep/c.md"}}[ignore]
    )


def test_an_invalid_folder_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(InvalidBuildContext, match="there is no folder"):
        context_digest(tmp_path / "none", "here")
    with pytest.raises(InvalidBuildContext, match="has no Dockerfile"):
        context_digest(tmp_path, "here")
