"""Job files that together use every feature of a job file, by what each is for."""

from pathlib import Path

from lamplighter.jobs.file.load import LoadedJobFile
from tests.jobs.projects import load_job_text

EXAMPLES = Path(__file__).parents[2] / "examples"
CHANNELS = """
channels:
  mail: {email: ops@example.com}
  hook: {webhook: 'https://example.com/alerts'}
  plain-hook: {webhook: 'http://example.com/alerts'}
  queue: {sqs: 'arn:aws:sqs:us-east-1:123456789012:alerts'}
  topic: {sns: 'arn:aws:sns:us-east-1:123456789012:alerts'}
  bell: {command: [notify-send, it failed]}
  slack: {slack: 'secretsmanager:alerts:slack'}
  teams: {teams: 'https://example.webhook.office.com/workflows/1?sig=2'}
  discord: {discord: 'ssm:/alerts/discord'}
  pager: {pagerduty: 'secretsmanager:pagerduty'}
"""
STEPS = """
StartAt: Extract
States:
  Extract: {Type: Task, Job: one, Next: Each}
  Each:
    Type: Map
    ItemsPath: $.Containers
    ItemProcessor:
      ProcessorConfig: {Mode: DISTRIBUTED, ExecutionType: STANDARD}
      StartAt: Two
      States:
        Two: {Type: Task, Job: two, End: true}
    Next: Both
  Both:
    Type: Parallel
    Branches:
      - {StartAt: Left, States: {Left: {Type: Task, Job: one, End: true}}}
      - {StartAt: Right, States: {Right: {Type: Pass, End: true}}}
    End: true
"""
FILES: dict[str, str] = {
    "nothing but a command": "project: p\njobs: {a: {command: ls}}\n",
    "the article's job": """
project: reports
defaults: {timezone: Asia/Seoul, notify: mail}
channels: {mail: {email: ops@example.com}}
jobs:
  nightly-report:
    image: ./report
    command: [python, report.py]
    cpu: 256
    memory: 512
    schedule: cron(0 3 * * ? *)
    retry: {attempts: 1, interval: 10s, backoff: 1}
    timeout: 1h
    deadline: 3h
""",
    "every key of a job": (EXAMPLES / "every-key.yaml").read_text(),
    "what only this machine has": """
project: box
jobs:
  one:
    image: ./one
    env-file: variables.env
    volumes: [./data:/data, '/srv/in:/in:ro', cache:/cache, {efs: fs-0123456789abcdef0, path: /shared}]
    docker-network: backend
    extra-hosts: [db.local:10.0.0.5]
    gpus: all
    sidecars:
      proxy: {image: ./proxy, volumes: [./data:/d:ro, {efs: fs-0123456789abcdef0, path: /s, read-only: true}]}
    timeout: 1h
  two: {command: ls, memory: 300, volumes: ./data:/data, env-file: [variables.env], timeout: 1h}
""",
    "the user's own roles": """
project: own
channels: {ops: {email: ops@example.com}}
jobs:
  one:
    image: busybox
    schedule: rate(1 hour)
    notify: {caught: ops, run-failed: ops}
    cluster: arn:aws:ecs:us-east-1:123456789012:cluster/theirs
    network: {subnets: [subnet-0a1b2c3d]}
    roles:
      execution: arn:aws:iam::123456789012:role/pulls
      task: arn:aws:iam::123456789012:role/works
      machine: arn:aws:iam::123456789012:role/runs
      schedule: arn:aws:iam::123456789012:role/starts
""",
    "overlap": f"""
project: overlap
{CHANNELS}
defaults: {{image: busybox, timeout: 1h, schedule: rate(1 hour)}}
jobs:
  any: {{overlap: allow, heartbeat: 'secretsmanager:check'}}
  skip: {{overlap: skip, notify: mail, heartbeat: 'https://hc-ping.com/a'}}
  wait: {{overlap: queue, notify: {{caught: [hook, slack], run-failed: pager, recovered: [pager, teams]}}}}
  last: {{overlap: cancel-previous, missed: none, late: 30m, notify: {{late: bell}}}}
  off: {{enabled: false, missed: last, notify: mail}}
""",
    "did not start": """
project: starts
channels: {ops: {email: ops@example.com}}
defaults: {image: busybox, timeout: 1m, notify: ops}
jobs:
  minute: {schedule: rate(1 minute)}
  hour: {schedule: rate(1 hour)}
  workdays: {schedule: 'cron(0 3 ? * MON-FRI *)'}
  month: {schedule: 'cron(0 3 1 * ? *)'}
  once: {schedule: 'at(2026-12-31T03:00:00)'}
""",
    "a workflow in JSONPath": f"""
project: steps
{CHANNELS}
jobs:
  one: {{image: busybox}}
  two: {{image: ./two, retry: {{exit: {{codes: [75], attempts: 2}}}}, cluster: theirs, launch: fargate-spot}}
  all:
    workflow: steps.yaml
    schedule: rate(1 day)
    overlap: cancel-previous
    deadline: 6h
    late: 3h
    notify: {{caught: [mail, hook], late: mail, run-failed: queue, did-not-start: mail}}
    permissions: [{{actions: ['s3:GetObject'], resources: ['arn:aws:s3:::in/*']}}]
""",
    "the longest names": f"""
project: {"p" * 9}
environments: {{{"e" * 9}: {{}}}}
channels: {{{"c" * 40}: {{email: ops@example.com}}}}
jobs:
  {"j" * 28}:
    image: ./report
    schedule: [rate(1 hour), rate(2 hours)]
    timeout: 1h
    late: 1h
    notify:
      {{attempt-failed: {"c" * 40}, run-failed: {"c" * 40}, caught: {"c" * 40}, did-not-start: {"c" * 40},
       late: {"c" * 40}}}
""",
}
ENVIRONMENTS = {"the longest names": "e" * 9}
FILES["a workflow in JSONata"] = FILES["a workflow in JSONPath"].replace("steps.yaml", "jsonata.yaml")
OTHER_FILES = {
    "variables_env": (EXAMPLES / "variables.env").read_text(),
    "steps_yaml": STEPS,
    "jsonata_yaml": "QueryLanguage: JSONata\n"
    + STEPS.replace("ItemsPath: $.Containers", "Items: '{% $states.input.Containers %}'"),
}


def load_matrix_file(folder: Path, name: str) -> LoadedJobFile:
    """Load one of the job files."""
    return load_job_text(folder, FILES[name], ENVIRONMENTS.get(name), **OTHER_FILES)
