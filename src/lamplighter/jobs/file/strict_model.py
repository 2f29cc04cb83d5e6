"""What all models of the job file share: kebab-case names, no unknown keys, values that never change."""

from pydantic import BaseModel, ConfigDict


def kebab_case(name: str) -> str:
    """The name of a field as the file spells it."""
    return name.rstrip("_").replace("_", "-")


class IncompleteError(ValueError):
    """Things that do not go together as they are written; what an environment adds or takes away may mend it."""


class StrictModel(BaseModel):
    """A part of the file."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=kebab_case,
        use_attribute_docstrings=True, hide_input_in_errors=True,
    )  # fmt: skip
