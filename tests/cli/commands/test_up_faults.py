"""`lamplighter up` with a partly faulty file: correct jobs run, and faults are reported and retried."""

import json
import re
import signal
import urllib.request
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.cli.up import read_source
from lamplighter.cli.up.options import UpOptions
from lamplighter.cli.up.source_files import SourceFiles
from tests.cli.up_folder import UpFolder, run_lamplighter
from tests.served_engine import ACCOUNT, REGION, eventually

ATTEMPT_SUBJECTS = [f"Subject: two: attempt {number} of 2 failed: exit code 2" for number in (1, 2)]
FAULTY_JOB = "bad: {image: busybox, sidecars: {s: {image: busybox, cpu: 512}}}"
"""A sidecar that needs more than its task has."""


def read_health(home: UpFolder) -> Json:
    """Return the engine's health report."""
    with urllib.request.urlopen(f"{home.url}/_lamplighter/health") as answer:
        return json.loads(answer.read())


def read_unapplied_gauge(home: UpFolder) -> float:
    """Return the value of the gauge of files that are not applied."""
    with urllib.request.urlopen(f"{home.url}/_lamplighter/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("lamplighter_files_not_applied "))


def list_mail_subjects(home: UpFolder) -> list[str]:
    """Return the subjects of all mails."""
    found = sorted((home.data / "mail").glob("**/*.eml"))
    return [next(line for line in file.read_text().splitlines() if line.startswith("Subject:")) for file in found]


def run_doctor(home: UpFolder) -> Json:
    """Return doctor's findings by their subject."""
    output = run_lamplighter("doctor", "--data", str(home.data), "--json", cwd=home.folder).out
    return {each["about"]: each for each in json.loads(output)["findings"]}


def test_a_container_has_any_size_on_a_box(home: UpFolder) -> None:
    sizes = {"small": "memory: 64", "odd": "memory: 300", "large": "memory: 6000", "half": "cpu: 300"}
    home.write("\n".join(f"{name}: {{image: busybox, {size}}}" for name, size in sizes.items()))
    home.up_and_apply()
    assert sorted(home.list_machines()) == sorted(f"home-{name}" for name in sizes)
    task = home.client("ecs").describe_task_definition(taskDefinition="home-small")["taskDefinition"]
    assert (task["cpu"], task["memory"]) == ("256", "64")
    assert "conditions" not in read_health(home)
    network = {"awsvpcConfiguration": {"subnets": ["subnet-0123456789abcdef0"]}}
    given = {"cluster": "home", "taskDefinition": "home-small", "networkConfiguration": network}
    assert home.client("ecs").run_task(launchType="FARGATE", **given)["failures"] == []


def get_schedule(home: UpFolder, name: str) -> Json:
    """Return a schedule's description."""
    return home.client("scheduler").get_schedule(GroupName="home", Name=name)


def test_a_first_start_with_one_faulty_job_runs_the_others_and_reports_the_line(home: UpFolder) -> None:
    home.write(f"one: {{command: 'true', schedule: rate(1 hour)}}\n{FAULTY_JOB}\ntwo: {{command: 'true'}}")
    home.up(str(home.file))
    assert "lamplighter.yaml:4:3: error: bad: The sum of all container" in home.wait_for_line("error: bad")
    home.wait_for_line(f"agrees with {home.file}, except for bad:")
    assert sorted(home.list_machines()) == ["home-one", "home-two"]
    assert home.ended(home.start_run("two"))["status"] == "SUCCEEDED"
    found = eventually(lambda: read_health(home).get("conditions"))
    assert found[0]["name"] == "file-not-applied"
    assert "bad: The sum of all container" in found[0]["reason"]
    assert read_unapplied_gauge(home) == 1
    before = len(home.lines)
    home.write("one: {command: 'true', schedule: rate(1 hour)}\nbad: {image: busybox}\ntwo: {command: 'true'}")
    assert "+ bad" in home.wait_until_applied(before)[1]
    assert sorted(home.list_machines()) == ["home-bad", "home-one", "home-two"]
    eventually(lambda: "conditions" not in read_health(home))
    assert read_unapplied_gauge(home) == 0


def test_a_job_with_a_faulty_change_keeps_its_definition_while_others_are_applied(home: UpFolder) -> None:
    home.write("one: {command: 'true'}\nbad: {image: busybox, command: [echo, as before]}\nold: {command: 'true'}")
    home.up_and_apply()
    before = len(home.lines)
    home.write(f"one: {{command: echo new}}\n{FAULTY_JOB}\nnew: {{command: 'true'}}")
    home.wait_for_line(f"agrees with {home.file}, except for bad:", before)
    assert sorted(home.list_machines()) == ["home-bad", "home-new", "home-one"]
    home.start_run("bad")
    assert home.wait_for_line("bad: succeeded").rstrip().endswith(": as before")
    home.start_run("one")
    assert home.wait_for_line("one: succeeded").rstrip().endswith(": new")
    assert sum("error: bad" in line for line in home.lines) == 1


def test_a_removed_job_stays_while_a_new_job_is_rejected_because_it_may_be_a_renamed_one(home: UpFolder) -> None:
    home.write("old: {command: 'true'}")
    home.up_and_apply()
    before = len(home.lines)
    home.write(FAULTY_JOB)
    home.wait_for_line("error: bad", before)
    home.wait_for_line("except for bad", before)
    assert home.list_machines() == ["home-old"]


def test_a_resource_in_deletion_delays_only_its_own_job(home: UpFolder) -> None:
    home.write("slow: {command: 'while [ ! -e go ]; do sleep 0.05; done'}")
    home.up_and_apply()
    run = home.start_run("slow")
    home.wait_for_line("slow: started")
    home.sfn.delete_state_machine(stateMachineArn=f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:home-slow")
    before = len(home.lines)
    home.write("slow: {command: echo two}\nnew: {command: 'true'}")
    assert "is being deleted" in home.wait_for_line("slow is delayed", before)
    assert "home-new" in eventually(home.list_machines)
    home.folder.joinpath("go").touch()
    home.ended(run)
    home.wait_for_line(f"agrees with {home.file}:", before)
    home.start_run("slow")
    assert home.wait_for_line("slow: succeeded", before).rstrip().endswith(": two")


def test_a_removed_job_s_run_keeps_its_retries_and_alerts_and_no_new_run_starts(home: UpFolder) -> None:
    head = "channels: {me: {email: me@example.com}}\ndefaults: {notify: {run-failed: me, attempt-failed: me}}\n"
    slow = "while [ ! -e go ]; do sleep 0.05; done; exit 2"
    keys = "retry: {attempts: 1, interval: 1s}, schedule: 'cron(0 3 1 1 ? *)'"
    home.write(f"two: {{command: '{slow}', {keys}}}\none: {{command: 'true'}}", head=head)
    home.up_and_apply()
    run = home.start_run("two")
    home.wait_for_line("two: started")
    before = len(home.lines)
    home.write("one: {command: 'true'}")
    home.wait_for_line("… two", before)
    assert home.client("scheduler").list_schedules()["Schedules"] == []
    home.folder.joinpath("go").touch()
    assert home.ended(run)["status"] == "FAILED"
    home.wait_for_line("two: attempt 2 failed, exit code 2", before)
    home.wait_for_line("- two", before)
    assert home.list_machines() == ["home-one"]
    eventually(lambda: len(list_mail_subjects(home)) >= 3)
    assert sorted(list_mail_subjects(home)) == [
        "Subject: two failed: exit code 2 after 2 attempts",
        *ATTEMPT_SUBJECTS,
    ]
    result = run_lamplighter("history", run, "--endpoint-url", home.url, cwd=home.folder)
    assert "exit code 2" in result.out
    result = run_lamplighter("logs", run, "--endpoint-url", home.url, cwd=home.folder)
    assert "wrote nothing" in result.err


def run_and_remove(home: UpFolder) -> str:
    """Run the job `two`, remove it from the file, and return the run's ARN."""
    home.write("one: {command: 'true'}\ntwo: {command: echo first}")
    home.up_and_apply()
    first = home.start_run("two")
    home.ended(first)
    before = len(home.lines)
    home.write("one: {command: 'true'}")
    home.wait_for_line("- two", before)
    return first


@pytest.mark.parametrize("name", ["two", "home-two"])
def test_runs_of_a_removed_job_are_found_by_its_name(home: UpFolder, name: str) -> None:
    first = run_and_remove(home)
    run_name, options = first.rpartition(":")[2], ("--endpoint-url", home.url)
    for arguments in (("ps", name), ("ps", name, "--all"), ("history", name), ("history", f"{name}:{run_name}")):
        result = run_lamplighter(*arguments, *options, cwd=home.folder)
        assert (result.code, "succeeded" in result.out) == (0, True), result.err
    assert "first" in run_lamplighter("logs", name, *options, cwd=home.folder).out
    assert "the job was deleted" in run_lamplighter("ps", name, *options, cwd=home.folder).out
    started = run_lamplighter("run", name, *options, cwd=home.folder)
    assert (started.code, f"called {name}" in started.err) == (1, True)


def test_a_job_that_is_added_again_keeps_its_log(home: UpFolder) -> None:
    first = run_and_remove(home)
    assert "first" in run_lamplighter("logs", first, "--endpoint-url", home.url, cwd=home.folder).out
    before = len(home.lines)
    home.write("one: {command: 'true'}\ntwo: {command: echo second}")
    home.wait_for_line("+ two", before)
    home.ended(home.start_run("two"))
    streams = home.client("logs").describe_log_streams(logGroupName="/lamplighter/home/two")["logStreams"]
    assert len(streams) == 2


def test_another_environment_of_the_file_is_reported_and_left_unchanged(home: UpFolder) -> None:
    home.write("one: {command: 'true'}", head="environments: {prod: {}}\n")
    home.up_and_apply()
    home.kill()
    home.up_and_apply("-e", "prod")
    assert f"lamplighter destroy {home.file} --endpoint-url" in home.wait_for_line("home, of ")
    assert sorted(home.list_machines()) == ["home-one", "home-prod-one"]


@pytest.mark.parametrize("text", ["no: yes:", "project: home\njobs: {one: {shedule: x}}\n"])
def test_a_broken_file_at_a_restart_runs_the_last_applied_jobs_and_is_applied_when_fixed(
    home: UpFolder, text: str
) -> None:
    head = "channels: {me: {email: me@example.com}}\ndefaults: {notify: me}\n"
    home.write("one: {command: echo well}", head=head)
    home.up_and_apply()
    home.kill()
    home.file.write_text(text)
    before = len(home.lines)
    home.up(str(home.file))
    home.wait_for_line("has errors: the jobs run as last applied", before)
    home.start_run("one")
    assert "well" in home.wait_for_line("home-one: succeeded", before)
    assert "file-not-applied" in eventually(lambda: read_health(home).get("conditions"))[0]["name"]
    assert eventually(lambda: list_mail_subjects(home)) == ["Subject: lamplighter.yaml is not applied"]
    home.write("one: {command: echo mended}", head=head)
    home.wait_for_line(f"agrees with {home.file}:", before)
    eventually(lambda: "conditions" not in read_health(home))
    eventually(lambda: "Subject: lamplighter.yaml is applied again" in list_mail_subjects(home))
    assert len(list_mail_subjects(home)) == 2


@pytest.mark.parametrize(
    ("name", "new", "reason"),
    [
        ("lamplighter.yaml", None, "cannot read this file: no such file or directory"),
        ("lamplighter.yaml", "a: " + "[" * 20_000, "this cannot be read as YAML"),
        ("lamplighter.yaml", "x" * 4_200_000, "the file is too long"),
        ("lamplighter.yaml", 'project: home\njobs: {flow: {workflow: "a\\0b.json"}}\n', "there is no file"),
        ("flow.asl.json", "{", "flow.asl.json:1:2"),
        ("flow.asl.json", None, "there is no file `flow.asl.json`"),
        (".env", "ssm:/word=well\nno line of such a file\n", "this is not a valid line of a .env file"),
    ],
)
def test_whatever_breaks_the_files_the_jobs_run_as_last_applied_after_a_kill_and_the_channels_hear_of_it(
    home: UpFolder, name: str, new: str | None, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command does not name the file, so a missing one could be taken for none."""
    monkeypatch.chdir(home.folder)
    home.folder.joinpath("flow.asl.json").write_text('{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}')
    head = "channels: {me: {email: me@example.com}}\ndefaults: {notify: me}\n"
    home.write("one: {command: 'echo $WORD', secrets: {WORD: 'ssm:/word'}}\nflow: {workflow: flow.asl.json}", head=head)
    home.folder.joinpath(".env").write_text("ssm:/word=well\n")
    home.up()
    home.wait_for_line("agrees with")
    home.kill()
    home.folder.joinpath(name).unlink()
    if new is not None:
        home.folder.joinpath(name).write_text(new)
    before = len(home.lines)
    home.up()
    home.wait_for_line("has errors: the jobs run as last applied", before)
    assert reason in "".join(home.lines[before:])
    home.start_run("one")
    assert "well" in home.wait_for_line("home-one: succeeded", before)
    found = eventually(lambda: read_health(home).get("conditions"))
    assert (found[0]["name"], reason in found[0]["reason"]) == ("file-not-applied", True), found
    assert read_unapplied_gauge(home) == 1
    assert eventually(lambda: list_mail_subjects(home)) == ["Subject: lamplighter.yaml is not applied"]


def test_an_error_that_nobody_foresaw_does_not_keep_the_jobs_from_running(
    home: UpFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_files: SourceFiles) -> None:
        raise ZeroDivisionError("division by zero")

    home.write("one: {command: 'true'}")
    home.up_and_apply()
    home.kill()
    monkeypatch.setattr(SourceFiles, "read", fail)
    found = read_source.read_source(UpOptions(home.file, None, (), ()), home.data)
    assert found is not None
    with pytest.raises(ZeroDivisionError):
        read_source.read_source(UpOptions(home.file, None, (), ()), home.data / "never-used")


def test_an_environment_that_is_gone_runs_its_jobs_as_last_applied(home: UpFolder) -> None:
    home.write("one: {command: echo well}", head="environments: {prod: {}}\n")
    home.up(str(home.file), "-e", "prod")
    home.wait_for_line("agrees with")
    home.kill()
    home.write("one: {command: echo well}")
    before = len(home.lines)
    home.up(str(home.file), "-e", "prod")
    home.wait_for_line("there is no environment `prod`", before)
    home.wait_for_line("has errors: the jobs run as last applied", before)
    assert home.list_machines() == ["home-prod-one"]
    assert "there is no environment" in eventually(lambda: read_health(home).get("conditions"))[0]["reason"]


def test_an_engine_without_a_job_file_says_nothing_of_one_that_was_never_there(
    home: UpFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home.folder)
    home.up()
    body = json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}})
    home.client("cloudformation").create_stack(StackName="other", TemplateBody=body)
    eventually(lambda: home.describe_stack("other")["StackStatus"] == "CREATE_COMPLETE")
    home.kill()
    before = len(home.lines)
    home.up()
    assert "conditions" not in read_health(home)
    home.kill(signal.SIGTERM)
    assert "lamplighter.yaml" not in "".join(home.lines[before:])


def test_a_folder_whose_dockerfile_is_gone_is_reported_to_the_channels_until_it_is_back(home: UpFolder) -> None:
    head = "channels: {me: {email: me@example.com}}\ndefaults: {notify: me}\n"
    home.folder.joinpath("empty").mkdir()
    home.runtime = "auto"
    home.write("bad: {image: ./empty}\nplain: {command: echo well}", head=head)
    home.up(str(home.file))
    home.wait_for_line("+ plain")
    fault = home.wait_for_line("bad: its image could not be built, so its runs will fail until it is built")
    assert f"{home.file}:5:3: error: " in fault
    found = eventually(lambda: read_health(home).get("conditions"))
    assert (found[0]["name"], "has no Dockerfile" in found[0]["reason"]) == ("file-not-applied", True)
    assert eventually(lambda: list_mail_subjects(home)) == ["Subject: lamplighter.yaml is not applied"]
    home.start_run("plain")
    home.wait_for_line("plain: succeeded")
    home.write("plain: {command: echo well}", head=head)
    eventually(lambda: "conditions" not in read_health(home))
    eventually(lambda: "Subject: lamplighter.yaml is applied again" in list_mail_subjects(home))


def test_a_broken_file_at_the_first_start_is_refused(home: UpFolder) -> None:
    home.file.write_text("no: yes:")
    result = run_lamplighter("up", "--port", "0", cwd=home.folder)
    assert (result.code, "lamplighter.yaml:" in result.err) == (1, True)


def test_a_broken_file_that_was_never_applied_is_refused_with_an_existing_data_directory(home: UpFolder) -> None:
    home.up()
    home.kill()
    home.file.write_text("no: yes:")
    result = run_lamplighter("up", str(home.file), "--port", "0", "--data", str(home.data), cwd=home.folder)
    assert (result.code, "there is no job to run" in result.err) == (1, True)


def test_resources_that_were_deleted_by_hand_are_recreated_and_reported_at_the_next_start(home: UpFolder) -> None:
    head = "channels: {me: {email: me@example.com}}\ndefaults: {notify: me}\n"
    home.write("one: {command: 'true', schedule: 'cron(0 3 * * ? *)'}", head=head)
    home.up_and_apply()
    sns = home.client("sns")
    for each in sns.list_subscriptions()["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    home.client("scheduler").delete_schedule(GroupName="home", Name="home-one")
    events = home.client("events")
    events.remove_targets(Rule="home-one-run-failed", Ids=["me"])
    home.kill()
    before = len(home.lines)
    home.up_and_apply()
    home.wait_for_line("the subscription MeSubscription was deleted", before)
    home.wait_for_line("the schedule OneSchedule was deleted", before)
    home.wait_for_line("the rule OneRunFailed was deleted", before)
    sns, events = home.client("sns"), home.client("events")
    assert [each["Endpoint"] for each in sns.list_subscriptions()["Subscriptions"]] == ["me@example.com"]
    assert get_schedule(home, "home-one")["State"] == "ENABLED"
    assert [each["Id"] for each in events.list_targets_by_rule(Rule="home-one-run-failed")["Targets"]] == ["me"]


def test_a_paused_schedule_stays_paused_after_an_edit_and_a_new_rate_starts_nothing_immediately(home: UpFolder) -> None:
    home.write("one: {command: 'true', schedule: rate(1 hour)}\ntwo: {command: 'true', schedule: rate(1 hour)}")
    home.up_and_apply()
    home.wait_for_line("two: succeeded")
    found = get_schedule(home, "home-one")
    known = ("Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target", "ScheduleExpressionTimezone")
    home.client("scheduler").update_schedule(**{name: found[name] for name in known}, State="DISABLED")
    before = len(home.lines)
    home.write("one: {command: 'true', schedule: rate(2 hours)}\ntwo: {command: 'true', schedule: rate(2 hours)}")
    assert "rate(2 hours), next " in home.wait_for_line("~ two", before)
    assert get_schedule(home, "home-one")["State"] == "DISABLED"
    assert re.search(r" in (2h|1h5\dm)", home.wait_for_line("~ two", before)), "and not now"
    home.write("one: {command: 'true', schedule: rate(2 hours), enabled: false}")
    home.wait_for_line("- two", before)
    before = len(home.lines)
    home.write("one: {command: 'true', schedule: rate(2 hours)}")
    home.wait_for_line("~ one", before)
    assert get_schedule(home, "home-one")["State"] == "ENABLED"


def test_a_channel_without_a_target_is_an_error_with_its_line_until_the_target_exists(
    home: UpFolder, tmp_path: Path
) -> None:
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:alerts"
    home.write(
        "one: {command: 'true', notify: [q, c, w]}",
        head=f"channels:\n  q: {{sqs: '{queue}'}}\n  c: {{command: [./not-there]}}\n  w: {{webhook: 'http://x:99999/'}}\n",
    )
    home.up(str(home.file))
    assert f"lamplighter.yaml:3:3: error: the channel q: the queue {queue} does not exist" in home.wait_for_line(
        "the channel q"
    )
    assert "lamplighter.yaml:4:3: error: the channel c: the command ./not-there cannot" in home.wait_for_line(
        "the channel c"
    )
    assert "lamplighter.yaml:5:3: error: the channel w: " in home.wait_for_line("the channel w")
    assert home.list_machines() == ["home-one"]
    conditions = {each["name"]: each["reason"] for each in eventually(lambda: read_health(home).get("conditions"))}
    assert f"lamplighter.yaml:3:3: the channel q: the queue {queue} does not exist" in conditions["channels"]
    assert "the channel q" not in conditions["file-not-applied"], "only the subscription of w was refused"
    found = run_doctor(home)
    assert (found["channel q"]["state"], f"the queue {queue} does not exist" in found["channel q"]["says"]) == (
        "bad",
        True,
    )
    assert found["channel w"]["state"] == "bad"
    home.client("sqs").create_queue(QueueName="alerts")
    before = len(home.lines)
    home.write("one: {command: 'true', notify: q}", head=f"channels:\n  q: {{sqs: '{queue}'}}\n")
    home.wait_until_applied(before)
    # The fault's alert may have found no working channel; another condition reports that.
    eventually(lambda: "channels" not in [each["name"] for each in read_health(home).get("conditions", [])])


def test_a_failed_workflow_is_logged_with_the_reason_of_the_failed_step(home: UpFolder) -> None:
    states = {
        "First": {"Type": "Task", "Job": "well", "Next": "Second"},
        "Second": {"Type": "Fail", "Error": "Sales.Missing", "Cause": "there are no sales"},
    }
    (home.folder / "steps.asl.json").write_text(json.dumps({"StartAt": "First", "States": states}))
    home.write("well: {command: echo all is well}\nsteps: {workflow: steps.asl.json}")
    home.up_and_apply()
    home.start_run("steps")
    assert home.wait_for_line("steps: failed after").rstrip().endswith(": Sales.Missing: there are no sales")


def test_doctor_reports_a_deleted_subscription(home: UpFolder) -> None:
    head = "channels: {me: {email: me@example.com}, you: {email: you@example.com}}\n"
    home.write("one: {command: 'true', notify: [me, you]}", head=head)
    home.up_and_apply()
    sns = home.client("sns")
    subscription = next(
        each for each in sns.list_subscriptions()["Subscriptions"] if each["Endpoint"] == "me@example.com"
    )
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    found = run_doctor(home)
    assert found["channel me"]["state"] == "bad"
    assert "the subscription of me@example.com was deleted" in found["channel me"]["says"]
    assert found["channel you"]["state"] == "good"


def test_doctor_shows_the_host_alone_of_a_webhook(home: UpFolder) -> None:
    """The rest of the address may be a token."""
    home.write("one: {command: 'true', notify: w}", head="channels: {w: {webhook: 'http://127.0.0.1:9/my-token'}}\n")
    home.up_and_apply()
    assert run_doctor(home)["channel w"]["says"] == "127.0.0.1 is subscribed"
    home.write("one: {command: 'true', notify: w}", head="channels: {w: {webhook: 'http://x:99999/my-token'}}\n")
    line = home.wait_for_line("the channel w")
    assert "its address is not a valid URL" in line
    assert "my-token" not in line + json.dumps(read_health(home)) + json.dumps(run_doctor(home))


def test_doctor_reports_a_command_channel_that_cannot_run_or_whose_subscription_was_deleted(home: UpFolder) -> None:
    script = home.folder / "tell"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    home.write("one: {command: 'true', notify: mine}", head="channels: {mine: {command: [./tell, now]}}\n")
    home.up_and_apply()
    assert run_doctor(home)["channel mine"]["says"] == "./tell is subscribed"
    script.unlink()
    found = run_doctor(home)["channel mine"]
    assert (found["state"], "the command ./tell cannot be run here" in found["says"]) == ("bad", True)
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    sns = home.client("sns")
    (subscription,) = sns.list_subscriptions()["Subscriptions"]
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    found = run_doctor(home)["channel mine"]
    assert (found["state"], "the subscription of ./tell was deleted" in found["says"]) == ("bad", True)
