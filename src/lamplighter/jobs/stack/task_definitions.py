"""Build a job's task definition and log group.

Guarantees values that Fargate accepts. Settings that only this engine understands are metadata, which AWS keeps and
ignores (`base/task_definition_metadata.py`). `Process` marks a job without an image, which runs as a plain process in
the folder of the job file. `Build` names the folder from which the image in the parameter is built. A replaced revision
is retained: current runs and redriven runs use their own revision, and ECS runs no revision that is deregistered
(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterTaskDefinition.html).
"""

from collections.abc import Iterator, Mapping

from troposphere import AWSObject, Parameter, Ref, Tags, ecs, logs

from lamplighter.base import fargate
from lamplighter.base.engine_rules import OVERLAP_TAG, PRIORITY_TAG
from lamplighter.base.json_text import Json
from lamplighter.base.task_definition_metadata import NO_IMAGE
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Job, Project, Sidecar
from lamplighter.jobs.file.secrets import parse_grant
from lamplighter.jobs.machine.platform import Platform
from lamplighter.jobs.stack import arns, roles, volumes
from lamplighter.jobs.stack.built_images import built_images
from lamplighter.runs import job_machine


def parameters(project: Project) -> list[Parameter]:
    """Return the parameters for images that are built from folders."""
    return [
        Parameter(each.parameter, Type="String", Description=f"The image that {each.folder} was built into")
        for each in built_images(project)
    ]


def task_definition_resources(project: Project, name: str, platform: Platform) -> Iterator[AWSObject]:
    """Yield a job's log group and its task definition."""
    job = project.jobs[name]
    yield logs.LogGroup(
        f"{names.logical_id(name)}Log",
        LogGroupName=arns.log_group_name(project, name),
        RetentionInDays=job.log_retention,
    )
    storage = {} if job.storage is None else {"EphemeralStorage": ecs.EphemeralStorage(SizeInGiB=job.storage)}
    volumes_of_task = volumes.task_volumes(project, job)
    # A plain process may have any size here, and does not run on AWS, which would refuse the whole stack for its size.
    cpu, memory = (job.cpu, job.memory) if job.image is not None else fargate.nearest_size(job.cpu, job.memory)
    metadata = _engine_metadata(project, job)
    yield ecs.TaskDefinition(
        names.task_definition_id(name),
        Family=project.name(name),
        RequiresCompatibilities=["FARGATE"],
        NetworkMode="awsvpc",
        Cpu=str(cpu),
        Memory=str(memory),
        RuntimePlatform=ecs.RuntimePlatform(CpuArchitecture=job.architecture.upper(), OperatingSystemFamily="LINUX"),
        ExecutionRoleArn=arns.execution_role_arn(project, name),
        TaskRoleArn=arns.task_role_arn(project, name),
        ContainerDefinitions=[
            _main_container(project, name),
            *(_sidecar_container(project, name, title) for title in job.sidecars),
        ],
        Tags=Tags({**names.job_tags(project.prefix, name, job.tags), **_engine_tags(project, name, platform)}),
        **storage,
        **({"Volumes": volumes_of_task} if volumes_of_task else {}),
        **({"Metadata": {"Lamplighter": metadata}} if metadata else {}),
        UpdateReplacePolicy="Retain",
        DeletionPolicy="Delete",
    )


def _engine_tags(project: Project, name: str, platform: Platform) -> dict[str, str]:
    """Return the tags by which this engine admits the job's tasks (`services/ecs/tasks/admission.py`).

    Tasks of workflows may run side by side, so a job that is a step has no tag for its overlap.
    """
    if platform != "here":
        return {}
    job = project.jobs[name]
    workflows = [each for each, other in project.jobs.items() if other.workflow is not None]
    alone = job.overlap != "allow" and not any(name in roles.container_jobs(project, each) for each in workflows)
    return {
        **({PRIORITY_TAG: str(job.priority)} if job.priority else {}),
        **({OVERLAP_TAG: job.overlap} if alone else {}),
    }


def _engine_metadata(project: Project, job: Job) -> Json:
    if job.image is None:
        # A default that nobody chose must not kill a process that ran under cron before.
        unlimited = {} if "memory" in job.model_fields_set else {"Unlimited": True}
        has_size = fargate.has_size(job.cpu, job.memory)
        size = {} if has_size else {"Cpu": str(job.cpu), "Memory": str(job.memory)}
        return {"Process": True, "Directory": ".", **unlimited, **size}
    given: dict[str, Json] = {
        "Build": job.image if job.builds_image else None,
        "Volumes": volumes.engine_volumes(project, job),
        "Network": job.docker_network,
        "ExtraHosts": [{"Hostname": name, "IpAddress": address} for name, address in job.extra_hosts.items()],
        "Gpus": None if job.gpus is None else str(job.gpus),
    }
    return {name: value for name, value in given.items() if value}


def _main_container(project: Project, name: str) -> ecs.ContainerDefinition:
    job = project.jobs[name]
    built = Ref(names.image_parameter(name)) if job.builds_image else job.image
    own = {"WorkingDirectory": job.working_directory, "User": job.user, "StopTimeout": job.stop_timeout}
    head = {"Name": job_machine.MAIN_CONTAINER, "Image": built or NO_IMAGE, "Essential": True}
    return _container(name, job, head | _mounts(project, name, job), own)


def _sidecar_container(project: Project, name: str, title: str) -> ecs.ContainerDefinition:
    sidecar = project.jobs[name].sidecars[title]
    image = Ref(names.image_parameter(name, title)) if sidecar.builds_image else sidecar.image
    head = {"Name": title, "Image": image, "Essential": sidecar.essential}
    own = {"Cpu": sidecar.cpu, "Memory": sidecar.memory}
    return _container(name, sidecar, head | _mounts(project, name, sidecar), own)


def _mounts(project: Project, name: str, container: Job | Sidecar) -> dict[str, Json]:
    job = project.jobs[name]
    if job.image is None or not container.volumes:
        return {}
    return {"MountPoints": volumes.mount_points(project, job, container.volumes)}


def _container(name: str, given: Job | Sidecar, head: dict[str, Json], own: dict[str, Json]) -> ecs.ContainerDefinition:
    """Return a container of a job: the fields `head`, those that every container has, and the others that are given."""
    others = {"Command": given.command, "EntryPoint": given.entrypoint, **own}
    return ecs.ContainerDefinition(
        **head,
        **_common_fields(name, given.environment, given.secrets),
        **{field: _escape(value) for field, value in others.items() if value is not None},
    )


def _escape(value: Json) -> Json:
    """Return the value of a field with texts that CloudFormation does not change."""
    if isinstance(value, tuple):
        return [arns.escape_literal(each) for each in value]
    return arns.escape_literal(value) if isinstance(value, str) else value


def _common_fields(name: str, environment: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, Json]:
    # Since June 2025 awslogs is non-blocking by default, and then loses lines when its buffer is full. The last lines
    # of a batch job explain its failure, so the job waits for its log. A job that must not wait can log somewhere else.
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html
    options = {
        "mode": "blocking",
        "awslogs-group": Ref(f"{names.logical_id(name)}Log"),
        "awslogs-region": Ref("AWS::Region"),
        "awslogs-stream-prefix": name,
    }
    common_fields: dict[str, Json] = {"LogConfiguration": ecs.LogConfiguration(LogDriver="awslogs", Options=options)}
    if environment:
        common_fields["Environment"] = [
            ecs.Environment(Name=key, Value=arns.escape_literal(value)) for key, value in environment.items()
        ]
    if secrets:
        common_fields["Secrets"] = [
            ecs.Secret(Name=key, ValueFrom=arns.sub_if_needed(parse_grant(where).value))
            for key, where in secrets.items()
        ]
    return common_fields
