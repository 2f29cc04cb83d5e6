"""Build the volumes of a job's task definition, for AWS and for this machine.

The properties hold what AWS mounts: a file system of EFS. A folder of this machine or a volume of Docker is in the
metadata, and replaces the volume of the same name here. If a volume names no file system, the properties hold the
folder as well: AWS refuses it for Fargate, because a job that ran without its data could lose work in silence. EFS is
always mounted with TLS and with IAM, as the job's task role.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html and
https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html.
"""

from collections.abc import Iterable

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.file.volumes import Volume
from lamplighter.jobs.stack import arns
from lamplighter.jobs.stack.policies import allow
from lamplighter.jobs.stack.resources import properties

_MOUNT, _WRITE = "elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"


def task_volumes(project: Project, job: Job) -> list[Json]:
    """Return the volumes of a job's task definition."""
    return [_aws_volume(project, each, number) for number, each in enumerate(_places(job))]


def mount_points(project: Project, job: Job, volumes: Iterable[Volume]) -> list[Json]:
    """Return where a container of the job sees its volumes; a plain process has none."""
    places = _places(job)
    return [
        properties(
            SourceVolume=_name(project, each, places.index(_place(each))),
            ContainerPath=arns.escape_literal(each.path),
            ReadOnly=each.read_only,
        )
        for each in volumes
        if job.image is not None
    ]


def engine_volumes(project: Project, job: Job) -> list[Json]:
    """Return the volumes that replace those of the same names on this machine."""
    return [
        properties(Name=_name(project, each, number), **_engine_place(each))
        for number, each in enumerate(_places(job))
        if each.host is not None or each.volume is not None
    ]


def file_system_permissions(job: Job) -> list[Json]:
    """Return the statements that a job's task role needs to mount its file systems."""
    written: dict[tuple[str, str | None], bool] = {}
    for each in _all_volumes(job):
        if each.efs is not None:
            place = (each.efs, each.access_point)
            written[place] = written.get(place, False) or not each.read_only
    return [_mount_statement(*place, writes=writes) for place, writes in written.items()]


def _mount_statement(file_system: str, access_point: str | None, *, writes: bool) -> Json:
    resource = arns.arn("elasticfilesystem", f"file-system/{file_system}")
    actions = [_MOUNT, _WRITE] if writes else [_MOUNT]
    if access_point is None:
        return allow(actions, [resource])
    point = arns.arn("elasticfilesystem", f"access-point/{access_point}")
    return allow(actions, [resource], {"StringEquals": {"elasticfilesystem:AccessPointArn": point}})


def _all_volumes(job: Job) -> list[Volume]:
    if job.image is None:  # A plain process sees this machine's own folders.
        return []
    return job.all_volumes


def _place(volume: Volume) -> Volume:
    """Return the volume without what differs between the containers that mount it."""
    return volume.model_copy(update={"path": "/", "read_only": False})


def _places(job: Job) -> list[Volume]:
    return list(dict.fromkeys(map(_place, _all_volumes(job))))


def _name(project: Project, volume: Volume, number: int) -> str:
    """Return a volume's name in the task definition; that of a shared volume of Docker is its name there."""
    return f"{project.prefix}-{volume.volume}" if volume.volume is not None else f"volume-{number + 1}"


def _aws_volume(project: Project, volume: Volume, number: int) -> Json:
    name = _name(project, volume, number)
    if volume.efs is None:
        return properties(Name=name, **_engine_place(volume))
    file_system = properties(
        FilesystemId=volume.efs,
        TransitEncryption="ENABLED",
        AuthorizationConfig=properties(IAM="ENABLED", AccessPointId=volume.access_point),
        RootDirectory=None if volume.root is None else arns.escape_literal(volume.root),
    )
    return properties(Name=name, EFSVolumeConfiguration=file_system)


def _engine_place(volume: Volume) -> dict[str, Json]:
    if volume.host is not None:
        return properties(Host=properties(SourcePath=volume.host))
    return properties(DockerVolumeConfiguration=properties(Scope="shared", Autoprovision=True))
