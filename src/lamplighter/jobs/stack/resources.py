"""A resource of a CloudFormation template, with properties as CloudFormation spells them.

Nothing here knows the types of AWS: `tests/jobs/stack/test_properties.py` holds every type and property that a builder
can write to AWS's schemas. See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass

from lamplighter.base.json_text import Json
from lamplighter.jobs.machine.platform import Platform


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource, with the attributes that templates of job files use."""

    logical_id: str
    type: str
    properties: Mapping[str, Json]
    _: KW_ONLY
    job: str | None = None
    """The job to which alone the resource belongs; None if jobs share it."""
    depends_on: str | None = None
    engine_metadata: Mapping[str, Json] | None = None
    """Settings that only this engine understands: the metadata under `Lamplighter`."""
    condition: str | None = None
    update_replace_policy: str | None = None
    deletion_policy: str | None = None

    def document(self, platform: Platform) -> dict[str, Json]:
        """Return the resource as a template spells it.

        On AWS, the metadata of state machines is read (`runs/default_input.py`, `runs/jobs/job_alerts.py`), and the job
        of each resource (`nested_stacks.py`).
        """
        is_read = platform == "here" or self.type == "AWS::StepFunctions::StateMachine"
        own = self.engine_metadata if is_read else {"Job": self.job} if self.job is not None else None
        attributes = {
            "DependsOn": self.depends_on,
            "Metadata": {"Lamplighter": own} if own else None,
            "Condition": self.condition,
            "UpdateReplacePolicy": self.update_replace_policy,
            "DeletionPolicy": self.deletion_policy,
        }
        return {"Properties": self.properties, "Type": self.type, **_without_none(attributes)}


def properties(**values: Json) -> dict[str, Json]:
    """Return the properties of a resource, or of a part of one, without those that are None."""
    return _without_none(values)


def tag_list(tags: Mapping[str, str]) -> list[Json]:
    """Return tags as a property, in the order of their keys."""
    return [properties(Key=key, Value=value) for key, value in sorted(tags.items())]


def _without_none(values: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in values.items() if value is not None}
