"""List the images of a project that are built from folders: those of jobs and of their sidecars.

Guarantees that each image has its own parameter in the template, and its own repository in ECR. A stack has at most 200
parameters, so a deployment to AWS writes the names of the images into the template instead.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lamplighter.base.json_text import Json, convert_members
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Project
from lamplighter.lang.template.references import function_name


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """An image that is built from a folder."""

    job: str
    sidecar: str | None
    """The sidecar that runs the image; None for the job's own container."""
    folder: str
    """The folder as the job file names it."""

    @property
    def title(self) -> str:
        """The name of the image within the project: job, or job/sidecar."""
        return self.job if self.sidecar is None else f"{self.job}/{self.sidecar}"

    @property
    def parameter(self) -> str:
        """The name of the template's parameter with the image."""
        return names.image_parameter(self.job, self.sidecar)

    def repository(self, project: Project) -> str:
        """Return the name of the repository in ECR."""
        return f"{project.prefix}/{self.title}"


def job_images(project: Project, name: str) -> Iterator[BuiltImage]:
    """Yield the images that are built for a job and its sidecars."""
    job = project.jobs[name]
    if job.builds_image and job.image is not None:
        yield BuiltImage(name, None, job.image)
    for title, sidecar in job.sidecars.items():
        if sidecar.builds_image:
            yield BuiltImage(name, title, sidecar.image)


def built_images(project: Project) -> list[BuiltImage]:
    """Return the images that are built for a project."""
    return [each for name in project.jobs for each in job_images(project, name)]


def write_images(document: Json, images: Mapping[str, str]) -> Json:
    """Return a template with the names of images in place of the parameters for them; `images` has the names."""

    def write(value: Json) -> Json:
        name = value["Ref"] if function_name(value) == "Ref" else ""
        return images[name] if name in images else convert_members(value, write)

    parameters = {name: each for name, each in document["Parameters"].items() if name not in images}
    return {**document, "Parameters": parameters, "Resources": write(document["Resources"])} if images else document
