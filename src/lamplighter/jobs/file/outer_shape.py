"""The outer shape of the file: what is written around the jobs, before environments and variables are seen to."""

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.strict_model import StrictModel
from lamplighter.jobs.file.text_formats import Name
from lamplighter.jobs.file.values import format_value


def _single(value: Json) -> Json:
    if isinstance(value, (dict, list)):
        raise ValueError(f"{format_value(value)} is no value of a variable|write text, a number, true or false")
    return value


Single = Annotated[
    Json, AfterValidator(_single), WithJsonSchema({"type": ["string", "integer", "number", "boolean", "null"]})
]
Body = dict[str, Json] | None
Values = dict[str, Single]


class EnvironmentOverlay(StrictModel):
    """What is different in one environment."""

    variables: Values = Field(default_factory=dict)
    defaults: Body = Field(default_factory=dict)
    channels: dict[str, Json] = Field(default_factory=dict)
    jobs: dict[str, Body] = Field(default_factory=dict)


class FileShape(StrictModel):
    """`lamplighter.yaml`"""

    project: Name = Field(description="What everything of this file is named by.")
    variables: Values = Field(
        default_factory=dict, description="Values for ${name}; null: the environment has to give it."
    )
    defaults: Body = Field(default_factory=dict, description="What every job says unless it says otherwise.")
    channels: dict[str, Json] = Field(default_factory=dict, description="Ways to tell somebody, by name.")
    environments: dict[Name, EnvironmentOverlay | None] = Field(
        default_factory=dict, description="What is different where, by name."
    )
    jobs: dict[str, Body] = Field(description="What runs, by name.")
