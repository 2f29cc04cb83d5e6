"""`lamplighter run` begins a run with what the job's machine reads, and ends with its result."""

import signal
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json, loads
from tests.cli.shared_run import SharedRun
from tests.served_engine import ServedEngine, one


def given(batch: SharedRun, begun: Json) -> Json:
    return loads(batch.served.sfn.describe_execution(executionArn=begun["arn"])["input"])


def test_a_run_begins_with_the_job_s_own_input(batch: SharedRun) -> None:
    assert given(batch, batch.run("nightly")) == {"table": "sales"}


def test_without_its_job_file_a_job_is_given_its_input_with_or_without_a_schedule(
    batch: SharedRun, tmp_path: Path
) -> None:
    where = ("--endpoint-url", batch.served.url, "--json")
    begun = loads(batch.say("run", "reports-nightly", *where, folder=tmp_path).stdout)
    assert given(batch, begun) == {"table": "sales"}
    unscheduled = loads(batch.say("run", "reports-quick", *where, folder=tmp_path).stdout)
    assert given(batch, unscheduled) == {"day": 1, "Ref": "text"}
    without = loads(batch.say("run", "reports-broken", *where, folder=tmp_path).stdout)
    assert given(batch, without) == {}


def test_any_json_may_be_the_input(batch: SharedRun) -> None:
    assert given(batch, batch.run("quick", "--input", "null")) is None


def test_environment_and_command_come_to_the_place_that_the_machine_reads(batch: SharedRun) -> None:
    options = ["--env", "CODE=0", "--env", "X=a=b", "--command", "echo $A && exit 0"]
    begun = batch.run("nightly", "--input", '{"a": 1}', *options)
    own = {"environment": {"CODE": "0", "X": "a=b"}, "command": ["sh", "-c", "echo $A && exit 0"]}
    assert given(batch, begun) == {"a": 1, "lamplighter": own}


def test_a_command_of_words_is_read_by_no_shell(batch: SharedRun) -> None:
    begun = batch.run("broken", "--command", '["echo", "$HOME *"]')
    assert given(batch, begun) == {"lamplighter": {"command": ["echo", "$HOME *"]}}
    assert batch.say("logs", "broken").stdout == "$HOME *\n"


def test_the_input_is_read_from_a_file(batch: SharedRun, tmp_path: Path) -> None:
    (tmp_path / "input.json").write_text('{"from": "file"}')
    assert given(batch, batch.run("quick", "--input", f"@{tmp_path / 'input.json'}")) == {"from": "file"}


def test_without_json_the_run_is_named_as_other_verbs_take_it(batch: SharedRun) -> None:
    said = batch.say("run", "quick", "--name", "by-hand").stdout.splitlines()
    assert said[0] == "quick:by-hand"
    assert said[1].endswith(":execution:reports-quick:by-hand")


def test_following_shows_events_and_output_and_ends_well_with_the_run(batch: SharedRun) -> None:
    result = batch.say("run", "nightly", "--env", "CODE=0", "--env", "GREETING=you", "--follow")
    assert result.exit_code == 0
    assert result.stdout == '1 | attempt 1 says you {"table":"sales"}\n'
    assert "attempt 1 started" in result.stderr
    assert "the run succeeded" in result.stderr


def test_following_a_run_that_fails_tells_of_every_attempt_and_ends_with_1(batch: SharedRun) -> None:
    result = batch.say("run", "nightly", "--follow")
    assert result.exit_code == 1
    told = [line.split("  ", 1)[1] for line in result.stderr.splitlines() if line[2:3] == ":"]
    assert [line.split(", after")[0] for line in told] == [
        "attempt 1 started",
        "attempt 1 failed with exit code 3",
        "waits 1s before attempt 2",
        "attempt 2 started",
        "attempt 2 failed with exit code 3",
        "the run failed with exit code 3",
    ]
    assert [line[:13] for line in result.stdout.splitlines()] == ["1 | attempt 1", "2 | attempt 2"]


def test_a_job_that_judges_failures_tells_of_its_waits_too(batch: SharedRun) -> None:
    result = batch.say("run", "judged", "--follow")
    assert result.exit_code == 1
    assert "waits 1s before attempt 2" in result.stderr
    assert "attempt 2 failed with exit code 7" in result.stderr


def test_following_a_run_that_somebody_stops_ends_with_4(batch: SharedRun) -> None:
    watcher = batch.process("run", "endless", "--name", "stopped", "--follow")
    assert watcher.stdout is not None
    assert watcher.stdout.readline() == "begun\n"
    assert batch.say("stop", "endless:stopped", "--cause", "enough").exit_code == 0
    _, told = watcher.communicate(timeout=120)
    assert watcher.returncode == 4
    assert "the run was stopped: enough" in told


def test_ctrl_c_leaves_the_run_alone_and_says_how_to_look_again(batch: SharedRun) -> None:
    watcher = batch.process("run", "endless", "--name", "left", "--follow")
    assert watcher.stdout is not None
    assert watcher.stdout.readline() == "begun\n"
    watcher.send_signal(signal.SIGINT)
    _, told = watcher.communicate(timeout=120)
    assert watcher.returncode == 130
    assert "lamplighter logs -f arn:aws:states:" in told
    (running,) = [each for each in batch.listed("ps", "endless")[0]["running"] if each["run"] == "left"]
    assert running["status"] == "RUNNING"
    assert batch.say("stop", "left").exit_code == 0


def test_an_engine_that_is_killed_is_waited_for_and_the_run_watched_to_its_end(tmp_path: Path, own_port: int) -> None:
    batch = SharedRun(tmp_path)
    batch.served.port = own_port
    batch.up()
    script = "echo begun; while ! [ -e go ]; do sleep 0.1; done; echo done"
    watcher = batch.process("run", "endless", "--command", f"cd {tmp_path}; {script}", "--follow")
    assert watcher.stdout is not None
    assert watcher.stderr is not None
    assert watcher.stdout.readline() == "begun\n"
    batch.served.kill()
    assert any("waiting for it" in line for line in watcher.stderr)
    batch.served.up_on(own_port)
    (tmp_path / "go").touch()
    assert watcher.stdout.read() == "done\n"
    assert watcher.wait(timeout=60) == 0
    watcher.stdout.close()
    watcher.stderr.close()
    batch.served.close()


def test_two_runs_at_once_are_two_runs(batch: SharedRun) -> None:
    first, second = (batch.process("run", "quick", "--follow") for _ in range(2))
    assert [each.communicate(timeout=120)[0] for each in (first, second)] == ["out\n", "out\n"]
    assert (first.returncode, second.returncode) == (0, 0)


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["run", "nightl"], 1, "did you mean nightly"),
        (["run", "later"], 1, "`lamplighter up` creates it there"),
        (["run", "nightly", "--input", "{"], 2, "--input is not valid JSON"),
        (["run", "nightly", "--input", "@nowhere"], 2, "nowhere cannot be read"),
        (["run", "nightly", "--input", "[]", "--env", "A=b"], 2, "an object"),
        (["run", "nightly", "--env", "production"], 2, "--environment"),
        (["run", "nightly", "--command", " "], 2, "name the command to run"),
        (["run", "reports-flow", "--command", "exit 0"], 1, "run the job of one step alone"),
        (["run", "nightly", "--name", "bad name/é"], 2, "1 to 80 characters (letters, digits, - and _ are safe)"),
        (["run", "nightly", "--name", "x" * 81], 2, "1 to 80 characters"),
        (["run", "nightly", "-e", "A=b"], 2, "--env NAME=VALUE"),
        (["run", "nightly", "--environment", "nowhere"], 1, "no environment"),
        (["run", "nightly", "--aws", "--endpoint-url", "http://x"], 2, "not both"),
    ],
)
def test_what_makes_no_sense_is_refused_and_said(batch: SharedRun, words: list[str], code: int, why: str) -> None:
    result = batch.say(*words)
    assert result.exit_code == code
    assert why in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.output


def test_a_job_that_is_there_for_another_environment_is_said_to_be(batch: SharedRun) -> None:
    batch.served.machine(one({"Type": "Pass", "End": True}), "reports-staging-later")
    assert "use -e staging" in batch.say("run", "later").stderr
    batch.served.sfn.delete_state_machine(
        stateMachineArn="arn:aws:states:us-east-1:123456789012:stateMachine:reports-staging-later"
    )


def test_a_name_that_is_taken_by_another_input_is_refused_in_aws_s_words(batch: SharedRun) -> None:
    batch.run("quick", "--name", "taken")
    result = batch.say("run", "quick", "--name", "taken", "--input", '{"other": 1}')
    assert result.exit_code == 1
    assert "Execution Already Exists" in result.stderr


def test_a_machine_that_no_job_file_made_reads_neither_environment_nor_command(batch: SharedRun) -> None:
    batch.served.machine(one({"Type": "Pass", "End": True}), "by-hand")
    result = batch.say("run", "by-hand", "--env", "A=b")
    assert result.exit_code == 1
    assert "use --input" in result.stderr
    assert batch.say("run", "by-hand", "--input", "[1]", "--follow").exit_code == 0


def test_an_express_machine_is_run_at_once_and_tells_its_output(batch: SharedRun) -> None:
    created = express(batch.served)
    result = batch.say("run", created, "--input", '{"a": 1}', "--follow")
    assert (result.exit_code, loads(result.stdout)) == (0, {"a": 1})
    assert batch.say("logs", created).exit_code == 1


def express(served: ServedEngine) -> str:
    definition = '{"StartAt": "Job", "States": {"Job": {"Type": "Pass", "End": true}}}'
    role = "arn:aws:iam::123456789012:role/any"
    answer = served.sfn.create_state_machine(name="express", definition=definition, roleArn=role, type="EXPRESS")
    arn: str = answer["stateMachineArn"]
    return arn
