"""`lamplighter up` with a file of which not all is good: what is good runs, and the rest is told and tried again."""

import json
import re
import urllib.request
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from tests.cli.up_folder import UpFolder, lamplighter
from tests.served_engine import ACCOUNT, REGION, eventually

ATTEMPT = "Subject: home: an attempt of two failed with exit code 2"
WRONG = "bad: {image: busybox, cpu: 256, memory: 300}"
"""A size that Fargate does not have."""


def health(home: UpFolder) -> Json:
    """What the engine says of its health."""
    with urllib.request.urlopen(f"{home.url}/_lamplighter/health") as answer:
        return json.loads(answer.read())


def not_applied(home: UpFolder) -> float:
    """The gauge of files that are not applied."""
    with urllib.request.urlopen(f"{home.url}/_lamplighter/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("lamplighter_files_not_applied "))


def mails(home: UpFolder) -> list[str]:
    """The subjects of all mails."""
    found = sorted((home.data / "mail").glob("**/*.eml"))
    return [next(line for line in file.read_text().splitlines() if line.startswith("Subject:")) for file in found]


def findings(home: UpFolder) -> Json:
    """What doctor finds, by what it is about."""
    said = lamplighter("doctor", "--data", str(home.data), "--json", cwd=home.folder).stdout
    return {each["about"]: each for each in json.loads(said)["findings"]}


def schedule(home: UpFolder, name: str) -> Json:
    """A schedule as it is."""
    return home.client("scheduler").get_schedule(GroupName="home", Name=name)


def test_a_first_start_with_one_faulty_job_runs_the_others_and_tells_the_fault_with_its_line(home: UpFolder) -> None:
    home.write(f"one: {{command: 'true', schedule: rate(1 hour)}}\n{WRONG}\ntwo: {{command: 'true'}}")
    home.up(str(home.file))
    assert "lamplighter.yaml:4:3: error: bad: No Fargate configuration exists" in home.says("error: bad")
    home.says(f"agrees with {home.file}, except for bad:")
    assert sorted(home.machines()) == ["home-one", "home-two"]
    assert home.ended(home.run("two"))["status"] == "SUCCEEDED"
    found = eventually(lambda: health(home).get("conditions"))
    assert found[0]["name"] == "file-not-applied"
    assert "bad: No Fargate configuration" in found[0]["reason"]
    assert not_applied(home) == 1
    before = len(home.lines)
    home.write("one: {command: 'true', schedule: rate(1 hour)}\nbad: {image: busybox}\ntwo: {command: 'true'}")
    assert "+ bad" in home.applies(before)[1]
    assert sorted(home.machines()) == ["home-bad", "home-one", "home-two"]
    eventually(lambda: "conditions" not in health(home))
    assert not_applied(home) == 0


def test_a_job_that_is_changed_into_a_faulty_one_stays_as_it_was_while_others_are_applied(home: UpFolder) -> None:
    home.write("one: {command: 'true'}\nbad: {image: busybox, command: [echo, as before]}\nold: {command: 'true'}")
    home.keep()
    before = len(home.lines)
    home.write(f"one: {{command: echo new}}\n{WRONG}\nnew: {{command: 'true'}}")
    home.says(f"agrees with {home.file}, except for bad:", before)
    assert sorted(home.machines()) == ["home-bad", "home-new", "home-one"]
    home.run("bad")
    assert home.says("bad: succeeded").rstrip().endswith(": as before")
    home.run("one")
    assert home.says("one: succeeded").rstrip().endswith(": new")
    assert sum("error: bad" in line for line in home.lines) == 1


def test_what_is_removed_stays_while_a_new_job_is_refused_because_it_may_be_its_new_name(home: UpFolder) -> None:
    home.write("old: {command: 'true'}")
    home.keep()
    before = len(home.lines)
    home.write(WRONG)
    home.says("error: bad", before)
    home.says("except for bad", before)
    assert home.machines() == ["home-old"]


def test_a_resource_that_is_being_deleted_is_waited_for_and_the_other_jobs_do_not_wait(home: UpFolder) -> None:
    home.write("slow: {command: 'while [ ! -e go ]; do sleep 0.05; done'}")
    home.keep()
    run = home.run("slow")
    home.says("slow: started")
    home.sfn.delete_state_machine(stateMachineArn=f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:home-slow")
    before = len(home.lines)
    home.write("slow: {command: echo two}\nnew: {command: 'true'}")
    assert "is being deleted" in home.says("slow is delayed", before)
    assert "home-new" in eventually(home.machines)
    home.folder.joinpath("go").touch()
    home.ended(run)
    home.says(f"agrees with {home.file}:", before)
    home.run("slow")
    assert home.says("slow: succeeded", before).rstrip().endswith(": two")


def test_a_removed_job_ends_its_run_with_its_retries_and_its_alert_and_starts_no_more(home: UpFolder) -> None:
    head = "channels: {me: {email: me@example.com}}\ndefaults: {notify: {run-failed: me, attempt-failed: me}}\n"
    slow = "while [ ! -e go ]; do sleep 0.05; done; exit 2"
    keys = "retry: {attempts: 1, interval: 1s}, schedule: 'cron(0 3 1 1 ? *)'"
    home.write(f"two: {{command: '{slow}', {keys}}}\none: {{command: 'true'}}", head=head)
    home.keep()
    run = home.run("two")
    home.says("two: started")
    before = len(home.lines)
    home.write("one: {command: 'true'}")
    home.says("… two", before)
    assert home.client("scheduler").list_schedules()["Schedules"] == []
    home.folder.joinpath("go").touch()
    assert home.ended(run)["status"] == "FAILED"
    home.says("two: attempt 2 failed, exit code 2", before)
    home.says("- two", before)
    assert home.machines() == ["home-one"]
    eventually(lambda: len(mails(home)) >= 3)
    assert sorted(mails(home)) == [ATTEMPT, ATTEMPT, "Subject: home: two failed with exit code 2"]
    told = lamplighter("history", run, "--endpoint-url", home.url, cwd=home.folder)
    assert "exit code 2" in told.stdout
    told = lamplighter("logs", run, "--endpoint-url", home.url, cwd=home.folder)
    assert "wrote nothing" in told.stderr


def run_and_remove(home: UpFolder) -> str:
    """Run the job `two`, and take it out of the file; the run's ARN."""
    home.write("one: {command: 'true'}\ntwo: {command: echo first}")
    home.keep()
    first = home.run("two")
    home.ended(first)
    before = len(home.lines)
    home.write("one: {command: 'true'}")
    home.says("- two", before)
    return first


@pytest.mark.parametrize("word", ["two", "home-two"])
def test_runs_of_a_removed_job_are_found_by_its_name(home: UpFolder, word: str) -> None:
    first = run_and_remove(home)
    name, at = first.rpartition(":")[2], ("--endpoint-url", home.url)
    for words in (("ps", word), ("ps", word, "--all"), ("history", word), ("history", f"{word}:{name}")):
        told = lamplighter(*words, *at, cwd=home.folder)
        assert (told.returncode, "succeeded" in told.stdout) == (0, True), told.stderr
    assert "first" in lamplighter("logs", word, *at, cwd=home.folder).stdout
    assert "the job was deleted" in lamplighter("ps", word, *at, cwd=home.folder).stdout
    begun = lamplighter("run", word, *at, cwd=home.folder)
    assert (begun.returncode, f"called {word}" in begun.stderr) == (1, True)


def test_a_job_that_comes_back_finds_its_log_again(home: UpFolder) -> None:
    first = run_and_remove(home)
    assert "first" in lamplighter("logs", first, "--endpoint-url", home.url, cwd=home.folder).stdout
    before = len(home.lines)
    home.write("one: {command: 'true'}\ntwo: {command: echo second}")
    home.says("+ two", before)
    home.ended(home.run("two"))
    streams = home.client("logs").describe_log_streams(logGroupName="/lamplighter/home/two")["logStreams"]
    assert len(streams) == 2


def test_another_environment_of_the_file_is_left_alone_and_named(home: UpFolder) -> None:
    home.write("one: {command: 'true'}", head="environments: {prod: {}}\n")
    home.keep()
    home.kill()
    home.keep("-e", "prod")
    assert f"lamplighter destroy {home.file} --endpoint-url" in home.says("home, of ")
    assert sorted(home.machines()) == ["home-one", "home-prod-one"]


@pytest.mark.parametrize("text", ["no: yes:", "project: home\njobs: {one: {shedule: x}}\n"])
def test_a_broken_file_at_a_restart_runs_what_was_applied_last_and_is_applied_when_mended(
    home: UpFolder, text: str
) -> None:
    head = "channels: {me: {email: me@example.com}}\ndefaults: {notify: me}\n"
    home.write("one: {command: echo well}", head=head)
    home.keep()
    home.kill()
    home.file.write_text(text)
    before = len(home.lines)
    home.up(str(home.file))
    home.says("has errors: the jobs run as last applied", before)
    home.run("one")
    assert "well" in home.says("home-one: succeeded", before)
    assert "file-not-applied" in eventually(lambda: health(home).get("conditions"))[0]["name"]
    assert eventually(lambda: mails(home)) == ["Subject: lamplighter.yaml is not applied"]
    home.write("one: {command: echo mended}", head=head)
    home.says(f"agrees with {home.file}:", before)
    eventually(lambda: "conditions" not in health(home))
    eventually(lambda: "Subject: lamplighter.yaml is applied again" in mails(home))
    assert len(mails(home)) == 2


def test_a_broken_file_at_the_very_first_start_is_refused(home: UpFolder) -> None:
    home.file.write_text("no: yes:")
    told = lamplighter("up", "--port", "0", cwd=home.folder)
    assert (told.returncode, "lamplighter.yaml:" in told.stderr) == (1, True)


def test_a_broken_file_that_was_never_applied_is_refused_also_where_an_engine_ran_before(home: UpFolder) -> None:
    home.up()
    home.kill()
    home.file.write_text("no: yes:")
    told = lamplighter("up", str(home.file), "--port", "0", "--data", str(home.data), cwd=home.folder)
    assert (told.returncode, "there is no job to run" in told.stderr) == (1, True)


def test_what_was_deleted_behind_the_file_is_made_again_at_the_next_start_and_said(home: UpFolder) -> None:
    head = "channels: {me: {email: me@example.com}}\ndefaults: {notify: me}\n"
    home.write("one: {command: 'true', schedule: 'cron(0 3 * * ? *)'}", head=head)
    home.keep()
    sns = home.client("sns")
    for each in sns.list_subscriptions()["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    home.client("scheduler").delete_schedule(GroupName="home", Name="home-one")
    events = home.client("events")
    events.remove_targets(Rule="home-one-run-failed", Ids=["me"])
    home.kill()
    before = len(home.lines)
    home.keep()
    home.says("the subscription MeSubscription was deleted", before)
    home.says("the schedule OneSchedule was deleted", before)
    home.says("the rule OneRunFailed was deleted", before)
    sns, events = home.client("sns"), home.client("events")
    assert [each["Endpoint"] for each in sns.list_subscriptions()["Subscriptions"]] == ["me@example.com"]
    assert schedule(home, "home-one")["State"] == "ENABLED"
    assert [each["Id"] for each in events.list_targets_by_rule(Rule="home-one-run-failed")["Targets"]] == ["me"]


def test_a_paused_schedule_stays_paused_when_its_job_is_edited_and_a_new_rate_starts_nothing(home: UpFolder) -> None:
    home.write("one: {command: 'true', schedule: rate(1 hour)}\ntwo: {command: 'true', schedule: rate(1 hour)}")
    home.keep()
    home.says("two: succeeded")
    found = schedule(home, "home-one")
    known = ("Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target", "ScheduleExpressionTimezone")
    home.client("scheduler").update_schedule(**{name: found[name] for name in known}, State="DISABLED")
    before = len(home.lines)
    home.write("one: {command: 'true', schedule: rate(2 hours)}\ntwo: {command: 'true', schedule: rate(2 hours)}")
    assert "rate(2 hours), next " in home.says("~ two", before)
    assert schedule(home, "home-one")["State"] == "DISABLED"
    assert re.search(r" in (2h|1h5\dm)", home.says("~ two", before)), "and not now"
    home.write("one: {command: 'true', schedule: rate(2 hours), enabled: false}")
    home.says("- two", before)
    before = len(home.lines)
    home.write("one: {command: 'true', schedule: rate(2 hours)}")
    home.says("~ one", before)
    assert schedule(home, "home-one")["State"] == "ENABLED"


def test_a_channel_that_leads_nowhere_is_a_fault_with_its_line_until_what_it_names_is_there(
    home: UpFolder, tmp_path: Path
) -> None:
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:alerts"
    home.write(
        "one: {command: 'true', notify: [q, c, w]}",
        head=f"channels:\n  q: {{sqs: '{queue}'}}\n  c: {{command: [./not-there]}}\n  w: {{webhook: 'http://x:99999/'}}\n",
    )
    home.up(str(home.file))
    assert f"lamplighter.yaml:3:3: error: the channel q: the queue {queue} does not exist" in home.says("the channel q")
    assert "lamplighter.yaml:4:3: error: the channel c: the command ./not-there cannot" in home.says("the channel c")
    assert "lamplighter.yaml:5:3: error: the channel w: " in home.says("the channel w")
    assert home.machines() == ["home-one"]
    assert health(home)["conditions"][0]["name"] == "file-not-applied"
    found = findings(home)
    assert (found["channel q"]["state"], f"the queue {queue} does not exist" in found["channel q"]["says"]) == (
        "bad",
        True,
    )
    assert found["channel w"]["state"] == "bad"
    home.client("sqs").create_queue(QueueName="alerts")
    before = len(home.lines)
    home.write("one: {command: 'true', notify: q}", head=f"channels:\n  q: {{sqs: '{queue}'}}\n")
    home.applies(before)
    # The message that told of the fault may have found no channel, of which another condition tells.
    eventually(lambda: "file-not-applied" not in [each["name"] for each in health(home).get("conditions", [])])


def test_the_reason_of_a_failure_is_that_of_the_step_that_failed(home: UpFolder) -> None:
    states = {
        "First": {"Type": "Task", "Job": "well", "Next": "Second"},
        "Second": {"Type": "Fail", "Error": "Sales.Missing", "Cause": "there are no sales"},
    }
    (home.folder / "steps.asl.json").write_text(json.dumps({"StartAt": "First", "States": states}))
    home.write("well: {command: echo all is well}\nsteps: {workflow: steps.asl.json}")
    home.keep()
    home.run("steps")
    assert home.says("steps: failed after").rstrip().endswith(": Sales.Missing: there are no sales")


def test_doctor_tells_a_subscription_that_was_taken_away(home: UpFolder) -> None:
    head = "channels: {me: {email: me@example.com}, you: {email: you@example.com}}\n"
    home.write("one: {command: 'true', notify: [me, you]}", head=head)
    home.keep()
    sns = home.client("sns")
    ended = next(each for each in sns.list_subscriptions()["Subscriptions"] if each["Endpoint"] == "me@example.com")
    sns.unsubscribe(SubscriptionArn=ended["SubscriptionArn"])
    found = findings(home)
    assert found["channel me"]["state"] == "bad"
    assert "the subscription of me@example.com was deleted" in found["channel me"]["says"]
    assert found["channel you"]["state"] == "good"


def test_doctor_tells_a_command_that_cannot_be_run_any_more_or_was_taken_away(home: UpFolder) -> None:
    script = home.folder / "tell"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    home.write("one: {command: 'true', notify: mine}", head="channels: {mine: {command: [./tell, now]}}\n")
    home.keep()
    assert findings(home)["channel mine"]["says"] == "./tell is subscribed"
    script.unlink()
    found = findings(home)["channel mine"]
    assert (found["state"], "the command ./tell cannot be run here" in found["says"]) == ("bad", True)
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    sns = home.client("sns")
    (subscription,) = sns.list_subscriptions()["Subscriptions"]
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    found = findings(home)["channel mine"]
    assert (found["state"], "the subscription of ./tell was deleted" in found["says"]) == ("bad", True)
