"""Define the base class of all models of the job file: kebab-case names, no unknown keys, immutable values."""

from pydantic import BaseModel, ConfigDict


def kebab_case(name: str) -> str:
    """Return the name of a field as the job file spells it."""
    return name.rstrip("_").replace("_", "-")


class StrictModel(BaseModel):
    """A part of the job file."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=kebab_case,
        use_attribute_docstrings=True, hide_input_in_errors=True,
    )  # fmt: skip
