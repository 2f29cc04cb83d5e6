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


def test_a_missing_topic_and_a_refused_call_are_told_apart(tmp_path: Path) -> None:
    folder = UpFolder(tmp_path)
    elsewhere = "arn:aws:sns:eu-west-1:123456789012:alerts"
    channels = f"{{mine: {{email: me@example.com}}, named: {{sns: '{elsewhere}'}}}}"
    folder.write("one: {command: 'true'}", head=f"channels: {channels}\n")
    keys = folder.folder / "keys"
    keys.write_text(
        "[all]\naws_access_key_id = all\naws_secret_access_key = b\n"
        "[look]\naws_access_key_id = look\naws_secret_access_key = b\nlamplighter_role = look\n"
    )

    def alert(channel: str, profile: str) -> str:
        keys_of_user = {"AWS_SHARED_CREDENTIALS_FILE": str(keys), "AWS_PROFILE": profile}
        options = ("--endpoint-url", folder.url)
        return run_lamplighter("alert", channel, *options, cwd=folder.folder, **keys_of_user).err

    folder.up("--credentials", str(keys))
    try:
        assert f"the topic {elsewhere} does not exist, so its alerts are lost: create it" in alert("named", "all")
        assert "the channel mine is not applied: there is no topic home-mine" in alert("mine", "all")
        folder.client("sns", "eu-west-1", "all", "b").create_topic(Name="alerts")
        assert alert("named", "all") == ""
        assert "look is not authorized to perform: sns:Publish" in alert("named", "look")
    finally:
        folder.close()
