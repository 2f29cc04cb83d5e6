"""`lamplighter up` watches its files: what changes is applied, what is wrong changes nothing."""

from tests.cli.up_folder import UpFolder
from tests.served_engine import eventually

WORKFLOW = """{"StartAt": "Step", "States": {"Step": {"Type": "Pass", "Result": "%s", "End": true}}}"""


def test_a_change_is_applied_and_a_run_that_is_under_way_goes_on_as_it_began(home: UpFolder) -> None:
    slow = "while [ ! -e go ]; do sleep 0.05; done; echo %s"
    home.write(f"same: {{command: 'true'}}\nslow: {{command: '{slow % 1}'}}\nold: {{command: 'true'}}")
    home.keep()
    run = home.run("slow")
    eventually(lambda: [line for line in home.history(run) if line["type"] == "TaskSubmitted"])
    before = len(home.lines)
    home.write(f"same: {{command: 'true'}}\nslow: {{command: '{slow % 2}'}}\nnew: {{command: 'true'}}")
    assert [line.split()[:2] for line in home.applies(before)] == [
        ["same", "no"], ["~", "slow"], ["+", "new"], ["-", "old"],
    ]  # fmt: skip
    assert sorted(home.machines()) == ["home-new", "home-same", "home-slow"]
    home.folder.joinpath("go").touch()
    assert home.says("slow: succeeded").rstrip().endswith(": 1")
    home.run("slow")
    eventually(lambda: [line for line in home.lines if line.rstrip().endswith(": 2")])


def test_a_file_that_is_wrong_is_told_with_its_line_and_the_jobs_stay_until_it_is_mended(home: UpFolder) -> None:
    home.write("one: {command: 'true'}")
    home.keep()
    before = len(home.lines)
    home.write("one: {command: 'true', shedule: rate(1 hour)}")
    assert "lamplighter.yaml:3:26: error: `shedule` is not a known key" in home.says("error:", before)
    home.says("did you mean `schedule`?", before)
    home.says("the jobs are unchanged", before)
    assert home.ended(home.run("one"))["status"] == "SUCCEEDED"
    before = len(home.lines)
    home.file.unlink()
    home.says("cannot read this file", before)
    before = len(home.lines)
    home.write("one: {command: 'true', schedule: rate(1 hour)}")
    assert home.applies(before)[0].startswith("~ one")


def test_a_file_that_is_well_again_and_says_the_same_is_told_to_be_well(home: UpFolder) -> None:
    home.write("one: {command: 'true'}")
    home.keep()
    made = home.stack()
    home.file.write_text("no: yes:")
    home.says("cannot be read as YAML")
    home.write("one: {command: 'true'}")
    home.says(f"the errors in {home.file} are fixed")
    assert home.stack() == made


def test_a_workflow_is_watched_and_one_that_comes_to_be_there_is_found(home: UpFolder) -> None:
    home.write("one: {command: 'true'}")
    home.keep()
    before = len(home.lines)
    home.write("steps: {workflow: steps.asl.json}")
    home.says("there is no file `steps.asl.json`", before)
    file = home.folder / "steps.asl.json"
    file.write_text(WORKFLOW % "first")
    home.says("+ steps", before)
    assert home.ended(home.run("steps"))["output"] == '"first"'
    before = len(home.lines)
    file.write_text(WORKFLOW % "second")
    home.says("~ steps", before)
    assert home.ended(home.run("steps"))["output"] == '"second"'


def test_a_project_that_is_renamed_leaves_nothing_under_its_old_name(home: UpFolder) -> None:
    home.write("one: {command: 'true'}")
    home.keep()
    home.write("one: {command: 'true'}", project="away")
    home.says("home: its jobs were removed")
    assert home.machines() == ["away-one"]
    home.kill()
    home.write("one: {command: 'true'}", project="home")
    home.keep()
    home.says("away: its jobs were removed")
    assert home.machines() == ["home-one"]


def test_a_change_that_the_engine_refuses_is_told_and_undone(home: UpFolder) -> None:
    home.write("one: {command: 'true'}")
    home.keep("--no-commands")
    before = len(home.lines)
    home.write("two: {command: 'true', notify: me}", head="channels: {me: {command: cat}}\n")
    assert "this engine does not run commands" in home.says("MeTopic", before)
    assert home.machines() == ["home-one"]
    before = len(home.lines)
    home.write("two: {command: 'true'}")
    home.applies(before)
    assert home.machines() == ["home-two"]


def test_secrets_come_from_env_or_the_process_and_a_new_value_holds_from_the_next_run_on(home: UpFolder) -> None:
    env = home.folder / ".env"
    home.write("""
        tells: {command: "echo $WORD $PATH_", secrets: {WORD: "ssm:/word", PATH_: "ssm:/path"}}
    """)
    env.write_text("WORD=one\n")
    home.keep()
    assert str(env) in home.says("tells: its runs will fail: the secret ssm:/path (variable PATH_) has no value")
    home.run("tells")
    assert "invalid ssm parameters" in home.says("tells: attempt 1 failed")
    env.write_text("WORD=two\nPATH_=${WORD}s\n")
    home.says(".env was read again")
    home.run("tells")
    assert home.says("tells: succeeded").rstrip().endswith(": two twos")
    before = len(home.lines)
    env.write_text("WORD=three\n= nothing\n")
    assert ".env:2:1: error: this is not a valid line of a .env file" in home.says("error:", before)
    home.run("tells")
    assert home.says("tells: succeeded", before).rstrip().endswith(": two twos")
