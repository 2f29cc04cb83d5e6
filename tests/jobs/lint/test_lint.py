"""Lint findings: each has its place and advice, and a job file without doubtful parts has none."""

from pathlib import Path
from textwrap import indent

import pytest

from lamplighter.base.json_text import dumps
from lamplighter.jobs.file.parsing.outer_shape import DeployTarget
from lamplighter.jobs.iam.check_roles import MAX_POLICY_CHARACTERS
from lamplighter.jobs.iam.resolve_template import ResolvedStack
from lamplighter.jobs.lint.lint import lint_job_file
from lamplighter.jobs.stack.arns import MAX_LISTED_JOBS
from lamplighter.jobs.stack.template import build_template
from tests.jobs.matrix import FILES, load_matrix_file
from tests.jobs.projects import load_job_text

CORRECT = """
project: reports
channels: {ops: {email: ops@example.com}, chat: {slack: 'secretsmanager:slack'}}
defaults: {timezone: Asia/Seoul, notify: [ops, chat]}
jobs:
  nightly: {image: ./report, schedule: 'cron(0 3 * * ? *)', retry: {attempts: 1, interval: 10s}, timeout: 1h}
"""


def lint_text(folder: Path, text: str, *severities: str, **files: str) -> list[str]:
    """Return the findings, each as `line:column severity: message -> advice`."""
    return [
        f"{each.position.line}:{each.position.column} {each.severity}: {each.message} -> {each.advice}"
        for each in lint_job_file(load_job_text(folder, text, **files))
        if not severities or each.severity in severities
    ]


def lint_job(folder: Path, body: str, **files: str) -> list[str]:
    """Return the errors and warnings of a job file with one otherwise correct job."""
    text = (
        "project: p\n"
        "channels: {ops: {email: ops@example.com}, q: {sqs: 'arn:aws:sqs:us-east-1:123456789012:q'}}\n"
        "jobs:\n  a:\n    image: busybox\n    timeout: 10m\n"
        f"{indent(body, '    ')}\n"
    )
    return lint_text(folder, text, "error", "warning", **files)


def test_a_correct_file_has_only_the_finding_that_aws_asks_to_confirm_the_subscription(tmp_path: Path) -> None:
    assert lint_text(tmp_path, CORRECT) == [
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
            "schedule: 'cron(0 3 ? * 1-5 *)'\nnotify: ops",
            ("7:5 warning: a: 1-5 in cron(0 3 ? * 1-5 *) is SUN-THU on AWS, which counts from 1 = SUN -> "
            "write MON-FRI if you mean the numbers of Unix cron, otherwise SUN-THU"),
        ),
        (
            "schedule: 'cron(0 3 ? * 6L *)'\nnotify: ops",
            ("7:5 warning: a: 6L in cron(0 3 ? * 6L *) is FRIL on AWS, which counts from 1 = SUN -> "
            "write SATL if you mean the numbers of Unix cron, otherwise FRIL"),
        ),
        (
            "schedule: 'cron(0 3 ? * 2#1 *)'\nnotify: ops",
            ("7:5 warning: a: 2#1 in cron(0 3 ? * 2#1 *) is MON#1 on AWS, which counts from 1 = SUN -> "
            "write TUE#1 if you mean the numbers of Unix cron, otherwise MON#1"),
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
def test_a_doubtful_key_is_reported_with_its_place_and_advice(tmp_path: Path, body: str, finding: str) -> None:
    assert lint_job(tmp_path, body) == [finding]


def lint_sections(folder: Path, text: str, **files: str) -> list[str]:
    return lint_text(folder, f"project: p\n{text}\n", "error", "warning", **files)


def test_a_job_that_can_hang_forever_is_a_warning(tmp_path: Path) -> None:
    assert lint_sections(tmp_path, "jobs: {a: {image: x}}") == [
        "2:8 warning: a: an attempt that hangs is never stopped -> add `timeout:`, such as timeout: 1h"
    ]
    assert lint_sections(tmp_path, "jobs: {a: {image: x, deadline: 1h}}") == []


def test_a_timeout_retry_without_a_timeout_is_a_warning(tmp_path: Path) -> None:
    text = "jobs: {a: {image: x, deadline: 1h, retry: {timeout: {attempts: 1}}}}"
    assert lint_sections(tmp_path, text) == [
        "2:36 warning: a: retry.timeout has no effect without a timeout -> add `timeout:`"
    ]


def test_a_job_without_an_image_cannot_run_on_aws_and_cannot_have_sidecars(tmp_path: Path) -> None:
    assert lint_sections(tmp_path, "jobs: {a: {command: ls, timeout: 1h, sidecars: {s: {image: x}}}}") == [
        "2:8 warning: a: a job without an image cannot run on AWS -> add `image:` before you deploy it",
        "2:38 warning: a: a job without an image cannot have sidecars -> add `image:`",
    ]


def test_a_number_of_cores_or_gigabytes_without_its_unit_is_a_warning(tmp_path: Path) -> None:
    body = "image: x, timeout: 1h, cpu: 2, memory: 33, sidecars: {s: {image: x, cpu: 0.01 vCPU, memory: 4}}"
    found = lint_text(tmp_path, f"project: p\nbox: {{memory: 8}}\njobs: {{a: {{{body}}}}}", "warning")
    assert found == [
        "2:7 warning: memory: 8 means 8 MiB, of which a GB has 1024 -> did you mean 8 GB (8192)?",
        "3:35 warning: a: cpu: 2 means 2 CPU units, of which a core has 1024 -> did you mean 2 vCPU (2048)?",
        "3:96 warning: a: memory: 4 means 4 MiB, of which a GB has 1024 -> did you mean 4 GB (4096)?",
    ]


def test_a_rare_job_with_did_not_start_alerts_has_no_finding(tmp_path: Path) -> None:
    job = "image: x, timeout: 1m, notify: c, schedule: 'cron(0 3 1 * ? *)'"
    text = f"project: p\nchannels: {{c: {{command: ls}}}}\njobs: {{a: {{{job}}}}}"
    assert lint_text(tmp_path, text, "info") == []


def test_an_at_time_in_the_past_is_a_warning(tmp_path: Path) -> None:
    text = "project: p\njobs: {a: {image: x, timeout: 1m, schedule: 'at(2026-03-01T03:00:00)', notify: c}}"
    read = load_job_text(tmp_path, f"{text}\nchannels: {{c: {{command: ls}}}}")
    april, before = 1_775_000_000_000, 1_770_000_000_000
    (finding,) = [each for each in lint_job_file(read, april) if "has passed" in each.message]
    assert finding.severity == "warning"
    assert finding.message == "a: the time of at(2026-03-01T03:00:00) has passed: a new schedule starts a run at once"
    assert [each for each in lint_job_file(read, before) if "has passed" in each.message] == []


def test_clock_changes_are_those_of_the_next_year(tmp_path: Path) -> None:
    job = "{image: x, timeout: 1m, notify: c, schedule: 'cron(30 2 * * ? *)', timezone: Europe/Berlin}"
    read = load_job_text(tmp_path, f"project: p\nchannels: {{c: {{command: ls}}}}\njobs: {{a: {job}}}")
    april = 1_775_000_000_000
    (message,) = [each.message for each in lint_job_file(read, april) if "clocks" in each.message]
    assert "no run on 2027-03-28" in message


def test_a_job_without_image_and_command_is_an_error(tmp_path: Path) -> None:
    findings = lint_sections(tmp_path, "jobs: {a: {timeout: 1h}}")
    assert (
        "2:8 error: a: the job has neither an image nor a command, so nothing would run -> add `command:`" in findings
    )


def test_a_job_with_caught_alerts_alone_is_told_that_uncaught_failures_are_alerted_without_log_lines(
    tmp_path: Path,
) -> None:
    text = "project: p\nchannels: {c: {command: ls}}\njobs: {a: {image: x, timeout: 1m, notify: {caught: c}}}"
    assert lint_text(tmp_path, text, "info") == [
        (
            "3:35 info: a: failures that a run cannot catch, such as its deadline, are alerted without the last log "
            "lines -> write run-failed: CHANNEL as well, to choose the channel for them"
        )
    ]


def test_the_user_s_own_schedule_role_starts_a_slot_at_least_once(tmp_path: Path) -> None:
    role = "roles: {schedule: 'arn:aws:iam::123456789012:role/r'}"
    text = f"project: p\nchannels: {{c: {{command: ls}}}}\njobs: {{a: {{image: x, timeout: 1m, notify: c, {role}"
    assert [each for each in lint_text(tmp_path, text + ", schedule: rate(1 day)}}") if "at least once" in each]


def test_a_weekly_job_s_new_alarm_may_send_an_alert_on_aws(tmp_path: Path) -> None:
    def text(days: str) -> str:
        job = f"image: x, timeout: 1m, notify: c, schedule: 'cron(0 3 ? * {days} *)'"
        channel = "{sqs: 'arn:aws:sqs:us-east-1:123456789012:q'}"
        return f"project: p\nchannels: {{c: {channel}}}\njobs: {{a: {{{job}}}}}"

    (finding,) = [each for each in lint_text(tmp_path, text("MON,THU"), "info") if "new alarm" in each]
    assert finding.endswith("-> run the job once after the deployment, or ignore that alert")
    assert not [each for each in lint_text(tmp_path, text("*"), "info") if "new alarm" in each]


def test_a_spot_job_on_an_existing_cluster_needs_its_spot_capacity(tmp_path: Path) -> None:
    job = "image: x, timeout: 1m, launch: fargate-spot, cluster: theirs, retry: {attempts: 1}"
    assert lint_text(tmp_path, f"project: p\njobs: {{a: {{{job}}}}}") == [
        (
            "2:57 info: a: AWS runs the job on Spot only if the cluster theirs has the capacity provider "
            "FARGATE_SPOT -> add it with aws ecs put-cluster-capacity-providers"
        )
    ]


def test_overlap_protection_is_delayed_by_a_second_on_aws(tmp_path: Path) -> None:
    assert lint_text(tmp_path, "project: p\njobs: {a: {image: x, timeout: 1m, overlap: queue}}") == [
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
def test_a_channel_that_aws_cannot_serve_or_that_needs_preparation_is_reported(
    tmp_path: Path, channel: str, severity: str, finding: str
) -> None:
    text = f"project: p\nchannels: {{c: {{{channel}}}}}\njobs: {{a: {{image: x, timeout: 1m, notify: c}}}}"
    assert finding in lint_text(tmp_path, text, severity)


def test_an_existing_topic_must_be_in_the_stack_s_region(tmp_path: Path) -> None:
    channel = "{sns: 'arn:aws:sns:eu-west-1:123456789012:t'}"
    text = f"project: p\nchannels: {{c: {channel}}}\njobs: {{a: {{image: x, timeout: 1m, notify: c}}}}"
    assert (
        "2:16 info: on AWS, rules and alarms can only publish to topics of their own region; this topic is in "
        "eu-west-1 -> deploy to eu-west-1"
    ) in lint_text(tmp_path, text, "info")


@pytest.mark.parametrize("where", ["secrets: {S: %s}", "sidecars: {s: {image: x, secrets: {S: %s}}}"])
def test_a_secret_whose_name_looks_like_the_end_of_an_arn_must_be_written_as_an_arn(tmp_path: Path, where: str) -> None:
    (finding,) = lint_job(tmp_path, where % "secretsmanager:team/db-secret")
    assert finding == (
        "7:5 error: a: Secrets Manager takes secretsmanager:team/db-secret for a complete ARN, because it ends with a "
        "hyphen and six characters -> write the secret's ARN, with the hyphen and the six characters that follow"
    )
    whole = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:team/db-secret-x1y2z3"
    for correct in ("secretsmanager:team/db-password", "ssm:/team/db-secret", whole):
        assert lint_job(tmp_path, where % correct) == []


def test_an_unused_channel_is_reported(tmp_path: Path) -> None:
    text = "project: p\nchannels: {c: {command: ls}}\njobs: {a: {image: x, timeout: 1m}}"
    assert lint_text(tmp_path, text, "info") == ["2:12 info: no job uses the channel c -> name it in a `notify:`"]


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


def test_the_advice_for_the_results_of_a_map_allows_all_objects_that_it_writes(tmp_path: Path) -> None:
    steps = """
        QueryLanguage: JSONata
        StartAt: M
        States:
          M:
            Type: Map
            ItemProcessor:
              ProcessorConfig: {Mode: DISTRIBUTED, ExecutionType: STANDARD}
              StartAt: A
              States: {A: {Type: Pass, End: true}}
            ResultWriter:
              Resource: arn:aws:states:::s3:putObject
              Arguments: {Bucket: out, Prefix: results}
            End: true
    """
    found = lint_sections(tmp_path, WORKFLOW, steps_yaml=steps)
    assert any(each.endswith('"s3:PutObject","resources":"arn:aws:s3:::out/results/*"}]') for each in found), found
    actions = ("PutObject", "GetObject", "ListMultipartUploadParts", "AbortMultipartUpload")
    allowed = "permissions: [" + ", ".join(
        f"{{actions: 's3:{each}', resources: 'arn:aws:s3:::out/results/*'}}" for each in actions
    )
    with_permissions = WORKFLOW.replace("    deadline: 1h\n", f"    deadline: 1h\n    {allowed}]\n")
    assert lint_sections(tmp_path, with_permissions, steps_yaml=steps) == []


def test_a_workflow_without_a_deadline_can_hang_forever(tmp_path: Path) -> None:
    steps = "StartAt: A\nStates: {A: {Type: Task, Job: a, End: true}}"
    assert lint_sections(tmp_path, WORKFLOW.replace("    deadline: 1h\n", ""), steps_yaml=steps) == [
        "4:3 warning: w: a run that hangs is never stopped -> add `deadline:`, such as deadline: 6h"
    ]
    assert lint_sections(tmp_path, WORKFLOW, steps_yaml=steps) == []


def test_a_call_of_a_workflow_that_its_role_denies_is_reported_with_the_missing_permission(tmp_path: Path) -> None:
    sends = '{"actions":"sqs:SendMessage","resources":"arn:aws:sqs:eu-west-1:123456789012:q"}'
    invokes = '{"actions":"lambda:InvokeFunction","resources":"arn:aws:lambda:us-east-1:123456789012:function:f"}'
    assert lint_sections(tmp_path, WORKFLOW, steps_yaml=CALLS) == [
        f"5:5 error: w: the role does not allow lambda:InvokeFunction -> add permissions: [{invokes}]",
        f"5:5 error: w: the role does not allow sqs:SendMessage -> add permissions: [{sends}]",
    ]
    fixed = f"{WORKFLOW}    permissions: [{sends}, {invokes}]\n"
    assert lint_sections(tmp_path, fixed, steps_yaml=CALLS) == []


def test_a_call_whose_target_is_known_only_at_run_time_needs_any_permission_for_its_action(tmp_path: Path) -> None:
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
    assert lint_sections(tmp_path, WORKFLOW, steps_yaml=steps) == [
        f"5:5 error: w: the role does not allow s3:PutObject -> add permissions: [{needs}]"
    ]
    fixed = f"{WORKFLOW}    permissions: {{actions: s3:Put*, resources: 'arn:aws:s3:::reports/*'}}\n"
    assert lint_sections(tmp_path, fixed, steps_yaml=steps) == []


def test_a_role_policy_that_is_too_long_for_iam_is_an_error(tmp_path: Path) -> None:
    names = [f"job-with-a-long-name-{at}" for at in range(60)]
    jobs = "".join(f"  {name}: {{image: x, timeout: 1m}}\n" for name in names)
    states = [f"  S{at}: {{Type: Task, Job: {name}, Next: S{at + 1}}}\n" for at, name in enumerate(names)]
    steps = "StartAt: S0\nStates:\n" + "".join(states) + "  S60: {Type: Succeed}\n"
    (problem,) = lint_sections(tmp_path, WORKFLOW + jobs, steps_yaml=steps)
    assert "and IAM allows 10240 -> split the workflow in two, or use your own role" in problem


@pytest.mark.parametrize("name", FILES)
def test_findings_of_every_file_have_advice_and_are_sorted(tmp_path: Path, name: str) -> None:
    problems = lint_job_file(load_matrix_file(tmp_path, name))
    assert all(each.message and each.advice for each in problems)
    assert problems == sorted(problems, key=lambda each: (each.position, each.message))


def test_jobs_for_which_a_stack_has_no_room_go_into_nested_stacks_and_are_no_error(tmp_path: Path) -> None:
    jobs = "\n".join(f"  job-{number}: {{image: x, timeout: 1h, schedule: rate(1 day)}}" for number in range(160))
    assert [each for each in lint_text(tmp_path, f"project: p\njobs:\n{jobs}", "error") if "resources" in each] == []


def test_more_workflows_than_a_stack_has_room_for_are_an_error(tmp_path: Path) -> None:
    flow = "StartAt: A\nStates: {A: {Type: Task, Job: a, End: true}}"
    jobs = "\n".join(
        f"  flow-{number}: {{workflow: steps.yaml, deadline: 1h, schedule: rate(1 day)}}" for number in range(170)
    )
    text = f"project: p\njobs:\n  a: {{image: x, timeout: 1h}}\n{jobs}\n"
    findings = [each for each in lint_text(tmp_path, text, "error", steps_yaml=flow) if "resources" in each]
    assert [each.partition(":")[0] for each in findings] == ["2"]
    assert findings[0].endswith("and AWS allows 500 -> split the project in two")


@pytest.mark.parametrize("count", [MAX_LISTED_JOBS, MAX_LISTED_JOBS + 1, 500])
def test_the_policies_that_jobs_share_fit_with_the_longest_names(tmp_path: Path, count: int) -> None:
    channels = [f"{'c' * 28}{at:02}" for at in range(5)]
    told = f"[{', '.join(channels)}]"
    alerts = f"{{caught: {told}, did-not-start: {told}, recovered: {told}}}"
    jobs = "".join(f"  {'j' * 25}{at:03}: {{image: x, notify: {alerts}}}\n" for at in range(count))
    addresses = "".join(f"  {each}: {{email: ops@example.com}}\n" for each in channels)
    text = f"project: {'p' * 20}\nchannels:\n{addresses}jobs:\n{jobs}"
    stack = ResolvedStack(build_template(load_job_text(tmp_path, text).project), {})
    roles = [title for title, each in stack.template["Resources"].items() if each["Type"] == "AWS::IAM::Role"]
    longer_region = len("aws-us-gov") + len("ap-southeast-1") - len("aws") - len("us-east-1")
    sizes = [len(dumps(statements)) + longer_region * dumps(statements).count("arn:aws")
             for statements in map(stack.statements, roles)]  # fmt: skip
    assert max(sizes) <= MAX_POLICY_CHARACTERS


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("sns: 'arn:aws:sns:us-east-1:123456789012:{name}'", "the input of AlertCheck"),
        ("email: ops@example.com", "the policy of AlertsRole"),
    ],
)
def test_more_channels_than_aws_lets_a_project_name_are_an_error(tmp_path: Path, address: str, problem: str) -> None:
    names = [f"{'t' * 28}{at}" for at in range(120 if "sns" in address else 60)]
    given = "".join(f"  {name}: {{{address.format(name=name)}}}\n" for name in names)
    text = f"project: {'p' * 20}\nchannels:\n{given}jobs: {{a: {{image: x, timeout: 1h, notify: {names[0]}}}}}\n"
    (finding,) = [each for each in lint_text(tmp_path, text, "error") if "characters" in each]
    assert problem in finding


def test_quotas_of_an_account_that_a_project_reaches_are_warnings(tmp_path: Path) -> None:
    jobs = "\n".join(f"  job-{at}: {{image: x, timeout: 1h, heartbeat: 'https://m.example/{at}'}}" for at in range(60))
    (finding,) = [each for each in lint_text(tmp_path, f"project: p\njobs:\n{jobs}", "warning") if "rules" in each]
    assert finding.startswith("2:1 warning: the stack has 180 rules of EventBridge, and some regions allow 100")


def test_more_jobs_than_addresses_of_the_network_are_a_warning(tmp_path: Path) -> None:
    jobs = "\n".join(f"  job-{at}: {{image: x, timeout: 1h}}" for at in range(247))
    findings = [each for each in lint_text(tmp_path, f"project: p\njobs:\n{jobs}", "warning") if "addresses" in each]
    assert len(findings) == 1


def test_a_manual_stop_that_looks_like_a_timeout_is_reported_for_jobs_with_attempt_alerts(tmp_path: Path) -> None:
    def timeout_findings(job: str) -> list[str]:
        text = f"project: p\nchannels: {{ops: {{email: o@b.c}}}}\njobs: {{a: {{image: x, deadline: 1h, {job}}}}}"
        return [each for each in lint_text(tmp_path, text, "info") if "looks like a timeout" in each]

    (finding,) = timeout_findings("timeout: 1h, notify: {attempt-failed: ops}")
    assert finding.startswith("3:49 info: a: on AWS, stopping a run also sends an alert about its attempt")
    assert timeout_findings("notify: {attempt-failed: ops}") == timeout_findings("timeout: 1h, notify: ops") == []


def test_a_workflow_with_caught_alerts_has_to_be_started_anew_instead_of_redriven(tmp_path: Path) -> None:
    steps = "StartAt: S\nStates: {S: {Type: Task, Job: a, End: true}}"
    text = "project: p\nchannels: {ops: {email: ops@example.com}}\n" + WORKFLOW + "    notify: {caught: ops}\n"
    findings = [each for each in lint_text(tmp_path, text, "info", steps_yaml=steps) if "redrive" in each]
    assert [each.partition(" -> ")[2] for each in findings] == [
        "start a new run (lamplighter run w), or write run-failed instead of caught"
    ]


def test_beside_sidecars_the_finding_suggests_caught_alerts(tmp_path: Path) -> None:
    job = "{image: x, timeout: 1h, sidecars: {s: {image: y}}, notify: {attempt-failed: ops}}"
    text = f"project: p\nchannels: {{ops: {{email: ops@example.com}}}}\njobs: {{a: {job}}}"
    (finding,) = [each for each in lint_text(tmp_path, text, "info") if "sidecars" in each]
    assert "write notify: {caught: CHANNEL}" in finding


PAGER = """channels: {pager: {pagerduty: 'secretsmanager:pager'}, mail: {email: ops@example.com}}
jobs: {a: {image: x, timeout: 1h, notify: NOTIFY}}"""


@pytest.mark.parametrize(
    ("channels", "only"),
    [
        ("ops: {email: ops@example.com}", "ops"),
        ("bell: {command: [ring]}, ops: {sns: 'arn:aws:sns:us-east-1:123456789012:t'}", "ops"),
        ("bell: {command: [ring]}", None),
        ("ops: {email: ops@example.com}, chat: {slack: 'ssm:/slack'}", None),
    ],
)
@pytest.mark.parametrize("target", ["aws", "box", None])
def test_an_only_channel_on_aws_is_a_warning_because_no_other_tells_of_its_loss(
    tmp_path: Path, channels: str, only: str | None, target: DeployTarget | None
) -> None:
    read = load_job_text(tmp_path, f"project: p\nchannels: {{{channels}}}\njobs: {{a: {{image: busybox}}}}\n")
    found = [each for each in lint_job_file(read, target=target) if "no other channel" in each.message]
    expected = [f"on AWS, no other channel can tell you if the channel {only} loses an alert"]
    assert [each.message for each in found] == (expected if only and target == "aws" else [])
    assert {(each.severity, each.advice) for each in found} <= {
        ("warning", "add a channel of another kind, such as mail: {email: ops@example.com}")
    }


@pytest.mark.parametrize(
    ("jobs", "settings", "findings"),
    [(20, "", 0), (21, "", 1), (21, ", window: 10m", 0), (21, ", enabled: false", 0)],
)
def test_more_jobs_at_one_time_than_aws_starts_in_a_second_are_one_info(
    tmp_path: Path, jobs: int, settings: str, findings: int
) -> None:
    times = ("cron(0 3 * * ? *)", "rate(1 hour)")
    lines = [f"  j{at}: {{image: x, schedule: ['{times[0]}', '{times[1]}']{settings}}}" for at in range(jobs)]
    text = "project: p\njobs:\n" + "\n".join([*lines, "  other: {image: x, schedule: 'cron(0 4 * * ? *)'}"])
    found = [each for each in lint_text(tmp_path, text, "info") if "a second" in each]
    what = "21 jobs start at cron(0 3 * * ? *), and AWS starts 20 tasks a second"
    advice = "write window: 10m, in `defaults` or for some of them"
    assert found == [f"3:18 info: {what} -> {advice}"] * findings


PLAIN = "on AWS, everyone who can read the template or describe the API destination can read this address"


@pytest.mark.parametrize(
    ("channel", "is_plain"),
    [
        ("slack: 'https://hooks.slack.com/services/T/B/secret'", True),
        ("teams: 'https://example.webhook.office.com/workflows/1'", True),
        ("discord: 'https://discord.com/api/webhooks/1/secret'", True),
        ("pagerduty: 0123456789abcdef0123456789abcdef", True),
        ("slack: 'secretsmanager:slack'", False),
        ("post: 'https://example.com/alerts'", False),
    ],
)
def test_the_address_of_a_chat_service_in_plain_text_is_a_warning(tmp_path: Path, channel: str, is_plain: bool) -> None:
    text = f"project: p\nchannels: {{c: {{{channel}}}, mail: {{email: a@example.com}}}}\njobs: {{a: {{image: x}}}}\n"
    found = [each for each in lint_text(tmp_path, text, "warning") if PLAIN in each]
    advice = "store it in Secrets Manager and write secretsmanager:NAME"
    assert found == ([f"2:16 warning: {PLAIN} -> {advice}"] if is_plain else [])


@pytest.mark.parametrize(("address", "is_plain"), [("https://hc-ping.com/1", True), ("secretsmanager:check", False)])
def test_the_address_of_a_heartbeat_in_plain_text_is_a_warning(tmp_path: Path, address: str, is_plain: bool) -> None:
    found = [each for each in lint_job(tmp_path, f"heartbeat: {address}") if PLAIN in each]
    assert len(found) == is_plain


def test_incidents_that_nothing_resolves_are_a_warning(tmp_path: Path) -> None:
    (found,) = lint_sections(tmp_path, PAGER.replace("NOTIFY", "pager"))
    assert "nothing resolves the incidents that the channel pager opens -> add recovered: pager" in found
    resolved = PAGER.replace("NOTIFY", "{run-failed: pager, recovered: pager}")
    assert lint_sections(tmp_path, resolved) == []


def test_an_address_in_a_parameter_is_reported_with_its_type(tmp_path: Path) -> None:
    text = "project: p\nchannels: {c: {slack: 'ssm:/slack'}}\njobs: {a: {image: x, timeout: 1h, notify: c}}\n"
    found = lint_text(tmp_path, text, "info")
    assert any("CloudFormation reads this parameter only if its type is String" in each for each in found)
