"""Job files that together say everything that a job file can say; each by what it is there for."""

from pathlib import Path

from lamplighter.jobs.file import Loaded
from tests.jobs.projects import written

CHANNELS = """
channels:
  mail: {email: ops@example.com}
  hook: {webhook: 'https://example.com/alerts'}
  plain-hook: {webhook: 'http://example.com/alerts'}
  queue: {sqs: 'arn:aws:sqs:us-east-1:123456789012:alerts'}
  topic: {sns: 'arn:aws:sns:us-east-1:123456789012:alerts'}
  bell: {command: [notify-send, it failed]}
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
    "the article's": """
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
    "every key of a job": f"""
project: everything
{CHANNELS}
jobs:
  all:
    description: Says everything.
    image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/team/report:1
    command: python report.py --all
    entrypoint: [/bin/tini, --]
    working-directory: /work
    user: "1000:1000"
    stop-timeout: 2m
    cpu: 1 vCPU
    memory: 2 GB
    storage: 100
    architecture: arm64
    launch: fargate-spot
    environment: {{A: one, B: 2, C: true}}
    secrets:
      PARAMETER: ssm:/reports/a
      SECRET: secretsmanager:reports/b
      KEY: secretsmanager:reports/b:password
      LONG: arn:aws:secretsmanager:us-east-1:123456789012:secret:reports/c-a1b2c3
      PATH_OF_PARAMETER: arn:aws:ssm:us-east-1:123456789012:parameter/reports/d
    input: {{day: monday, rows: [1, 2]}}
    schedule: ['cron(0 3 * * ? *)', rate(2 days), 'at(2026-12-31T03:00:00)']
    timezone: Europe/Berlin
    window: 15m
    enabled: true
    retry:
      attempts: 1
      interval: 10s
      backoff: 1.5
      jitter: true
      max-interval: 5m
      infra: {{attempts: 5, interval: 30s, backoff: 2, jitter: true, max-interval: 10m}}
      spot: {{attempts: 3}}
      start-failure: {{attempts: 1}}
      timeout: {{attempts: 1}}
      exit: [{{codes: [75, 76], attempts: 2}}, {{codes: [99], attempts: 0}}]
    timeout: 1h
    deadline: 6h
    late: 3h
    overlap: queue
    missed: {{run: all, within: 12h}}
    notify:
      attempt-failed: [mail, bell]
      run-failed: [hook, topic]
      caught: [mail, queue, topic]
      did-not-start: plain-hook
      late: [topic, mail]
    sidecars:
      proxy:
        image: envoyproxy/envoy
        command: [envoy, -c, /etc/envoy.yaml]
        entrypoint: [/bin/sh]
        environment: {{LEVEL: info}}
        secrets: {{TOKEN: 'ssm:/proxy/token'}}
        essential: true
        cpu: 128
        memory: 256
    tags: {{team: data, cost-centre: 7}}
    network: {{subnets: [subnet-0a1b2c3d], security-groups: [sg-0a1b2c3d], public-ip: false}}
    cluster: theirs
    permissions:
      - {{actions: ['s3:GetObject'], resources: ['arn:aws:s3:::reports/*']}}
    log-retention: 90
""",
    "roles of one's own": """
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
  any: {{overlap: allow}}
  skip: {{overlap: skip, notify: mail}}
  wait: {{overlap: queue, notify: {{caught: hook}}}}
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
WORKFLOWS = {
    "steps_yaml": STEPS,
    "jsonata_yaml": "QueryLanguage: JSONata\n"
    + STEPS.replace("ItemsPath: $.Containers", "Items: '{% $states.input.Containers %}'"),
}


def loaded(folder: Path, name: str) -> Loaded:
    """One of the files, read."""
    return written(folder, FILES[name], ENVIRONMENTS.get(name), **WORKFLOWS)
