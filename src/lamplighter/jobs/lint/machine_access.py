"""Report which parts of the machine a job cannot reach: on AWS, as a plain process, and on this machine right now.

Guarantees that a job whose folders, network, host names or GPUs exist on one side only is reported, with what to write
for the other side. A missing folder of this machine is reported before a run fails because of it.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lamplighter.jobs.file.model import Job, Project, Sidecar
from lamplighter.jobs.lint.aws_limits import LintFinding

IGNORED_BY_PROCESSES: Mapping[str, str] = {
    "volumes": "a plain process sees the folders of this machine as they are, so `volumes` has no effect",
    "docker-network": "a plain process has the network of this machine, so `docker-network` has no effect",
    "extra-hosts": "a plain process has the hosts file of this machine, so `extra-hosts` has no effect",
    "gpus": "a plain process sees all GPUs of this machine, so `gpus` has no effect",
}
"""The keys that need Docker, and why a plain process ignores them."""


def machine_findings(job: Job) -> Iterator[LintFinding]:
    """Yield what a job does not reach on this machine, although its keys name it."""
    if job.image is None:
        for key, what in IGNORED_BY_PROCESSES.items():
            if getattr(job, key.replace("-", "_")):
                yield "warning", key, what, "remove it, or add `image:`"
        return
    for key, each in ((key, each) for key, container in _containers(job) for each in container.volumes):
        if each.host is None and each.volume is None:
            what = f"on this machine {each.efs} is a volume of Docker with this name"
            yield "info", key, what, f"name a folder, too: {{host: ./folder, efs: {each.efs}, path: {each.path}}}"


def aws_findings(job: Job) -> Iterator[LintFinding]:
    """Yield what a job with an image does not reach on AWS."""
    if job.image is None:
        return
    for key, container in _containers(job):
        yield from _volume_findings(key, container)
    yield from _file_system_findings(job)
    if job.docker_network is not None:
        what = "AWS has no networks of Docker, so `docker-network` has no effect there"
        yield "warning", "docker-network", what, "write `network:` with subnets of the VPC that the job needs on AWS"
    if job.extra_hosts:
        what = f"Fargate tasks have no extra hosts: on AWS the job does not know {', '.join(job.extra_hosts)}"
        yield "warning", "extra-hosts", what, "add records to a private hosted zone of Route 53 for AWS"
    if job.gpus is not None:
        what = "Fargate has no GPUs: on AWS the job runs without one"
        yield "warning", "gpus", what, "on AWS, run the job with AWS Batch, or with ECS on EC2"


def _containers(job: Job) -> Iterator[tuple[str, Job | Sidecar]]:
    """Yield the job and its sidecars, each with the key under which its volumes are."""
    yield "volumes", job
    yield from (("sidecars", each) for each in job.sidecars.values())


def _volume_findings(key: str, container: Job | Sidecar) -> Iterator[LintFinding]:
    local = [each for each in container.volumes if each.efs is None]
    if local:
        first, places = local[0], ", ".join(each.host or each.volume or "" for each in local)
        kind = f"host: {first.host}" if first.host else f"volume: {first.volume}"
        what = f"AWS refuses the job, because Fargate cannot mount {places}"
        yield "warning", key, what, f"name a file system for AWS, too: {{{kind}, efs: fs-…, path: {first.path}}}"


def _file_system_findings(job: Job) -> Iterator[LintFinding]:
    """Yield what AWS requires for file systems and a template cannot know."""
    for file_system in dict.fromkeys(each.efs for each in job.all_volumes if each.efs is not None):
        what = f"on AWS, tasks reach {file_system} only from its VPC, and if its security group allows port 2049"
        yield "info", "volumes", what, "write `network:` with subnets of that VPC, and allow TCP 2049 from the tasks"
        if job.roles.task is not None:
            what = f"the role of roles.task must allow elasticfilesystem:ClientMount on {file_system}"
            yield "info", "roles", what, "allow it, and elasticfilesystem:ClientWrite if the job writes"


@dataclass(frozen=True, slots=True)
class MissingFolder:
    """A folder that a job mounts and that this machine does not have."""

    job: str
    folder: Path

    @property
    def problem(self) -> str:
        """The problem, in words."""
        return f"the folder {self.folder} does not exist"

    @property
    def advice(self) -> str:
        """What to do."""
        return f"create it: mkdir -p {self.folder}"


def missing_folders(project: Project, base: Path) -> Iterator[MissingFolder]:
    """Yield each missing folder of the jobs with an image; relative ones begin in the folder `base`."""
    for name, job in project.jobs.items():
        if job.image is None:
            continue
        hosts = (each.host for each in job.all_volumes if each.host is not None)
        folders = dict.fromkeys(os.path.normpath(base / each) for each in hosts)
        yield from (MissingFolder(name, Path(each)) for each in folders if not os.path.exists(each))
