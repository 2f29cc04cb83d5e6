"""The capabilities that a change set asks for are those that the templates need."""

from pathlib import Path

import pytest

from lamplighter.cli.deploy.stack.change_set import CAPABILITIES
from lamplighter.jobs.stack.template import build_template
from tests.jobs.matrix import FILES, load_matrix_file


@pytest.mark.parametrize("file", FILES)
def test_no_role_has_a_name_so_the_capability_for_named_ones_is_not_asked_for(tmp_path: Path, file: str) -> None:
    resources = build_template(load_matrix_file(tmp_path, file).project)["Resources"].values()
    roles = [each["Properties"] for each in resources if each["Type"].startswith("AWS::IAM::")]
    assert (CAPABILITIES, [each for each in roles if "RoleName" in each]) == (["CAPABILITY_IAM"], [])
