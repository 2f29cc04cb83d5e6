"""What is worth a second look: each finding has its place and says what to write instead; what is well has none."""

from pathlib import Path
from textwrap import indent

import pytest

from lamplighter.jobs.lint.lint import lint_job_file
from tests.jobs.matrix import FILES, loaded
from tests.jobs.projects import written

WELL = """
project: reports
channels: {ops: {email: ops@example.com}}
defaults: {timezone: Asia/Seoul, notify: ops}
jobs:
  nightly: {image: ./report, schedule: 'cron(0 3 * * ? *)', retry: {attempts: 1, interval: 10s}, timeout: 1h}
"""


def found(folder: Path, text: str, *severities: str, **files: str) -> list[str]:
    """The findings, each as `line:column severity: message -> instead`."""
    return [
        f"{each.position.line}:{each.position.column} {each.severity}: {each.message} -> {each.advice}"
        for each in lint_job_file(written(folder, text, **files))
        if not severities or each.severity in severities
    ]


def of_job(folder: Path, body: str, **files: str) -> list[str]:
    """The findings of a job that is well otherwise."""
    text = (
        "project: p\nchannels: {ops: {email: ops@example.com}}\njobs:\n  a:\n    image: busybox\n    timeout: 10m\n"
        f"{indent(body, '    ')}\n"
    )
    return found(folder, text, "error", "warning", **files)


def test_a_file_that_is_well_has_nothing_but_what_aws_wants_to_be_done(tmp_path: Path) -> None:
    assert found(tmp_path, WELL) == [
        (
            "3:18 info: AWS asks ops@example.com to confirm the subscription -> "
            "open the link in the mail that arrives after `deploy`"
        )
    ]


@pytest.mark.parametrize(
    ("body", "finding"),
    [
        ("cpu: 300", ("7:5 error: a: Fargate does not offer 300 CPU units with 512 MiB -> "
         "write cpu: 512 and memory: 1024")),
        ("memory: 3 GB", ("7:5 error: a: Fargate does not offer 256 CPU units with 3072 MiB -> "
         "write cpu: 512 and memory: 3072")),
        (
            "sidecars: {s: {image: x, memory: 512}}",
            ("7:5 error: a: the sidecars have 0 CPU units and 512 MiB of the job's 256 and 512 -> "
            "raise the job's `cpu` and `memory`, which are those of the whole task"),
        ),
        (
            f"input: {{text: {'x' * 8000}}}",
            ("7:5 error: a: the input has 8017 characters, and RunTask accepts 7392 -> "
            "store it in S3 or SSM, and pass its location as the input"),
        ),
        (
            f"environment: {{A: {'x' * 60_000}}}",
            ("7:5 error: a: the variables need 58 KiB, and a task definition has at most 64 KiB -> "
            "keep them in a file of the image, or in S3"),
        ),
        (
            "environment: {LAMPLIGHTER_RUN: x}",
            "7:5 warning: a: the engine sets LAMPLIGHTER_RUN for every attempt -> give it another name",
        ),
        (
            "environment: {DB_PASSWORD: x}",
            ("7:5 warning: a: everyone who can read the template can read the value of DB_PASSWORD -> "
            "store it in SSM and write secrets: {DB_PASSWORD: 'ssm:/path'}"),
        ),
        (
            "deadline: 400d",
            "7:5 warning: a: AWS ends every run after a year, not after 400d -> write 365d, or less",
        ),
        (
            "missed: all\nschedule: rate(1 hour)\nnotify: ops",
            ("7:5 warning: a: AWS does not make up for missed runs; it retries each start for at most a day "
            "-> write missed: last, or accept this on AWS"),
        ),
        (
            "missed: {within: 2d}\nschedule: rate(1 hour)\nnotify: ops",
            "7:5 warning: a: AWS retries a start for 24 hours, not for 2d -> write within: 24h, or less",
        ),
        (
            "schedule: 'cron(0 3 31 2 ? *)'\nnotify: ops",
            "7:5 error: a: cron(0 3 31 2 ? *) never occurs -> choose another day, month or year",
        ),
        (
            "schedule: 'at(2026-03-29T02:30:00)'\ntimezone: Europe/Berlin\nnotify: ops",
            ("7:5 error: a: the time of at(2026-03-29T02:30:00) does not exist in Europe/Berlin -> "
            "choose a time outside the hour that is skipped when summer time begins"),
        ),
        (
            "schedule: 'cron(30 2 * * ? *)'\ntimezone: Europe/Berlin\nnotify: ops",
            ("7:5 warning: a: no run on 2026-03-29: clocks in Europe/Berlin skip 02:30 -> "
            "choose another hour in cron(30 2 * * ? *), or write timezone: UTC"),
        ),
        (
            "deadline: 5m",
            ("7:5 warning: a: the deadline 5m is shorter than the timeout 10m of one attempt -> "
            "make the deadline longer than the timeout"),
        ),
        (
            "deadline: 1h\nlate: 2h\nnotify: {late: ops}",
            "8:5 warning: a: a run that ends after 1h is never late -> make `late` shorter than the deadline",
        ),
        (
            "schedule: rate(5 minutes)\nnotify: ops",
            ("7:5 warning: a: a run may take 10m and the next begins after 5m: they may overlap -> "
            "write overlap: skip, queue or cancel-previous if runs must not overlap"),
        ),
        (
            "retry: {spot: {attempts: 1}}",
            "7:5 warning: a: retry.spot has an effect only with Fargate Spot -> write launch: fargate-spot",
        ),
        (
            "launch: fargate-spot",
            ("7:5 warning: a: Fargate Spot may take its capacity back during an attempt, and no retry covers that "
            "-> add retry: {spot: {attempts: 3, interval: 1m}}"),
        ),
        (
            "retry: {attempts: 1, interval: 1m, max-interval: 10s}",
            ("7:5 warning: a: `interval` is longer than `max-interval`, so it has no effect -> "
            "make `max-interval` longer than `interval`"),
        ),
        (
            "schedule: rate(1 day)",
            "4:3 warning: a: no channel is alerted when a run fails -> add `notify: CHANNEL`",
        ),
        ("late: 1h", "7:5 warning: a: no channel is alerted when a run is late -> add notify: {late: CHANNEL}"),
        ("notify: {late: ops}", "7:5 warning: a: `notify.late` has no effect without `late` -> add `late: 1h`"),
    ],
)  # fmt: skip
def test_a_doubt_is_told_with_its_place_and_its_remedy(tmp_path: Path, body: str, finding: str) -> None:
    assert of_job(tmp_path, body) == [finding]


def of_file(folder: Path, text: str, **files: str) -> list[str]:
    return found(folder, f"project: p\n{text}\n", "error", "warning", **files)


def test_a_job_that_nothing_stops_is_told_of(tmp_path: Path) -> None:
    assert of_file(tmp_path, "jobs: {a: {image: x}}") == [
        "2:8 warning: a: an attempt that hangs is never stopped -> add `timeout:`, such as timeout: 1h"
    ]
    assert of_file(tmp_path, "jobs: {a: {image: x, deadline: 1h}}") == []


def test_a_timeout_that_is_tried_again_has_to_be_one(tmp_path: Path) -> None:
    text = "jobs: {a: {image: x, deadline: 1h, retry: {timeout: {attempts: 1}}}}"
    assert of_file(tmp_path, text) == [
        "2:36 warning: a: retry.timeout has no effect without a timeout -> add `timeout:`"
    ]


def test_a_plain_process_is_for_this_box_and_has_no_containers_beside_it(tmp_path: Path) -> None:
    assert of_file(tmp_path, "jobs: {a: {command: ls, timeout: 1h, sidecars: {s: {image: x}}}}") == [
        "2:8 warning: a: a job without an image cannot run on AWS -> add `image:` before you deploy it",
        "2:38 warning: a: a job without an image cannot have sidecars -> add `image:`",
    ]


def test_a_job_that_runs_seldom_is_looked_after_and_lint_has_nothing_to_say(tmp_path: Path) -> None:
    job = "image: x, timeout: 1m, notify: c, schedule: 'cron(0 3 1 * ? *)'"
    text = f"project: p\nchannels: {{c: {{command: ls}}}}\njobs: {{a: {{{job}}}}}"
    assert found(tmp_path, text, "info") == []


def test_a_time_that_is_over_is_told(tmp_path: Path) -> None:
    text = "project: p\njobs: {a: {image: x, timeout: 1m, schedule: 'at(2026-03-01T03:00:00)', notify: c}}"
    read = written(tmp_path, f"{text}\nchannels: {{c: {{command: ls}}}}")
    april, before = 1_775_000_000_000, 1_770_000_000_000
    (told,) = [each for each in lint_job_file(read, april) if "has passed" in each.message]
    assert told.severity == "warning"
    assert told.message == "a: the time of at(2026-03-01T03:00:00) has passed: it starts no run"
    assert [each for each in lint_job_file(read, before) if "has passed" in each.message] == []


def test_clock_changes_are_those_of_the_year_to_come(tmp_path: Path) -> None:
    job = "{image: x, timeout: 1m, notify: c, schedule: 'cron(30 2 * * ? *)', timezone: Europe/Berlin}"
    read = written(tmp_path, f"project: p\nchannels: {{c: {{command: ls}}}}\njobs: {{a: {job}}}")
    april = 1_775_000_000_000
    (told,) = [each.message for each in lint_job_file(read, april) if "clocks" in each.message]
    assert "no run on 2027-03-28" in told


def test_a_job_that_runs_nothing_is_an_error(tmp_path: Path) -> None:
    told = of_file(tmp_path, "jobs: {a: {timeout: 1h}}")
    assert "2:8 error: a: the job has neither an image nor a command, so nothing would run -> add `command:`" in told


def test_what_a_rule_tells_of_a_job_that_tells_itself_is_said(tmp_path: Path) -> None:
    text = "project: p\nchannels: {c: {command: ls}}\njobs: {a: {image: x, timeout: 1m, notify: {caught: c}}}"
    assert found(tmp_path, text, "info") == [
        (
            "3:35 info: a: failures that a run cannot catch, such as its deadline, are alerted without the last log "
            "lines -> write run-failed: CHANNEL as well, to choose the channel for them"
        )
    ]


def test_a_role_of_one_s_own_starts_a_slot_at_least_once(tmp_path: Path) -> None:
    role = "roles: {schedule: 'arn:aws:iam::123456789012:role/r'}"
    text = f"project: p\nchannels: {{c: {{command: ls}}}}\njobs: {{a: {{image: x, timeout: 1m, notify: c, {role}"
    assert [each for each in found(tmp_path, text + ", schedule: rate(1 day)}}") if "at least once" in each]


def test_a_first_deployment_of_a_weekly_job_may_ring_on_aws(tmp_path: Path) -> None:
    def text(days: str) -> str:
        job = f"image: x, timeout: 1m, notify: c, schedule: 'cron(0 3 ? * {days} *)'"
        channel = "{sqs: 'arn:aws:sqs:us-east-1:123456789012:q'}"
        return f"project: p\nchannels: {{c: {channel}}}\njobs: {{a: {{{job}}}}}"

    (finding,) = [each for each in found(tmp_path, text("MON,THU"), "info") if "new alarm" in each]
    assert finding.endswith("-> run the job once after the deployment, or ignore that alert")
    assert not [each for each in found(tmp_path, text("*"), "info") if "new alarm" in each]


def test_a_cluster_that_exists_has_to_have_spot_capacity(tmp_path: Path) -> None:
    job = "image: x, timeout: 1m, launch: fargate-spot, cluster: theirs, retry: {attempts: 1}"
    assert found(tmp_path, f"project: p\njobs: {{a: {{{job}}}}}") == [
        (
            "2:57 info: a: AWS runs the job on Spot only if the cluster theirs has the capacity provider "
            "FARGATE_SPOT -> add it with aws ecs put-cluster-capacity-providers"
        )
    ]


def test_what_may_not_overlap_may_for_a_second_on_aws(tmp_path: Path) -> None:
    assert found(tmp_path, "project: p\njobs: {a: {image: x, timeout: 1m, overlap: queue}}") == [
        (
            "2:35 info: a: AWS lists runs with a delay: two runs that begin within the same second may not see each "
            "other -> do not start the job by hand at its scheduled times"
        )
    ]


@pytest.mark.parametrize(
    ("channel", "severity", "finding"),
    [
        (
            "command: [ls]",
            "warning",
            ("2:12 warning: the channel c runs a command, which AWS cannot -> use email, webhook, sqs or sns on AWS"),
        ),
        (
            "webhook: 'https://x.example'",
            "info",
            (
                "2:16 info: on AWS, https://x.example must confirm the subscription by opening the SubscribeURL; "
                "this engine needs no confirmation -> see https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.prepare.html"
            ),
        ),
        (
            "sqs: 'arn:aws:sqs:us-east-1:123456789012:q'",
            "info",
            (
                "2:16 info: on AWS, the policy of arn:aws:sqs:us-east-1:123456789012:q must allow deliveries -> "
                "allow sqs:SendMessage for sns.amazonaws.com in that policy"
            ),
        ),
        (
            "sns: 'arn:aws:sns:us-east-1:123456789012:t'",
            "info",
            (
                "2:16 info: on AWS, the policy of arn:aws:sns:us-east-1:123456789012:t must allow deliveries -> "
                "allow sns:Publish for cloudwatch.amazonaws.com and events.amazonaws.com in that policy, and "
                "to events without a Condition"
            ),
        ),
    ],
)
def test_what_aws_cannot_do_for_a_channel_or_wants_first_is_told(
    tmp_path: Path, channel: str, severity: str, finding: str
) -> None:
    text = f"project: p\nchannels: {{c: {{{channel}}}}}\njobs: {{a: {{image: x, timeout: 1m, notify: c}}}}"
    assert finding in found(tmp_path, text, severity)


def test_a_topic_that_exists_has_to_be_where_the_stack_is(tmp_path: Path) -> None:
    channel = "{sns: 'arn:aws:sns:eu-west-1:123456789012:t'}"
    text = f"project: p\nchannels: {{c: {channel}}}\njobs: {{a: {{image: x, timeout: 1m, notify: c}}}}"
    assert (
        "2:16 info: on AWS, rules and alarms can only publish to topics of their own region; this topic is in "
        "eu-west-1 -> deploy to eu-west-1"
    ) in found(tmp_path, text, "info")


@pytest.mark.parametrize("where", ["secrets: {S: %s}", "sidecars: {s: {image: x, secrets: {S: %s}}}"])
def test_a_secret_whose_name_looks_like_the_end_of_an_arn_has_to_be_named_by_its_arn(
    tmp_path: Path, where: str
) -> None:
    (finding,) = of_job(tmp_path, where % "secretsmanager:team/db-secret")
    assert finding == (
        "7:5 error: a: Secrets Manager takes secretsmanager:team/db-secret for a complete ARN, because it ends with a "
        "hyphen and six characters -> write the secret's ARN, with the hyphen and the six characters that follow"
    )
    whole = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:team/db-secret-x1y2z3"
    for well in ("secretsmanager:team/db-password", "ssm:/team/db-secret", whole):
        assert of_job(tmp_path, where % well) == []


def test_a_channel_that_nobody_uses_is_told_of(tmp_path: Path) -> None:
    text = "project: p\nchannels: {c: {command: ls}}\njobs: {a: {image: x, timeout: 1m}}"
    assert found(tmp_path, text, "info") == ["2:12 info: no job uses the channel c -> name it in a `notify:`"]


# --- workflows --------------------------------------------------------------------------------------------------------

WORKFLOW = "jobs:\n  a: {image: x, timeout: 1m}\n  w:\n    workflow: steps.yaml\n    deadline: 1h\n"
CALLS = """
StartAt: A
States:
  A: {Type: Task, Job: a, Next: B}
  B:
    Type: Task
    Resource: arn:aws:states:::sqs:sendMessage
    Parameters: {QueueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/q', MessageBody: x}
    Next: C
  C:
    Type: Task
    Resource: arn:aws:states:::lambda:invoke
    Parameters: {FunctionName: f}
    End: true
"""


def test_a_workflow_that_hangs_is_never_stopped_without_a_deadline(tmp_path: Path) -> None:
    steps = "StartAt: A\nStates: {A: {Type: Task, Job: a, End: true}}"
    assert of_file(tmp_path, WORKFLOW.replace("    deadline: 1h\n", ""), steps_yaml=steps) == [
        "4:3 warning: w: a run that hangs is never stopped -> add `deadline:`, such as deadline: 6h"
    ]
    assert of_file(tmp_path, WORKFLOW, steps_yaml=steps) == []


def test_a_call_of_a_workflow_that_its_role_does_not_allow_is_told_with_the_permission(tmp_path: Path) -> None:
    sends = '{"actions":"sqs:SendMessage","resources":"arn:aws:sqs:eu-west-1:123456789012:q"}'
    invokes = '{"actions":"lambda:InvokeFunction","resources":"arn:aws:lambda:us-east-1:123456789012:function:f"}'
    assert of_file(tmp_path, WORKFLOW, steps_yaml=CALLS) == [
        f"5:5 error: w: the role does not allow lambda:InvokeFunction -> add permissions: [{invokes}]",
        f"5:5 error: w: the role does not allow sqs:SendMessage -> add permissions: [{sends}]",
    ]
    mended = f"{WORKFLOW}    permissions: [{sends}, {invokes}]\n"
    assert of_file(tmp_path, mended, steps_yaml=CALLS) == []


def test_a_call_whose_target_only_a_run_knows_needs_some_permission(tmp_path: Path) -> None:
    steps = """
        QueryLanguage: JSONata
        StartAt: A
        States:
          A:
            Type: Task
            Resource: arn:aws:states:::aws-sdk:s3:putObject
            Arguments: {Bucket: "{% $states.input.bucket %}", Key: x}
            End: true
    """
    needs = '{"actions":"s3:PutObject","resources":"*"}'
    assert of_file(tmp_path, WORKFLOW, steps_yaml=steps) == [
        f"5:5 error: w: the role does not allow s3:PutObject -> add permissions: [{needs}]"
    ]
    mended = f"{WORKFLOW}    permissions: {{actions: s3:Put*, resources: 'arn:aws:s3:::reports/*'}}\n"
    assert of_file(tmp_path, mended, steps_yaml=steps) == []


def test_a_role_that_iam_would_not_take_is_told_of(tmp_path: Path) -> None:
    names = [f"job-with-a-long-name-{at}" for at in range(60)]
    jobs = "".join(f"  {name}: {{image: x, timeout: 1m}}\n" for name in names)
    states = [f"  S{at}: {{Type: Task, Job: {name}, Next: S{at + 1}}}\n" for at, name in enumerate(names)]
    steps = "StartAt: S0\nStates:\n" + "".join(states) + "  S60: {Type: Succeed}\n"
    (problem,) = of_file(tmp_path, WORKFLOW + jobs, steps_yaml=steps)
    assert "and IAM allows 10240 -> split the workflow in two, or use your own role" in problem


@pytest.mark.parametrize("name", FILES)
def test_lint_has_something_to_say_of_any_file(tmp_path: Path, name: str) -> None:
    problems = lint_job_file(loaded(tmp_path, name))
    assert all(each.message and each.advice for each in problems)
    assert problems == sorted(problems, key=lambda each: (each.position, each.message))


def test_more_than_a_stack_of_aws_takes_is_told(tmp_path: Path) -> None:
    jobs = "\n".join(f"  job-{number}: {{image: x, timeout: 1h, schedule: rate(1 day)}}" for number in range(75))
    told = [each for each in found(tmp_path, f"project: p\njobs:\n{jobs}", "error") if "resources" in each]
    assert [each.partition(":")[0] for each in told] == ["2"]
    assert told[0].endswith("and AWS allows 500 -> split the project in two")


def test_an_attempt_that_somebody_stops_is_told_on_aws_where_one_that_hangs_is(tmp_path: Path) -> None:
    def told(job: str) -> list[str]:
        text = f"project: p\nchannels: {{ops: {{email: o@b.c}}}}\njobs: {{a: {{image: x, deadline: 1h, {job}}}}}"
        return [each for each in found(tmp_path, text, "info") if "looks like a timeout" in each]

    (finding,) = told("timeout: 1h, notify: {attempt-failed: ops}")
    assert finding.startswith("3:49 info: a: on AWS, stopping a run also sends an alert about its attempt")
    assert told("notify: {attempt-failed: ops}") == told("timeout: 1h, notify: ops") == []


def test_a_workflow_that_tells_of_its_failure_itself_is_begun_anew(tmp_path: Path) -> None:
    steps = "StartAt: S\nStates: {S: {Type: Task, Job: a, End: true}}"
    text = "project: p\nchannels: {ops: {email: ops@example.com}}\n" + WORKFLOW + "    notify: {caught: ops}\n"
    told = [each for each in found(tmp_path, text, "info", steps_yaml=steps) if "redrive" in each]
    assert [each.partition(" -> ")[2] for each in told] == [
        "start a new run (lamplighter run w), or write run-failed instead of caught"
    ]


def test_beside_sidecars_it_is_told_what_an_alert_cannot_know(tmp_path: Path) -> None:
    job = "{image: x, timeout: 1h, sidecars: {s: {image: y}}, notify: {attempt-failed: ops}}"
    text = f"project: p\nchannels: {{ops: {{email: ops@example.com}}}}\njobs: {{a: {job}}}"
    (told,) = [each for each in found(tmp_path, text, "info") if "sidecars" in each]
    assert "write notify: {caught: CHANNEL}" in told
