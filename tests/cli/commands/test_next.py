"""`lamplighter next` lists when jobs will run, from the target's schedules or from a job file alone."""

from pathlib import Path

from lamplighter.base.json_text import loads
from tests.cli.job_folder import JobFolder
from tests.served_engine import ROLE, one_state

SKIPPED = """
project: clocks
jobs:
  early: {command: [sh, -c, exit 0], schedule: 'at(2099-03-29T02:30:00)', timezone: Europe/Berlin}
  rated: {command: [sh, -c, exit 0], schedule: rate(2 hours)}
"""


def test_times_are_listed_in_the_job_s_time_zone_and_in_utc(job_folder: JobFolder) -> None:
    listed = [each for each in job_folder.invoke_json("next", "nightly", "--count", "5") if not each["skipped"]]
    assert len(listed) == 5
    assert {each["local"][11:] for each in listed} == {"02:30:00"}
    assert {each["time"][11:16] for each in listed} <= {"00:30", "01:30"}
    assert {each["zone"] for each in listed} == {"Europe/Berlin"}


def test_a_job_without_times_is_reported_with_the_reason(job_folder: JobFolder) -> None:
    result = job_folder.invoke("next")
    assert result.exit_code == 0
    assert "judged: all schedules are paused" in result.stderr
    assert "quick" in next(line for line in result.stderr.splitlines() if line.endswith(": no schedule"))


def test_without_any_time_no_table_is_printed(job_folder: JobFolder) -> None:
    result = job_folder.invoke("next", "quick")
    assert (result.stdout, result.stderr, result.exit_code) == ("", "quick: no schedule\n", 0)


def test_a_time_that_clocks_skip_in_spring_is_marked_as_skipped(job_folder: JobFolder) -> None:
    # Two such nights may be 53 weeks apart.
    skipped = [each for each in job_folder.invoke_json("next", "nightly", "--count", "400") if each["skipped"]]
    assert (skipped[0]["time"], skipped[0]["local"][5:7]) == (None, "03")
    output = job_folder.invoke("next", "nightly", "--count", "400").stdout
    assert output.count("skipped: the clocks go forward over this time") == len(skipped)


def test_a_job_file_alone_needs_no_engine(job_folder: JobFolder, tmp_path: Path) -> None:
    (tmp_path / "jobs.yaml").write_text(SKIPPED)
    result = job_folder.invoke("next", "--file", "jobs.yaml", "--json", folder=tmp_path)
    assert result.exit_code == 0
    early, *rated = [loads(line) for line in result.stdout.splitlines()]
    assert (early["job"], early["skipped"]) == ("early", True)
    assert [each["guessed"] for each in rated] == [True] * 3
    assert job_folder.invoke("next", "late", "--file", "jobs.yaml", folder=tmp_path).exit_code == 1


def test_times_of_rules_and_universal_targets_are_listed(job_folder: JobFolder) -> None:
    served = job_folder.served
    machine = served.machine(one_state({"Type": "Pass", "End": True}), "ruled")
    events = served.client("events")
    events.put_rule(Name="ruled", ScheduleExpression="cron(15 3 * * ? *)")
    events.put_targets(Rule="ruled", Targets=[{"Id": "1", "Arn": machine, "RoleArn": ROLE}])
    served.client("scheduler").create_schedule(
        Name="universal",
        ScheduleExpression="cron(45 3 * * ? *)",
        FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5},
        Target={
            "Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution",
            "RoleArn": ROLE,
            "Input": f'{{"StateMachineArn": "{machine}"}}',
        },
    )
    listed = job_folder.invoke_json("next", "ruled", "--count", "2")
    assert sorted(each["time"][11:16] for each in listed) == ["03:15", "03:45"]
    assert {each["windowMinutes"] for each in listed} == {0, 5}
