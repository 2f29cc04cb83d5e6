"""`lamplighter up` watches its files: it applies valid changes, and an invalid file changes nothing."""

from tests.cli.up_folder import UpFolder, run_lamplighter
from tests.served_engine import eventually

WORKFLOW = """{"StartAt": "Step", "States": {"Step": {"Type": "Pass", "Result": "%s", "End": true}}}"""


def test_a_change_is_applied_and_a_running_run_keeps_its_definition(home: UpFolder) -> None:
    slow = "while [ ! -e go ]; do sleep 0.05; done; echo %s"
    home.write(f"same: {{command: 'true'}}\nslow: {{command: '{slow % 1}'}}\nold: {{command: 'true'}}")
    home.up_and_apply()
    run = home.start_run("slow")
    eventually(lambda: [line for line in home.history(run) if line["type"] == "TaskSubmitted"])
    before = len(home.lines)
    home.write(f"same: {{command: 'true'}}\nslow: {{command: '{slow % 2}'}}\nnew: {{command: 'true'}}")
    assert [line.split()[:2] for line in home.wait_until_applied(before)] == [
        ["same", "no"], ["~", "slow"], ["+", "new"], ["-", "old"],
    ]  # fmt: skip
    assert sorted(home.list_machines()) == ["home-new", "home-same", "home-slow"]
    home.folder.joinpath("go").touch()
    assert home.wait_for_line("slow: succeeded").rstrip().endswith(": 1")
    home.start_run("slow")
    eventually(lambda: [line for line in home.lines if line.rstrip().endswith(": 2")])


def test_an_invalid_file_is_reported_with_its_line_and_the_jobs_stay_until_it_is_fixed(home: UpFolder) -> None:
    home.write("one: {command: 'true'}")
    home.up_and_apply()
    before = len(home.lines)
    home.write("one: {command: 'true', shedule: rate(1 hour)}")
    assert "lamplighter.yaml:3:26: error: `shedule` is not a known key" in home.wait_for_line("error:", before)
    home.wait_for_line("did you mean `schedule`?", before)
    home.wait_for_line("the jobs are unchanged", before)
    assert home.ended(home.start_run("one"))["status"] == "SUCCEEDED"
    before = len(home.lines)
    home.file.unlink()
    home.wait_for_line("cannot read this file", before)
    before = len(home.lines)
    home.write("one: {command: 'true', schedule: rate(1 hour)}")
    assert home.wait_until_applied(before)[0].startswith("~ one")


def test_a_file_that_is_fixed_without_other_changes_is_reported_as_fixed(home: UpFolder) -> None:
    home.write("one: {command: 'true'}")
    home.up_and_apply()
    stack = home.describe_stack()
    home.file.write_text("no: yes:")
    home.wait_for_line("cannot be read as YAML")
    home.write("one: {command: 'true'}")
    home.wait_for_line(f"the errors in {home.file} are fixed")
    assert home.describe_stack() == stack


def test_a_workflow_file_is_watched_and_found_when_it_is_created(home: UpFolder) -> None:
    home.write("one: {command: 'true'}")
    home.up_and_apply()
    before = len(home.lines)
    home.write("steps: {workflow: steps.asl.json}")
    home.wait_for_line("there is no file `steps.asl.json`", before)
    file = home.folder / "steps.asl.json"
    file.write_text(WORKFLOW % "first")
    home.wait_for_line("+ steps", before)
    assert home.ended(home.start_run("steps"))["output"] == '"first"'
    before = len(home.lines)
    file.write_text(WORKFLOW % "second")
    home.wait_for_line("~ steps", before)
    assert home.ended(home.start_run("steps"))["output"] == '"second"'


def test_renaming_a_project_removes_the_jobs_under_the_old_name(home: UpFolder) -> None:
    home.write("one: {command: 'true'}")
    home.up_and_apply()
    home.write("one: {command: 'true'}", project="away")
    home.wait_for_line("home: its jobs were removed")
    assert home.list_machines() == ["away-one"]
    home.kill()
    home.write("one: {command: 'true'}", project="home")
    home.up_and_apply()
    home.wait_for_line("away: its jobs were removed")
    assert home.list_machines() == ["home-one"]


def test_a_change_that_the_engine_rejects_is_reported_and_rolled_back(home: UpFolder) -> None:
    home.write("one: {command: 'true'}")
    home.up_and_apply("--no-commands")
    before = len(home.lines)
    home.write("two: {command: 'true', notify: me}", head="channels: {me: {command: cat}}\n")
    assert "this engine does not run commands" in home.wait_for_line("MeTopic", before)
    assert home.list_machines() == ["home-one"]
    before = len(home.lines)
    home.write("two: {command: 'true'}")
    home.wait_until_applied(before)
    assert home.list_machines() == ["home-two"]


def test_secrets_come_from_env_or_the_process_and_a_new_value_applies_from_the_next_run(home: UpFolder) -> None:
    env = home.folder / ".env"
    home.write("""
        tells: {command: "echo $WORD $PATH_", secrets: {WORD: "ssm:/word", PATH_: "ssm:/path"}}
    """)
    env.write_text("WORD=one\n")
    home.up_and_apply()
    assert str(env) in home.wait_for_line(
        "tells: its runs will fail: the secret ssm:/path (variable PATH_) has no value"
    )
    home.start_run("tells")
    assert "secret missing: path" in home.wait_for_line("tells: attempt 1 failed")
    env.write_text("WORD=two\nPATH_=${WORD}s\n")
    home.wait_for_line(".env was read again")
    home.start_run("tells")
    assert home.wait_for_line("tells: succeeded").rstrip().endswith(": two twos")
    before = len(home.lines)
    env.write_text("WORD=three\n= nothing\n")
    assert ".env:2:1: error: this is not a valid line of a .env file" in home.wait_for_line("error:", before)
    home.start_run("tells")
    assert home.wait_for_line("tells: succeeded", before).rstrip().endswith(": two twos")


def test_a_secret_that_the_engine_stores_is_not_reported_as_missing(home: UpFolder) -> None:
    home.write("tells: {command: 'true'}")
    home.up_and_apply()
    home.client("ssm").put_parameter(Name="/word", Value="one", Type="SecureString")
    home.client("secretsmanager").create_secret(Name="db", SecretString='{"user": "me"}')
    before = len(home.lines)
    home.write("""
        tells:
          command: "true"
          secrets: {WORD: "ssm:/word", USER_: "secretsmanager:db:user", OTHER: "ssm:/o"}
    """)
    home.wait_for_line("the secret ssm:/o (variable OTHER) has no value", before)
    assert not [each for each in home.lines[before:] if "ssm:/word" in each or "secretsmanager:db" in each]
    doctor = run_lamplighter("doctor", "--data", str(home.data), cwd=home.folder)
    assert "the secret ssm:/o (variable OTHER) has no value" in doctor.out
    assert "or store it in the engine's Parameter Store" in doctor.out
    assert "ssm:/word" not in doctor.out
    assert "secretsmanager:db" not in doctor.out
