"""The command `lamplighter alert`: it sends a test alert to a channel of the job file."""

from pathlib import Path

import pytest

from tests.cli.up_folder import UpFolder, run_lamplighter
from tests.served_engine import eventually

HEAD = "channels:\n  mail: {email: me@example.com}\n  file: {command: 'cat > told'}\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> UpFolder:
    folder = UpFolder(tmp_path_factory.mktemp("alert"))
    folder.write("one: {command: 'true', notify: [mail, file]}", head=HEAD)
    return folder


def test_a_test_alert_reaches_the_channel(home: UpFolder) -> None:
    home.up_and_apply()
    try:
        result = run_lamplighter("alert", "file", "--endpoint-url", home.url, cwd=home.folder)
        assert (result.code, result.out.startswith("sent to file;")) == (0, True)
        told = home.folder / "told"
        text = eventually(lambda: told.read_text() if told.exists() and told.read_text().count("\n") > 3 else None)
        assert text.startswith("test of the channel file: alerts arrive here\n\nProject:   home\n")
    finally:
        home.close()


def test_an_unknown_channel_is_an_error_that_names_the_known_ones(home: UpFolder) -> None:
    result = run_lamplighter("alert", "ops", "--endpoint-url", "http://127.0.0.1:1", cwd=home.folder)
    assert result.code == 1
    assert "the job file has no channel ops; its channels are: mail, file" in result.err


def test_a_folder_without_a_job_file_is_an_error(tmp_path: Path) -> None:
    result = run_lamplighter("alert", "ops", "--endpoint-url", "http://127.0.0.1:1", cwd=tmp_path)
    assert result.code == 1
    assert "this folder has no job file: name one with --file" in result.err
