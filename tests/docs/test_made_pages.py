"""The pages of the manual that are made from the program say what the program is."""

from pathlib import Path

import botocore
import pytest
import yaml

from lamplighter.jobs.file.model import Job
from tests.docs.pages import DOCS, ROOT
from tests.docs.reference.aws_coverage import without_models
from tests.docs.reference.job_file_keys import OUTSIDE_THE_JOB
from tests.docs.reference.key_effects import EFFECTS
from tests.docs.reference.made_pages import made_pages


@pytest.fixture(scope="module")
def made() -> dict[Path, str]:
    return made_pages()


@pytest.mark.parametrize("name", ["job-file.md", "commands.md"])
def test_a_made_page_is_as_the_program_makes_it(made: dict[Path, str], name: str) -> None:
    """`make reference` makes the pages again."""
    page = DOCS / "manual" / name
    assert page.read_text() == made[page], "run `make reference`"


def test_the_page_of_operations_is_as_the_program_makes_it(made: dict[Path, str]) -> None:
    """With another version of botocore, AWS has other operations; the engine still has the same."""
    page = DOCS / "manual" / "aws-coverage.md"
    present, text = page.read_text(), made[page]
    if f"botocore {botocore.__version__} " not in present:
        present, text = without_models(present), without_models(text)
    assert present == text, "run `make reference`"


def test_a_key_that_takes_any_text_is_not_shown_as_a_number(made: dict[Path, str]) -> None:
    """`user: 1000` is a number in YAML, and `user: nobody` is as good."""
    [row] = [line for line in made[DOCS / "manual" / "job-file.md"].split("\n") if line.startswith("| `user` |")]
    assert "number*" not in row


def test_the_example_sets_every_key_of_a_job() -> None:
    """The page takes its examples from there."""
    example = yaml.safe_load((ROOT / "examples" / "every-key.yaml").read_text())
    keys = {field.alias for field in Job.model_fields.values()}
    defaults = set(example["defaults"])
    assert keys - set(example["jobs"]["all"]) - defaults == set(OUTSIDE_THE_JOB)


def test_every_key_with_an_effect_in_one_place_exists() -> None:
    """A key without a line in `key_effects.py` has its effect both on this machine and on AWS."""
    keys = {field.alias for field in Job.model_fields.values()}
    listed = {each.removeprefix("Job.") for each in EFFECTS if each.startswith("Job.")}
    assert listed <= keys
