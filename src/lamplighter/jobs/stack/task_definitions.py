"""Build a job's task definition and log group.

Guarantees values that Fargate accepts. Settings that only this engine understands are metadata, which AWS keeps and
ignores (`base/aws/task_definition_metadata.py`). `Process` marks a job without an image, which runs as a plain process
in the folder of the job file. `Build` names the folder from which the image in the parameter is built. A replaced
revision is retained: current runs and redriven runs use their own revision, and ECS runs no revision that is
deregistered (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterTaskDefinition.html). A log group
outlives its job, and a new job of the same name continues it.
"""

from collections.abc import Iterator

from lamplighter.base.aws import fargate
from lamplighter.base.aws.task_definition_metadata import NO_IMAGE
from lamplighter.base.engine_rules import OVERLAP_TAG, PRIORITY_TAG
from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Job, Project, Sidecar
from lamplighter.jobs.iam.secret_grants import parse_grant
from lamplighter.jobs.machine.platform import Platform
from lamplighter.jobs.stack import arns, volumes
from lamplighter.jobs.stack.built_images import built_images
from lamplighter.jobs.stack.intrinsic_functions import ref
from lamplighter.jobs.stack.resources import Resource, properties, tag_list
from lamplighter.runs.jobs import job_machine

READY_SECONDS = 120
"""Seconds within which a sidecar must be ready: the most that Fargate allows as startTimeout."""


def parameters(project: Project) -> dict[str, Json]:
    """Return the parameters for images that are built from folders."""
    return {
        each.parameter: properties(Type="String", Description=f"The image that {each.folder} was built into")
        for each in built_images(project)
    }


def task_definition_resources(project: Project, name: str, platform: Platform, steps: set[str]) -> Iterator[Resource]:
    """Yield a job's log group and its task definition; `steps` are the jobs that workflows run."""
    job = project.jobs[name]
    yield Resource(
        f"{names.logical_id(name)}Log",
        "AWS::Logs::LogGroup",
        properties(LogGroupName=arns.log_group_name(project, name), RetentionInDays=job.log_retention),
        job=name,
        engine_metadata={"Adopt": True},
        update_replace_policy="Retain",
        deletion_policy="Retain",
    )
    yield Resource(
        names.task_definition_id(name),
        "AWS::ECS::TaskDefinition",
        _task_properties(project, name, platform, steps),
        job=name,
        engine_metadata=_engine_metadata(project, job),
        update_replace_policy="Retain",
        deletion_policy="Delete",
    )


def _task_properties(project: Project, name: str, platform: Platform, steps: set[str]) -> dict[str, Json]:
    job = project.jobs[name]
    # A task may have any size here (`_engine_metadata`); AWS would refuse the whole stack for it.
    cpu, memory = fargate.nearest_size(job.cpu, job.memory)
    tags = _engine_tags(job, alone=name not in steps) if platform == "here" else {}
    return properties(
        Family=project.name(name),
        RequiresCompatibilities=["FARGATE"],
        NetworkMode="awsvpc",
        Cpu=str(cpu),
        Memory=str(memory),
        RuntimePlatform=properties(CpuArchitecture=job.architecture.upper(), OperatingSystemFamily="LINUX"),
        ExecutionRoleArn=arns.execution_role_arn(project, name),
        TaskRoleArn=arns.task_role_arn(project, name),
        ContainerDefinitions=[
            _main_container(project, name),
            *(_sidecar_container(project, name, title) for title in job.sidecars),
        ],
        Tags=tag_list({**names.job_tags(project.prefix, name, job.tags), **tags}),
        EphemeralStorage=None if job.storage is None else properties(SizeInGiB=job.storage),
        Volumes=volumes.task_volumes(project, job) or None,
    )


def _engine_tags(job: Job, *, alone: bool) -> dict[str, str]:
    """Return the tags by which this engine admits the job's tasks (`services/ecs/tasks/admission.py`).

    Tasks of workflows may run side by side, so a job that is a step has no tag for its overlap.
    """
    return {
        **({PRIORITY_TAG: str(job.priority)} if job.priority else {}),
        **({OVERLAP_TAG: job.overlap} if alone and job.overlap != "allow" else {}),
    }


def _engine_metadata(project: Project, job: Job) -> Json:
    has_size = fargate.has_size(job.cpu, job.memory)
    size = {} if has_size else {"Cpu": str(job.cpu), "Memory": str(job.memory)}
    if job.image is None:
        # A default that nobody chose must not kill a process that ran under cron before.
        unlimited = {} if "memory" in job.model_fields_set else {"Unlimited": True}
        return {"Process": True, "Directory": ".", **unlimited, **size}
    given: dict[str, Json] = {
        "Build": job.image if job.builds_image else None,
        "Volumes": volumes.engine_volumes(project, job),
        "Network": job.docker_network,
        "ExtraHosts": [{"Hostname": name, "IpAddress": address} for name, address in job.extra_hosts.items()],
        "Gpus": None if job.gpus is None else str(job.gpus),
        **size,
    }
    return {name: value for name, value in given.items() if value}


def _main_container(project: Project, name: str) -> Json:
    job = project.jobs[name]
    return properties(
        Name=job_machine.MAIN_CONTAINER,
        Image=ref(names.image_parameter(name)) if job.builds_image else job.image or NO_IMAGE,
        Essential=True,
        **_common_properties(project, name, job),
        WorkingDirectory=_escape(job.working_directory),
        User=_escape(job.user),
        StopTimeout=job.stop_timeout,
        DependsOn=[
            properties(ContainerName=title, Condition="HEALTHY")
            for title, sidecar in job.sidecars.items()
            if sidecar.ready
        ]
        or None,
    )


def _sidecar_container(project: Project, name: str, title: str) -> Json:
    sidecar = project.jobs[name].sidecars[title]
    return properties(
        Name=title,
        Image=ref(names.image_parameter(name, title)) if sidecar.builds_image else sidecar.image,
        Essential=sidecar.essential,
        **_common_properties(project, name, sidecar),
        Cpu=sidecar.cpu,
        Memory=sidecar.memory,
        **_readiness(sidecar.ready),
    )


def _readiness(command: tuple[str, ...] | None) -> dict[str, Json]:
    """Return the properties of a sidecar for which the job's own container waits."""
    if command is None:
        return {}
    check = properties(Command=["CMD", *_escape(command)], Interval=5, Timeout=5, Retries=3)
    return {"HealthCheck": check, "StartTimeout": READY_SECONDS}


def _common_properties(project: Project, name: str, container: Job | Sidecar) -> dict[str, Json]:
    """Return the properties that the job's own container and its sidecars have in common."""
    environment = [properties(Name=key, Value=_escape(value)) for key, value in container.environment.items()]
    secrets = [
        properties(Name=key, ValueFrom=arns.sub_if_needed(parse_grant(where).value))
        for key, where in container.secrets.items()
    ]
    return properties(
        MountPoints=volumes.mount_points(project, project.jobs[name], container.volumes) or None,
        LogConfiguration=_log_configuration(name),
        Environment=environment or None,
        Secrets=secrets or None,
        Command=_escape(container.command),
        EntryPoint=_escape(container.entrypoint),
    )


def _log_configuration(name: str) -> Json:
    # Since June 2025 awslogs is non-blocking by default, and then loses lines when its buffer is full. The last lines
    # of a batch job explain its failure, so the job waits for its log. A job that must not wait can log somewhere else.
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html
    options = {
        "mode": "blocking",
        "awslogs-group": ref(f"{names.logical_id(name)}Log"),
        "awslogs-region": ref("AWS::Region"),
        "awslogs-stream-prefix": name,
    }
    return properties(LogDriver="awslogs", Options=options)


def _escape(value: tuple[str, ...] | str | None) -> Json:
    """Return a value of the job file with texts that CloudFormation does not change."""
    if isinstance(value, tuple):
        return [arns.escape_literal(each) for each in value]
    return None if value is None else arns.escape_literal(value)
