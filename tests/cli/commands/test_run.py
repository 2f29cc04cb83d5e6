"""`lamplighter run` starts a run with the input that the job's machine reads, and may follow it to its end."""

import signal
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json, loads
from tests.cli.job_folder import JobFolder
from tests.served_engine import ServedEngine, one_state


def read_input(job_folder: JobFolder, begun: Json) -> Json:
    return loads(job_folder.served.sfn.describe_execution(executionArn=begun["arn"])["input"])


def test_a_run_starts_with_the_job_s_own_input(job_folder: JobFolder) -> None:
    assert read_input(job_folder, job_folder.run_job("nightly")) == {"table": "sales"}


def test_without_a_job_file_a_run_starts_with_the_deployed_job_s_input(job_folder: JobFolder, tmp_path: Path) -> None:
    options = ("--endpoint-url", job_folder.served.url, "--json")
    scheduled = loads(job_folder.invoke("run", "reports-nightly", *options, folder=tmp_path).stdout)
    assert read_input(job_folder, scheduled) == {"table": "sales"}
    unscheduled = loads(job_folder.invoke("run", "reports-quick", *options, folder=tmp_path).stdout)
    assert read_input(job_folder, unscheduled) == {"day": 1, "Ref": "text"}
    without = loads(job_folder.invoke("run", "reports-broken", *options, folder=tmp_path).stdout)
    assert read_input(job_folder, without) == {}


def test_the_input_may_be_any_json(job_folder: JobFolder) -> None:
    assert read_input(job_folder, job_folder.run_job("quick", "--input", "null")) is None


def test_environment_and_command_options_become_input_that_the_machine_reads(job_folder: JobFolder) -> None:
    options = ["--env", "CODE=0", "--env", "X=a=b", "--command", "echo $A && exit 0"]
    started = job_folder.run_job("nightly", "--input", '{"a": 1}', *options)
    overrides = {"environment": {"CODE": "0", "X": "a=b"}, "command": ["sh", "-c", "echo $A && exit 0"]}
    assert read_input(job_folder, started) == {"a": 1, "lamplighter": overrides}


def test_a_command_list_runs_without_a_shell(job_folder: JobFolder) -> None:
    started = job_folder.run_job("broken", "--command", '["echo", "$HOME *"]')
    assert read_input(job_folder, started) == {"lamplighter": {"command": ["echo", "$HOME *"]}}
    assert job_folder.invoke("logs", "broken").stdout == "$HOME *\n"


def test_the_input_is_read_from_a_file(job_folder: JobFolder, tmp_path: Path) -> None:
    (tmp_path / "input.json").write_text('{"from": "file"}')
    assert read_input(job_folder, job_folder.run_job("quick", "--input", f"@{tmp_path / 'input.json'}")) == {
        "from": "file"
    }


def test_run_prints_the_name_that_other_commands_accept(job_folder: JobFolder) -> None:
    assert job_folder.invoke("run", "quick", "--name", "by-hand").stdout == "quick:by-hand\n"


def test_follow_prints_events_and_output_and_exits_with_0_on_success(job_folder: JobFolder) -> None:
    result = job_folder.invoke("run", "nightly", "--env", "CODE=0", "--env", "GREETING=you", "--follow")
    assert result.exit_code == 0
    assert result.stdout == '1 | attempt 1 says you {"table":"sales"}\n'
    assert "attempt 1 started" in result.stderr
    assert "the run succeeded" in result.stderr


def test_follow_prints_every_failed_attempt_and_exits_with_1(job_folder: JobFolder) -> None:
    result = job_folder.invoke("run", "nightly", "--follow")
    assert result.exit_code == 1
    events = [line.split("  ", 1)[1] for line in result.stderr.splitlines() if line[2:3] == ":"]
    assert [line.split(", after")[0] for line in events] == [
        "attempt 1 started",
        "attempt 1 failed: exit code 3",
        "waits 1s before attempt 2",
        "attempt 2 started",
        "attempt 2 failed: exit code 3",
        "the run failed: exit code 3",
    ]
    assert [line[:13] for line in result.stdout.splitlines()] == ["1 | attempt 1", "2 | attempt 2"]


def test_follow_prints_the_waits_of_a_job_with_exit_code_retries(job_folder: JobFolder) -> None:
    result = job_folder.invoke("run", "judged", "--follow")
    assert result.exit_code == 1
    assert "waits 1s before attempt 2" in result.stderr
    assert "attempt 2 failed: exit code 7" in result.stderr


def test_following_a_run_that_is_stopped_exits_with_4(job_folder: JobFolder) -> None:
    process = job_folder.start_command("run", "endless", "--name", "stopped", "--follow")
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    assert job_folder.invoke("stop", "endless:stopped", "--cause", "enough").exit_code == 0
    _, error_output = process.communicate(timeout=120)
    assert process.returncode == 4
    assert "the run was stopped: enough" in error_output


def test_ctrl_c_leaves_the_run_running_and_prints_how_to_follow_it_again(job_folder: JobFolder) -> None:
    process = job_folder.start_command("run", "endless", "--name", "left", "--follow")
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    _, error_output = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "lamplighter logs -f arn:aws:states:" in error_output
    (running,) = [each for each in job_folder.invoke_json("ps", "endless")[0]["running"] if each["run"] == "left"]
    assert running["status"] == "RUNNING"
    assert job_folder.invoke("stop", "left").exit_code == 0


def test_following_continues_after_the_engine_was_killed_and_restarted(tmp_path: Path, own_port: int) -> None:
    job_folder = JobFolder(tmp_path)
    job_folder.served.port = own_port
    job_folder.up()
    script = "echo begun; while ! [ -e go ]; do sleep 0.1; done; echo done"
    process = job_folder.start_command("run", "endless", "--command", f"cd {tmp_path}; {script}", "--follow")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == "begun\n"
    job_folder.served.kill()
    assert any("waiting for it" in line for line in process.stderr)
    job_folder.served.up_on(own_port)
    (tmp_path / "go").touch()
    assert process.stdout.read() == "done\n"
    assert process.wait(timeout=60) == 0
    process.stdout.close()
    process.stderr.close()
    job_folder.served.close()


def test_two_concurrent_run_commands_start_two_runs(job_folder: JobFolder) -> None:
    first, second = (job_folder.start_command("run", "quick", "--follow") for _ in range(2))
    assert [each.communicate(timeout=120)[0] for each in (first, second)] == ["out\n", "out\n"]
    assert (first.returncode, second.returncode) == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "nightl"], 1, "did you mean nightly"),
        (["run", "later"], 1, "`lamplighter up` creates it there; if it runs already, `lamplighter ps` says"),
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
def test_invalid_arguments_are_rejected_with_the_reason(
    job_folder: JobFolder, arguments: list[str], code: int, message: str
) -> None:
    result = job_folder.invoke(*arguments)
    assert result.exit_code == code
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.output


def test_a_job_that_exists_only_in_another_environment_suggests_that_environment(job_folder: JobFolder) -> None:
    job_folder.served.machine(one_state({"Type": "Pass", "End": True}), "reports-staging-later")
    assert "use -e staging" in job_folder.invoke("run", "later").stderr
    job_folder.served.sfn.delete_state_machine(
        stateMachineArn="arn:aws:states:us-east-1:123456789012:stateMachine:reports-staging-later"
    )


def test_a_name_that_is_used_with_another_input_is_rejected_with_aws_s_error(job_folder: JobFolder) -> None:
    job_folder.run_job("quick", "--name", "taken")
    result = job_folder.invoke("run", "quick", "--name", "taken", "--input", '{"other": 1}')
    assert result.exit_code == 1
    assert "Execution Already Exists" in result.stderr


def test_a_machine_without_a_job_file_accepts_neither_environment_nor_command(job_folder: JobFolder) -> None:
    job_folder.served.machine(one_state({"Type": "Pass", "End": True}), "by-hand")
    result = job_folder.invoke("run", "by-hand", "--env", "A=b")
    assert result.exit_code == 1
    assert "use --input" in result.stderr
    assert job_folder.invoke("run", "by-hand", "--input", "[1]", "--follow").exit_code == 0


def test_an_express_machine_runs_synchronously_and_prints_its_output(job_folder: JobFolder) -> None:
    arn = create_express_machine(job_folder.served)
    result = job_folder.invoke("run", arn, "--input", '{"a": 1}', "--follow")
    assert (result.exit_code, loads(result.stdout)) == (0, {"a": 1})
    assert job_folder.invoke("logs", arn).exit_code == 1


def create_express_machine(served: ServedEngine) -> str:
    definition = '{"StartAt": "Job", "States": {"Job": {"Type": "Pass", "End": true}}}'
    role = "arn:aws:iam::123456789012:role/any"
    answer = served.sfn.create_state_machine(name="express", definition=definition, roleArn=role, type="EXPRESS")
    arn: str = answer["stateMachineArn"]
    return arn
