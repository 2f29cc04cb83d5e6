"""A volume of a folder beside the job file does not leave that folder through a link."""

from pathlib import Path

import pytest

from lamplighter.runtime.docker.marked_paths import resolve_path
from lamplighter.runtime.port import CannotStart


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "v2").mkdir()
    (tmp_path / "data").symlink_to("v2")
    assert resolve_path(f"{tmp_path}/./data/new") == f"{tmp_path}/v2/new"
    assert resolve_path(f"{tmp_path}/./.") == str(tmp_path)


@pytest.mark.parametrize("target", ["/etc", "../outside", "../jobs-2"])
def test_a_link_that_leaves_the_folder_is_named(tmp_path: Path, target: str) -> None:
    jobs = tmp_path / "jobs"
    (jobs / "data").mkdir(parents=True)
    link = jobs / "data" / "sub"
    link.symlink_to(target if target.startswith("/") else f"../{target}")
    outside = target if target.startswith("/") else str(tmp_path / target.removeprefix("../"))
    with pytest.raises(CannotStart, match=f"{link} is a link to {outside}, which is outside {jobs}"):
        resolve_path(f"{jobs}/./data/sub/more")


def test_the_folder_itself_may_be_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "real" / "data").mkdir(parents=True)
    (tmp_path / "jobs").symlink_to("real")
    assert resolve_path(f"{tmp_path}/jobs/./data") == f"{tmp_path}/real/data"


def test_a_path_that_was_written_in_full_and_the_name_of_a_volume_may_lead_anywhere(tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to("/etc")
    for path in (f"{tmp_path}/data", "cache"):
        assert resolve_path(path) == path
