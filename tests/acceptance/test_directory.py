"""The data directory of a running engine is private, and the engine reports it if it is missing."""

import json
import os
import shutil
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.served_engine import ServedEngine, eventually, one_state, run_task

WAIT = one_state({"Type": "Wait", "Seconds": 1, "End": True})


def read_health(served: ServedEngine) -> tuple[int, Json]:
    try:
        with urllib.request.urlopen(f"{served.url}/_lamplighter/health") as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def delete(directory: Path) -> None:
    """Delete the directory; repeat this, because files that the engine writes meanwhile make a deletion fail."""
    while directory.exists():
        shutil.rmtree(directory, ignore_errors=True)


def test_a_missing_directory_is_reported_and_refuses_writes_until_it_is_back(served: ServedEngine) -> None:
    machine = served.machine(WAIT)
    away = served.data.with_name("away")
    served.data.rename(away)
    with pytest.raises(ClientError, match="ServiceUnavailable") as refused:
        served.start(machine)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    status, body = read_health(served)
    assert (status, body["status"], body["conditions"][0]["name"]) == (503, "unavailable", "data-directory")
    assert "is gone" in body["reason"]
    assert not served.data.exists(), "nothing makes a new one in its place"
    away.rename(served.data)
    assert served.ended(served.start(machine))["status"] == "SUCCEEDED"
    assert read_health(served)[0] == 200


def test_a_deleted_directory_is_not_created_again(served: ServedEngine, tmp_path: Path) -> None:
    served.ecs.create_cluster()
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    served.start(
        served.machine(one_state(run_task(served.task("job", ["sh", "-c", f"echo begun; cat {gate}; echo done"]))))
    )
    eventually(lambda: list(served.data.glob("output/*/main.log")))
    delete(served.data)
    gate.write_text("")
    eventually(lambda: read_health(served)[0] == 503)
    served.wait_for_line("cannot be written")
    with pytest.raises(ClientError, match="ServiceUnavailable"):
        served.sfn.create_state_machine(name="x", definition=json.dumps(WAIT), roleArn="arn:aws:iam::1:role/x")
    assert not served.data.exists()


def test_an_engine_whose_database_is_missing_starts_only_with_the_option_new(
    served: ServedEngine,
) -> None:
    served.machine(WAIT)
    served.kill()
    for each in served.data.glob("lamplighter.db*"):
        each.unlink()
    command = [sys.executable, "-m", "lamplighter", "up", "--data", str(served.data), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("lamplighter: ")
    assert "is missing, although an engine has used this directory" in done.stderr
    assert "--new" in done.stderr
    assert "Traceback" not in done.stderr
    served.up("--new")
    assert served.sfn.list_state_machines()["stateMachines"] == []
    assert list(served.data.glob("aside-*/address"))


def test_only_the_owner_can_read_the_data_directory(served: ServedEngine) -> None:
    served.kill()
    before = os.umask(0)
    try:
        for each in (served.data, *served.data.rglob("*")):
            each.chmod(0o777 if each.is_dir() else 0o666)
        served.up()
    finally:
        os.umask(before)
    served.ecs.create_cluster()
    sns = served.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="who@example.com")
    sns.publish(TopicArn=topic, Message="it failed")
    assert served.ended(served.start(served.machine(one_state(run_task(served.task("job", ["sh", "-c", "echo hi"]))))))
    eventually(lambda: list(served.data.glob("mail/*.eml")))
    eventually(lambda: list(served.data.glob("output/*/main.log")))
    eventually(lambda: not list(served.data.glob("processes/*")))  # the engine removes it while files are listed
    open_to_others = [
        str(each)
        for each in (served.data, *served.data.rglob("*"))
        if stat.S_IMODE(each.lstat().st_mode) & 0o077 and not each.is_symlink()
    ]
    assert open_to_others == []
