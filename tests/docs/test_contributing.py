"""The examples of CONTRIBUTING.md are code of the files that it names."""

import re

import pytest

from tests.docs.pages import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text()


def without_indents(text: str) -> str:
    return re.sub(r"^ +", "", text, flags=re.MULTILINE)


EXAMPLES = [without_indents(each) for each in re.findall(r"(?:^ {7}.+\n)+", TEXT, re.MULTILINE)]
FILES = [*ROOT.glob("src/**/*.py"), *ROOT.glob("tests/fuzz/**/*.py")]
CODE = {str(path.relative_to(ROOT)): without_indents(path.read_text()) for path in FILES}


def test_there_are_examples_of_an_operation_and_of_a_resource_type() -> None:
    assert all(any(word in each for each in EXAMPLES) for word in ("Operation(", "ResourceType("))


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_code_of_a_file_that_the_text_names(example: str) -> None:
    paths = [path.removeprefix("src/lamplighter/") for path, code in CODE.items() if example in code]
    assert any(f"`{path}`" in TEXT for path in paths)
