"""Explain keys of other tools: what a job file says instead of a key of Compose, Kubernetes, cron or GitHub Actions.

Guarantees that the usual keys of those files are not taken for misspellings of a similar key, and that each hint is an
answer to "how do I say this here?". Keys are compared in lower case, with hyphens.
See https://docs.docker.com/reference/compose-file/services/,
https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ and
https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax.
"""

import re
from collections.abc import Iterable, Mapping

_SCHEDULE = "write schedule: cron(0 3 * * ? *), rate(5 minutes) or at(2027-01-01T00:00:00)"
_ORDER = "write a workflow with both jobs as steps (`workflow:`), or `sidecars:` for what runs beside the job"
_ALERTS = "add a channel under `channels:`, and write notify: CHANNEL"
_RETRY = "write retry: {attempts: 3}; a job that ends is started again by its schedule only"
_ENVIRONMENT = "write environment: {NAME: value}"
_DOCKER_NETWORK = "write docker-network: NAME, or host; `network:` has the subnets on AWS"
_PORTS = "a job publishes no ports: others reach it over a `docker-network:`, and it reaches others by itself"
_IMAGE = "write image: ./folder for a folder with a Dockerfile, or the name of an image"
_SIZE = "write cpu: 1 vCPU and memory: 2 GB"
_HEALTH = "write `timeout:` and `retry:`: a job is judged by its exit code"
_INSTALL = "add what the job needs to its image: image: ./folder"
_ALWAYS_ON = "a job ends; keep services that run all the time in Compose or systemd"
_PRIVILEGE = "a job has no more rights than its container: register an own task definition for that (`up --template`)"

JOB_HINTS: Mapping[str, str] = {
    # Compose
    **dict.fromkeys(("build", "dockerfile", "context"), _IMAGE),
    **dict.fromkeys(("depends-on", "needs", "after", "requires", "links"), _ORDER),
    **dict.fromkeys(("ports", "expose"), _PORTS),
    **dict.fromkeys(("restart", "restart-policy"), _RETRY),
    **dict.fromkeys(("networks", "network-mode", "net"), _DOCKER_NETWORK),
    **dict.fromkeys(("cpus", "cpu-shares", "mem-limit", "deploy", "resources", "limits"), _SIZE),
    **dict.fromkeys(("healthcheck", "health-check", "livenessprobe"), _HEALTH),
    **dict.fromkeys(("privileged", "cap-add", "devices", "pid", "ipc", "security-opt"), _PRIVILEGE),
    **dict.fromkeys(("scale", "replicas", "services-mode"), _ALWAYS_ON),
    "add-host": "write extra-hosts: {name: 10.0.0.5}",
    "working-dir": "write working-directory: /path",
    "workdir": "write working-directory: /path",
    "stop-grace-period": "write stop-timeout: 30s",
    "labels": "write tags: {key: value}",
    "logging": "write log-retention: 30; `lamplighter logs JOB` shows the log",
    "log-driver": "write log-retention: 30; `lamplighter logs JOB` shows the log",
    "container-name": "the job is called by its key under `jobs:`",
    "hostname": "the job is called by its key under `jobs:`",
    "name": "the job is called by its key under `jobs:`; text for people is its `description:`",
    "profiles": "write environments: {NAME: {jobs: …}} at the top of the file, and use -e NAME",
    "volume": "write volumes: [./data:/data]",
    "mounts": "write volumes: [./data:/data]",
    "bind": "write volumes: [./data:/data]",
    "tmpfs": "a job may write into its container; its disk is `storage:`",
    "platform": "write architecture: x86_64 or arm64",
    "runtime": "write gpus: all for GPUs; others are settings of Docker itself",
    "services": "write sidecars: {name: {image: …}} for what runs beside the job",
    # cron and systemd
    **dict.fromkeys(("cron", "crontab", "every", "interval", "when", "on", "at", "rate", "oncalendar"), _SCHEDULE),
    **dict.fromkeys(("mailto", "on-failure", "alert", "alerts", "email", "notifications"), _ALERTS),
    "cwd": "write working-directory: /path; without an image, the job runs in the folder of the job file",
    # GitHub Actions and GitLab
    **dict.fromkeys(("env", "vars", "variables", "environment-variables"), _ENVIRONMENT),
    **dict.fromkeys(("run", "script", "cmd", "args", "exec", "execstart"), "write command: one line, or [a, list]"),
    **dict.fromkeys(("steps", "stages", "before-script"), "write workflow: FILE for several steps, or one `command:`"),
    **dict.fromkeys(("uses", "with", "setup", "install"), _INSTALL),
    "runs-on": "write architecture: x86_64 or arm64; the job runs on this machine, or on Fargate",
    "container": _IMAGE,
    "if": "write `overlap:`, or let the command decide and exit with 0",
    "timeout-minutes": "write timeout: 30m",
    "continue-on-error": "write a workflow whose step has a Catch",
    "concurrency": "write overlap: skip, queue or cancel-previous",
    # Kubernetes and others
    "concurrencypolicy": "write overlap: skip (Forbid) or cancel-previous (Replace)",
    "startingdeadlineseconds": "write missed: {within: 1h}",
    "activedeadlineseconds": "write deadline: 1h",
    "backofflimit": "write retry: {attempts: 3}",
    "suspend": "write enabled: false",
    "disabled": "write enabled: false",
    "tz": "write timezone: Europe/Berlin",
    **dict.fromkeys(("retries", "max-retries", "attempts"), "write retry: {attempts: 3}"),
    **dict.fromkeys(("max-runtime", "max-time"), "write timeout: 1h"),
}
"""What to write for keys of other tools in a job."""
TOP_HINTS: Mapping[str, str] = {
    "services": "write jobs: {name: {image: …}}",
    "version": "remove it: the file needs no version",
    "name": "write project: name",
    "volumes": "write `volumes:` in the job that needs them: volumes: [name:/path]",
    "networks": "write docker-network: NAME in the job that joins it",
    "secrets": "write secrets: {NAME: 'ssm:/path'} in the job that needs them",
    "configs": "write `volumes:` or `environment:` in the job that needs them",
    "include": "write one file; environments: {NAME: …} holds what differs",
    "env": "write `environment:` in a job or in `defaults:`; variables: {name: value} are for the file itself",
    "environment": "write `environment:` in a job or in `defaults:`; environments: {prod: …} are for deployments",
    "on": "write `schedule:` in a job",
    "schedule": "write `schedule:` in a job, or in `defaults:`",
    "timezone": "write timezone in `defaults:`",
    "notify": "write notify in `defaults:`",
    "retry": "write retry in `defaults:`",
    **dict.fromkeys(("url", "smtp"), "write box: {url: https://…, smtp: …}"),
    **dict.fromkeys(("account", "region", "bucket"), "write aws: {account: …, region: …, bucket: …}"),
}
"""What to write for keys of other tools at the top of the file."""


def spelled_key(name: str, known: Iterable[str]) -> str | None:
    """Return the known key that a name means if only its spelling differs: env_file, envFile and ENV-FILE."""
    by_letters = {_letters(each): each for each in known}
    return by_letters.get(_letters(name))


def foreign_key_hint(name: str, hints: Mapping[str, str]) -> str | None:
    """Return what to write instead of a key of another tool, or None for other keys."""
    plain = name.lower().replace("_", "-")
    return hints.get(plain, hints.get(plain.replace("-", "")))


def _letters(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())
