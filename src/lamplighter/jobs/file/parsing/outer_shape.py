"""Define the top level of the job file, as written: before environments and variables are applied."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.parsing.invalid_value import InvalidValue
from lamplighter.jobs.file.strict_model import StrictModel
from lamplighter.jobs.file.text_formats import Name
from lamplighter.jobs.file.values import format_value


def _check_scalar(value: Json) -> Json:
    if isinstance(value, (dict, list)):
        raise InvalidValue(
            f"{format_value(value)} is not a value for a variable", "write text, a number, true or false"
        )
    return value


Scalar = Annotated[
    Json, AfterValidator(_check_scalar), WithJsonSchema({"type": ["string", "integer", "number", "boolean", "null"]})
]
Body = dict[str, Json] | None
DeployTarget = Literal["box", "aws"]
"""Where the jobs are to run."""
Values = dict[str, Scalar]


class EnvironmentOverlay(StrictModel):
    """The values that an environment changes."""

    target: DeployTarget | None = Field(default=None, description="Where the jobs run, if that differs.")
    variables: Values = Field(default_factory=dict, description="Values that replace those of the file.")
    box: Body = Field(default_factory=dict, description="Limits that replace those of the file.")
    keep: Body = Field(default_factory=dict, description="Times that replace those of the file.")
    aws: Body = Field(default_factory=dict, description="Another account, region or bucket.")
    defaults: Body = Field(default_factory=dict, description="Values for every job that does not set its own.")
    channels: dict[str, Json] = Field(default_factory=dict, description="Channels that differ, or are new.")
    jobs: dict[str, Body] = Field(default_factory=dict, description="Keys of jobs that differ, or new jobs.")


class FileShape(StrictModel):
    """The job file, `lamplighter.yaml`."""

    project: Name = Field(description="The project's name; the names of all resources begin with it.")
    target: DeployTarget | None = Field(
        default=None,
        description="box: nothing is reported about AWS. aws: what AWS refuses is an error, not a warning.",
    )
    variables: Values = Field(
        default_factory=dict, description="Values for ${name}; a variable that is null must be set by an environment."
    )
    defaults: Body = Field(default_factory=dict, description="Values for every job that does not set its own.")
    box: Body = Field(default_factory=dict, description="The limits of all tasks on this machine together.")
    keep: Body = Field(default_factory=dict, description="For how long this machine keeps what has ended.")
    aws: Body = Field(default_factory=dict, description="The account and region of AWS to which the file belongs.")
    channels: dict[str, Json] = Field(default_factory=dict, description="The places that receive alerts, by name.")
    environments: dict[Name, EnvironmentOverlay | None] = Field(
        default_factory=dict, description="Values that an environment changes, by the environment's name."
    )
    jobs: dict[str, Body] = Field(description="The jobs, by name.")
