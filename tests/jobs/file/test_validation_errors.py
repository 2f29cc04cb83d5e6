"""Every problem of a job file is reported with its place and with advice."""

from pathlib import Path

import pytest

from lamplighter.jobs.file.model import Job, Sidecar
from lamplighter.jobs.file.parsing.foreign_keys import JOB_HINTS, TOP_HINTS
from lamplighter.jobs.file.parsing.outer_shape import FileShape
from tests.jobs.projects import collect_problems, load_job_text

MAPPING = "write `key: value` lines, one further to the right"
TEXT = "write text; put it in quotation marks if it looks like a number"
VOLUME = "write ./folder:/path, /folder:/path:ro, or name:/path for a volume of Docker"
ADDRESS = "write one such as 10.0.0.5, or host-gateway for this machine"
NAME = "use small letters, digits and single hyphens, a letter first"
ARN = "write one such as arn:aws:"
FIFO_QUEUE, FIFO_TOPIC = (f"arn:aws:{service}:us-east-1:123456789012:x.fifo" for service in ("sqs", "sns"))


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["1:1 `jobs` is missing here -> add `jobs:`", "1:1 `project` is missing here -> add `project:`"]),
        ("[]", ["1:1 this is not a job file -> begin with `project: name` and `jobs:`"]),
        ("words", ["1:1 this is not a job file -> begin with `project: name` and `jobs:`"]),
        ("project: p", ["1:1 `jobs` is missing here -> add `jobs:`"]),
        ("project: P\njobs: {a: {command: b}}", [f"1:10 `project`: `P` is not a name -> {NAME}"]),
        ("project: 1\njobs: {a: {command: b}}", [f"1:10 `project`: `1` is not text -> {TEXT}"]),
        ("project: p\njobs: {}", ["2:7 `jobs`: this is empty -> write at least one"]),
        ("project: p\njobs: []", [f"2:7 `jobs`: a list is not a mapping -> {MAPPING}"]),
        ("project: p\njobs: {a: 3}", [f"2:11 `a`: `3` is not a mapping -> {MAPPING}"]),
        ("project: p\njobs: {A_b: {command: b}}", [f"2:8 `A_b` is not a name -> {NAME}"]),
        (
            "project: p\njob: {}\njobs: {a: {command: b}}",
            ["2:1 `job` is not a known key here -> did you mean `jobs`?"],
        ),
        (
            "project: p\nx: {}\njobs: {a: {command: b}}",
            [("2:1 `x` is not a known key here "
             "-> write one of project, target, variables, defaults, box, keep, aws, channels, environments, jobs")],
        ),
        ("project: p\njobs:\n  a: {command: b}\n  a: {}", ["4:3 `a` is set twice here -> keep one of the two"]),
        ("project: p\n? [a]\n: b\njobs: {a: {}}", ["2:3 a key must be text -> write a word here"]),
        ("project: p\ndefaults: 3\njobs: {a: {}}", [f"2:11 `defaults`: `3` is not a mapping -> {MAPPING}"]),
        (
            "project: p\ndefaults: {imag: b}\njobs: {a: {}, c: {}}",
            ["2:12 `imag` is not a known key here -> did you mean `image`?"],
        ),
        (
            "project: p\nvariables: {x: [1]}\njobs: {a: {}}",
            ["2:16 `x`: a list is not a value for a variable -> write text, a number, true or false"],
        ),
        ("project: p\nenvironments: {E: {}}\njobs: {a: {}}", [f"2:16 `E` is not a name -> {NAME}"]),
        (
            "project: p\nenvironments: {e: {job: {}}}\njobs: {a: {}}",
            ["2:20 `job` is not a known key here -> did you mean `jobs`?"],
        ),
        (
            "project: p\nenvironments: {e: {box: {max-task: 3}, keep: {run: 1d}}}\njobs: {a: {command: b}}",
            ["2:26 `max-task` is not a known key here -> did you mean `max-tasks`?",
             "2:47 `run` is not a known key here -> did you mean `runs`?"],
        ),
        (
            "project: p\naws: {account: 1234, region: Ireland, bucket: B}\njobs: {a: {command: b}}",
            ["2:16 `account`: `1234` is not an account of AWS -> write its 12 digits, such as 123456789012",
             "2:30 `region`: `Ireland` is not a region of AWS -> write one such as eu-west-1",
             "2:47 `bucket`: `B` is not a bucket of S3 -> write its name: 3 to 63 small letters, digits, - and ."],
        ),
        (
            "project: p\nregion: eu-west-1\nenvironments: {e: {aws: {regoin: x}}}\njobs: {a: {command: b}}",
            ["2:1 `region` is not a known key here -> write aws: {account: …, region: …, bucket: …}",
             "3:26 `regoin` is not a known key here -> did you mean `region`?"],
        ),
        (
            "project: p\nkeep: {audit: 1h}\njobs: {a: {command: b}}",
            ["2:15 `audit`: the audit log is kept for at least a day -> write 1d or more, such as 400d"],
        ),
        (
            "project: p\nchannels: {c: {}}\njobs: {a: {}}",
            [
                ("2:15 `c`: a channel must have exactly one target "
                "-> write email, slack, teams, discord, pagerduty, post, webhook, sqs, sns or command, and only one")
            ],
        ),
        (
            "project: p\nchannels: {c: {email: x, sqs: y}}\njobs: {a: {}}",
            ["2:23 `email`: `x` is not an email address -> write one such as ops@example.com",
             f"2:31 `sqs`: `y` is not the ARN of a queue -> {ARN}sqs:us-east-1:123456789012:alerts"],
        ),
        (
            f"project: p\nchannels: {{q: {{sqs: '{FIFO_QUEUE}'}}, t: {{sns: '{FIFO_TOPIC}'}}}}\njobs: {{a: {{}}}}",
            [f"2:21 `sqs`: `{FIFO_QUEUE}` is a FIFO queue, and AWS sends no alerts to one -> name a standard queue",
             f"2:76 `sns`: `{FIFO_TOPIC}` is a FIFO topic, and AWS sends no alerts to one -> name a standard topic"],
        ),
        (
            "project: p\nchannels: {c: {webhook: example.com}}\njobs: {a: {}}",
            ["2:25 `webhook`: this is not a URL -> write one such as https://example.com/alerts"],
        ),
        (
            "project: p\nbox: {cpus: 0, memory: big, max-tasks: 0, cores: 2}\njobs: {a: {command: b}}",
            [
                "2:13 `cpus`: `0` is not a number of cores -> write one such as 4 or 0.5",
                "2:24 `memory`: `big` is not a size -> write MiB such as 512, or 2 GB",
                "2:40 `max-tasks`: `0` is less than 1 -> write 1 or more",
                "2:43 `cores` is not a known key here -> write one of cpus, memory, max-tasks, url, smtp",
            ],
        ),
        ("project: p\nchannels: {c: ops}\njobs: {a: {}}", [f"2:15 `c`: `ops` is not a mapping -> {MAPPING}"]),
        (
            f"project: {'p' * 24}\njobs: {{{'j' * 30}: {{}}}}",
            [f"2:8 `{'p' * 24}-{'j' * 30}` is too long for the names that AWS gives -> shorten it by 6 characters"],
        ),
        ("project: p\njobs: {a-b: {}, ab: {}, a-c: {}}", []),
    ],
)  # fmt: skip
def test_a_problem_outside_the_jobs_is_reported_with_its_place_and_advice(
    tmp_path: Path, text: str, problems: list[str]
) -> None:
    if problems:
        assert collect_problems(tmp_path, text) == problems
    else:
        load_job_text(tmp_path, text)


PROBLEMS_BY_KEY: dict[str, list[str]] = {
    "heartbeat: 'https://hc-ping.com'": [
        ("4:16 `heartbeat`: this is not the URL of a check -> write one such as https://hc-ping.com/UUID, "
        "or the secret that holds it: ssm:/path or secretsmanager:name")
    ],
    "image: 3": [f"4:12 `image`: `3` is not text -> {TEXT}"],
    "image: ''": [
        ("4:12 `image`: nothing is not an image "
        "-> write one such as busybox:1.36, or a folder with a Dockerfile: ./report")
    ],
    "command: {a: 1}": [
        "4:14 `command`: a mapping is not a command -> write [python, report.py], or one line of text for the shell"
    ],
    "command: []": [
        "4:14 `command`: a list is not a command -> write [python, report.py], or one line of text for the shell"
    ],
    "working-directory: work": [
        ("4:24 `working-directory`: `work` is not an absolute path "
        "-> write one that begins with /, such as /work")
    ],
    "working_directory: /work": [
        "4:5 `working_directory` is not a known key here -> did you mean `working-directory`?"
    ],
    "stop-timeout: 3m": ["4:19 `stop-timeout`: `3m` is more than 120s -> write 120s or less"],
    "stop-timeout: 30": ["4:19 `stop-timeout`: `30` is not a duration -> write it with its unit: 30s or 30m"],
    "cpu: half": ["4:10 `cpu`: `half` is not a size -> write CPU units such as 256, or 0.5 vCPU"],
    "memory: 0": ["4:13 `memory`: `0` is not a size -> write MiB such as 512, or 2 GB"],
    "storage: 20": ["4:14 `storage`: `20` is less than 21 -> write 21 or more"],
    "storage: big": ["4:14 `storage`: `big` is not a whole number -> write one such as 3"],
    "architecture: x86": ["4:19 `architecture`: `x86` is not allowed here -> write x86_64 or arm64"],
    "launch: ec2": [
        "4:13 `launch`: `ec2` is not allowed here -> write fargate, fargate-spot or fargate-spot-or-fargate"
    ],
    "environment: [a]": [f"4:18 `environment`: a list is not a mapping -> {MAPPING}"],
    "environment: {A=B: x}": ["4:19 `A=B` is not a name of an environment variable -> write one such as LOG_LEVEL"],
    "environment: {A: x}\n    secrets: {A: 'ssm:/a'}": [
        "4:5 `a`: A is set under both environment and secrets -> keep one of the two"
    ],
    "secrets: {A: /a}": [
        ("4:18 `A`: `/a` is not a reference to a secret "
        "-> write ssm:/path, secretsmanager:name, secretsmanager:name:key or an ARN")
    ],
    "input: {lamplighter: 1}": [
        "4:12 `input`: `lamplighter` is the key in which a run receives its scheduled time -> give the key another name"
    ],
    "input: {rows: 1e999}": ["4:19 1e999 is too large -> write a smaller one, or text"],
    "image: .inf": [
        "4:12 .inf is not a JSON number -> write another one, or put it in quotation marks if it is text"
    ],
    "<<: {image: x}": ["4:5 YAML 1.2 has no merge key -> repeat the values, or put them into `defaults:`"],
    "input: [1]": [f"4:12 `input`: a list is not a mapping -> {MAPPING}"],
    "schedule: 0 3 * * 8": [
        "4:15 `schedule`: `8` is not a valid day of the week of Unix cron -> write 0 to 7, or SUN to SAT"
    ],
    "schedule: 0 3 13 * 5": [
        ("4:15 `schedule`: `0 3 13 * 5` names days of the month and days of the week, and AWS's cron has only one of "
        "them -> write one of them, or schedule: ['cron(0 3 13 * ? *)', 'cron(0 3 ? * FRI *)'], with which a day of "
        "both starts two runs")
    ],
    "schedule: [rate(1 hour), often]": [
        ("4:30 `schedule`: `often` is not a schedule "
        "-> write 0 3 * * 1-5, @daily, cron(0 3 * * ? *), rate(5 minutes) or at(2026-12-31T03:00:00)")
    ],
    "schedule: cron(0 3 * * * *)": [
        ("4:15 `schedule`: `cron(0 3 * * * *)` is not a schedule "
        "-> write minute, hour, day, month, day of the week and year, one of the days as ?: cron(0 3 * * ? *)")
    ],
    "schedule: {at: noon}": [f"4:15 `schedule`: a mapping is not text -> {TEXT}"],
    "timezone: Mars": ["4:15 `timezone`: there is no time zone `Mars` -> write a name such as Asia/Seoul or UTC"],
    "window: 90s": ["4:13 `window`: a window must be whole minutes on AWS, not 1m30s -> write 2m"],
    "window: 2d": ["4:13 `window`: `2d` is more than 86400s -> write 86400s or less"],
    "enabled: maybe": ["4:14 `enabled`: `maybe` is neither true nor false -> write true or false"],
    "retry: 3": [f"4:12 `retry`: `3` is not a mapping -> {MAPPING}"],
    "retry: {attempts: -1}": ["4:23 `attempts`: `-1` is less than 0 -> write 0 or more"],
    "retry: {interval: 10s}": ["4:12 `retry`: this does not say how many retries to make -> add `attempts: 1`"],
    "retry: {attempt: 1}": ["4:13 `attempt` is not a known key here -> did you mean `attempts`?"],
    "retry: {attempts: 1, backoff: 0.5}": ["4:35 `backoff`: `0.5` is less than 1 -> write 1 or more"],
    "retry: {attempts: 1, max-interval: 400d}": [
        "4:40 `max-interval`: `400d` is more than 31622400s -> write 31622400s or less"
    ],
    "retry: {infra: {}}": ["4:13 `attempts` is missing here -> add `attempts:`"],
    "retry: {exit: 75}": [
        "4:19 `exit`: `75` does not say how many retries to make -> write {codes: [75], attempts: 2}"
    ],
    "retry: {exit: {codes: [], attempts: 1}}": ["4:27 `codes`: this is empty -> write at least one"],
    "retry: {exit: {codes: [0], attempts: 1}}": [
        "4:28 `codes`: 0 is not an exit code of a failure -> write numbers from 1 to 255"
    ],
    "retry: {exit: [{codes: 3, attempts: 1}, {codes: [4, 3], attempts: 2}]}": [
        "4:12 `retry`: the exit code 3 is listed twice -> list it once, in one of the policies"
    ],
    "timeout: 1 hour": ["4:14 `timeout`: `1 hour` is not a duration -> write it with its unit: 10s, 5m, 1h30m, 2d"],
    "timeout: 0s": ["4:14 `timeout`: `0s` is not between 1 second and 99999999 -> write a duration such as 1h30m"],
    "deadline: 60": ["4:15 `deadline`: `60` is not a duration -> write it with its unit: 60s or 60m"],
    "priority: -1": ["4:15 `priority`: `-1` is less than 0 -> write 0 or more"],
    "priority: 10000": ["4:15 `priority`: `10000` is more than 9999 -> write 9999 or less"],
    "queue-length: 0": ["4:19 `queue-length`: `0` is less than 1 -> write 1 or more"],
    "late: soon": ["4:11 `late`: `soon` is not a duration -> write it with its unit: 10s, 5m, 1h30m, 2d"],
    "overlap: no": ["4:14 `overlap`: `no` is not allowed here -> write allow, skip, queue or cancel-previous"],
    "missed: some": ["4:13 `run`: `some` is not allowed here -> write last, all or none"],
    "missed: {runs: last}": ["4:14 `runs` is not a known key here -> did you mean `run`?"],
    "notify: opps": ["4:13 there is no channel `opps` -> did you mean `ops`?"],
    "notify: {late: nobody}": ["4:20 there is no channel `nobody` -> add `nobody:` under `channels:`"],
    "notify: {failed: ops}": ["4:14 `failed` is not a known key here -> did you mean `run-failed`?"],
    "notify: {caught: [ops, ops]}": ["4:22 `caught`: the channel `ops` is listed twice -> list it once"],
    "notify: 3": [f"4:13 `notify`: `3` is not a mapping -> {MAPPING}"],
    "workflow: steps.yaml": [
        "4:15 there is no file `steps.yaml` -> name a file beside this one, in Amazon States Language"
    ],
    "sidecars: {s: {}}": ["4:16 `image` is missing here -> add `image:`"],
    "sidecars: {s: {image: a b}}": [
        "4:27 `image`: `a b` is not an image -> write one such as busybox:1.36, or a folder with a Dockerfile: ./report"
    ],
    "env-file: here.env": ["4:15 there is no file `here.env` -> create it beside the job file, or remove it here"],
    "env-file: {a: b}": [f"4:15 `env-file`: a mapping is not text -> {TEXT}"],
    "volumes: data": [f"4:14 `volumes`: `data` is not a volume -> {VOLUME}"],
    "volumes: ['./data:data']": [f"4:15 `volumes`: `./data:data` is not a volume -> {VOLUME}"],
    "volumes: ['./data:/data:z']": [
        "4:15 `volumes`: `z` is not a mode of a volume -> write :ro, so that the job may only read, or nothing"
    ],
    "volumes: [{host: data, path: /data}]": [
        ("4:22 `host`: `data` is not a folder of this machine "
         "-> write an absolute path, or one that begins with ./ or ../")
    ],
    "volumes: [{path: /data}]": [
        "4:15 `volumes`: the volume has no place -> add `host: ./folder`, `volume: name`, or on AWS `efs: fs-…`"
    ],
    "volumes: [{host: ., volume: v, path: /data}]": [
        "4:15 `volumes`: a volume has one place on this machine, not both `host` and `volume` -> keep one"
    ],
    "volumes: [{host: ., path: /data, root: /r}]": [
        "4:15 `volumes`: `root` and `access-point` belong to a file system of EFS -> add `efs: fs-…`"
    ],
    "volumes: [{efs: fs-01234567, path: /data, root: /r, access-point: fsap-01234567}]": [
        "4:15 `volumes`: an access point has its own root folder -> remove `root` or `access-point`"
    ],
    "volumes: [{efs: shared, path: /data}]": [
        "4:21 `efs`: `shared` is not a file system of EFS -> write its id, such as fs-0123456789abcdef0"
    ],
    "volumes: ['.:/a', '/b:/a/']": ["4:5 `a`: two volumes are at /a/ -> give each its own path"],
    "docker-network: 'container:x'": [
        "4:21 `docker-network`: `container:x` is not a network of Docker -> write its name, or host, or none"
    ],
    "extra-hosts: ['db']": [f"4:18 `db`: nothing is not an IP address -> {ADDRESS}"],
    "extra-hosts: {db: here}": [f"4:23 `db`: `here` is not an IP address -> {ADDRESS}"],
    "gpus: none": ["4:11 `gpus`: `none` is not a number of GPUs -> write one such as 1, or all"],
    "sidecars: {main: {image: x}}": [
        "4:15 `sidecars`: `main` is the job's own container -> give the sidecar another name"
    ],
    "tags: {'aws:x': y}": [
        "4:12 `aws:x` is not a key of a tag -> write letters, digits, spaces and _.:/=+-@"
    ],
    "network: {}": ["4:5 `subnets` is missing here -> add `subnets:`"],
    "network: {subnets: []}": ["4:24 `subnets`: this is empty -> write at least one"],
    "network: {subnets: a, security-groups: [a, b, c, d, e, f]}": [
        "4:44 `security-groups`: this has 6 items -> write 5 at most"
    ],
    "network: {subnets: a, public-ip: ENABLED}": [
        "4:38 `public-ip`: `ENABLED` is neither true nor false -> write true or false"
    ],
    "cluster: a b": [
        ("4:14 `cluster`: `a b` is not a cluster "
        "-> write a name, or an ARN such as arn:aws:ecs:us-east-1:123456789012:cluster/mine")
    ],
    "roles: {execution: me}": [
        f"4:24 `execution`: `me` is not the ARN of a role -> {ARN}iam::123456789012:role/mine"
    ],
    "permissions: {action: s3:GetObject, resources: '*'}": [
        "4:5 `actions` is missing here -> add `actions:`",
        "4:19 `action` is not a known key here -> did you mean `actions`?",
    ],
    "permissions: {actions: [GetObject, s3:Get*, '*'], resources: ['*', reports]}": [
        "4:29 `actions`: `GetObject` is not an IAM action -> write one such as s3:GetObject, or *",
        ("4:72 `resources`: `reports` is not the ARN of a resource "
         "-> write one such as arn:aws:s3:::reports/*, or *"),
    ],
    "log-retention: 31": ["4:20 `log-retention`: CloudWatch Logs cannot keep a log for 31 days -> write 60"],
    "description: [x]": [f"4:18 `description`: a list is not text -> {TEXT}"],
}  # fmt: skip


@pytest.mark.parametrize("key", PROBLEMS_BY_KEY)
def test_a_problem_of_a_job_is_reported_with_its_place_and_advice(tmp_path: Path, key: str) -> None:
    text = f"project: p\njobs:\n  a:\n    {key}\nchannels: {{ops: {{email: ops@example.com}}}}\n"
    assert collect_problems(tmp_path, text) == PROBLEMS_BY_KEY[key]


def test_every_key_of_a_job_has_a_problem_among_these_tests() -> None:
    names = {key.partition(":")[0] for key in PROBLEMS_BY_KEY} | {"user", "entrypoint"}  # the same kinds as others
    assert {name.replace("_", "-") for name in Job.model_fields} <= names


def test_a_time_zone_that_does_not_exist_has_a_suggestion(tmp_path: Path) -> None:
    (problem,) = collect_problems(tmp_path, "project: p\njobs: {a: {command: ls, timezone: Europe/Berln}}")
    assert problem.endswith("there is no time zone `Europe/Berln` -> did you mean `Europe/Berlin`?")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("cron(61 3 * * ? *)", "`61` is not a valid minute in `cron(61 3 * * ? *)` -> write 0 to 59"),
        ("cron(0 24 * * ? *)", "`24` is not a valid hour in `cron(0 24 * * ? *)` -> write 0 to 23"),
        ("cron(0 3 * 13 ? *)", "`13` is not a valid month in `cron(0 3 * 13 ? *)` -> write 1 to 12, or JAN to DEC"),
        ("cron(0 3 * * ? 1969)", "`1969` is not a valid year in `cron(0 3 * * ? 1969)` -> write 1970 to 2199, or *"),
    ],
)
def test_an_invalid_field_of_a_schedule_is_named(tmp_path: Path, expression: str, message: str) -> None:
    (problem,) = collect_problems(tmp_path, f"project: p\njobs: {{a: {{image: x, schedule: '{expression}'}}}}")
    assert problem.endswith(message)


@pytest.mark.parametrize(
    ("key", "advice"),
    [
        ("env_file: .env", "did you mean `env-file`?"),
        ("envFile: .env", "did you mean `env-file`?"),
        ("extra_hosts: []", "did you mean `extra-hosts`?"),
        ("working_dir: /x", "write working-directory: /path"),
        ("depends_on: [b]", "write a workflow with both jobs as steps"),
        ("ports: ['80:80']", "a job publishes no ports"),
        ("restart: always", "write retry: {attempts: 3}"),
        ("build: ./x", "write image: ./folder"),
        ("networks: [n]", "write docker-network: NAME"),
        ("network_mode: host", "write docker-network: NAME, or host"),
        ("mem_limit: 1g", "write cpu: 1 vCPU and memory: 2 GB"),
        ("container_name: x", "the job is called by its key under `jobs:`"),
        ("cron: 0 3 * * *", "write schedule: cron(0 3 * * ? *)"),
        ("MAILTO: a@b", "add a channel under `channels:`"),
        ("env: {A: b}", "write environment: {NAME: value}"),
        ("run: ls", "write command: one line"),
        ("needs: b", "write a workflow with both jobs as steps"),
        ("runs-on: ubuntu", "write architecture: x86_64 or arm64"),
        ("timeout-minutes: 5", "write timeout: 30m"),
        ("concurrencyPolicy: Forbid", "write overlap: skip (Forbid)"),
        ("timeZone: UTC", "did you mean `timezone`?"),
        ("volume: x", "write volumes: [./data:/data]"),
    ],
)
def test_a_key_of_another_tool_is_answered_with_what_to_write_here(tmp_path: Path, key: str, advice: str) -> None:
    (problem,) = collect_problems(tmp_path, f"project: p\njobs:\n  a:\n    image: x\n    {key}\n")
    assert problem.partition(" -> ")[2].startswith(advice)


@pytest.mark.parametrize(
    ("key", "advice"),
    [
        ("version: '3'", "remove it: the file needs no version"),
        ("services: {}", "write jobs: {name: {image: …}}"),
        ("networks: {}", "write docker-network: NAME in the job that joins it"),
        ("volumes: {}", "write `volumes:` in the job that needs them: volumes: [name:/path]"),
        ("on: push", "write `schedule:` in a job"),
    ],
)
def test_a_top_key_of_another_tool_is_answered_with_what_to_write_here(tmp_path: Path, key: str, advice: str) -> None:
    (problem,) = collect_problems(tmp_path, f"project: p\n{key}\njobs: {{a: {{image: x}}}}\n")
    assert problem.partition(" -> ")[2] == advice


def test_no_hint_is_for_a_key_that_a_job_file_has() -> None:
    known = {name.replace("_", "-") for name in Job.model_fields} | {
        name.replace("_", "-") for name in Sidecar.model_fields
    }
    assert known & JOB_HINTS.keys() == set()
    assert FileShape.model_fields.keys() & TOP_HINTS.keys() == set()


def test_two_images_with_one_parameter_are_reported(tmp_path: Path) -> None:
    jobs = "a: {image: x, sidecars: {b: {image: ./b}}}, a-sidecar-b: {image: ./c}"
    (problem,) = collect_problems(tmp_path, f"project: p\njobs: {{{jobs}}}")
    assert "the images of `a-sidecar-b` and `a/b` would both be called ASidecarBImage -> rename one of them" in problem


def test_a_key_without_a_similar_known_key_gets_no_suggestion(tmp_path: Path) -> None:
    (problem,) = collect_problems(tmp_path, "project: p\njobs: {a: {image: x, sleeps: 3}}")
    assert "did you mean" not in problem


def test_a_vertical_bar_in_a_value_is_part_of_the_value(tmp_path: Path) -> None:
    (problem,) = collect_problems(tmp_path, "project: p\njobs: {a: {image: x, timeout: '5|m'}}")
    assert problem.endswith("`timeout`: `5|m` is not a duration -> write it with its unit: 10s, 5m, 1h30m, 2d")


@pytest.mark.parametrize(
    ("channel", "problem"),
    [
        ("slack: 'http://hooks.slack.com/x'", "this is not the URL of a webhook"),
        ("teams: here", "this is not the URL of a webhook"),
        ("pagerduty: short", "this is not a routing key of PagerDuty"),
    ],
)
def test_an_address_of_a_chat_service_must_be_a_url_a_key_or_a_secret(
    tmp_path: Path, channel: str, problem: str
) -> None:
    text = f"project: p\nchannels: {{c: {{{channel}}}}}\njobs: {{a: {{image: x}}}}\n"
    (found,) = collect_problems(tmp_path, text)
    assert problem in found
    assert "the secret that holds it: ssm:/path or secretsmanager:name" in found
