"""A stack that an earlier version deployed keeps its resources: no name and no type in its template changes.

`deployed_resources.json` holds, for the job files of examples/, each resource with its type and the properties that
CloudFormation can only change by replacing the resource. Resources may be added to it. If one has to be renamed, its
users lose queues, logs and subscriptions: say so in the CHANGELOG, and write the file anew with
`python -m tests.jobs.stack.test_replacement > tests/jobs/stack/deployed_resources.json`.
"""

from pathlib import Path

import pytest

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.jobs.file.load import load_job_file
from lamplighter.jobs.stack.template import build_template, to_json
from lamplighter.services.cloudformation.resource_types.registry import resource_type_of
from lamplighter.services.cloudformation.resource_types.resource_type import ALL_PROPERTIES

EXAMPLES = Path(__file__).parents[3] / "examples"
DEPLOYED: Json = loads(Path(__file__).with_name("deployed_resources.json").read_text())
FILES = ("article/lamplighter.yaml", "files/lamplighter.yaml", "pipeline/lamplighter.yaml", "every-key.yaml")


def resources(file: str) -> Json:
    """The resources of an example's template, each with what cannot be changed without replacing it."""
    template = build_template(load_job_file(EXAMPLES / file, None).project)
    return {title: identity(resource) for title, resource in template["Resources"].items()}


def identity(resource: Json) -> Json:
    properties: Json = resource.get("Properties", {})
    replaces = resource_type_of(resource["Type"]).replacement_properties
    kept = {name: value for name, value in properties.items() if replaces is ALL_PROPERTIES or name in replaces}
    return {"Type": resource["Type"], **loads(dumps(kept))}


@pytest.mark.parametrize("file", FILES)
def test_no_resource_of_a_deployed_stack_is_replaced_or_deleted(file: str) -> None:
    now = resources(file)
    assert {title: now.get(title) for title in DEPLOYED[file]} == DEPLOYED[file]


def test_every_example_is_held() -> None:
    found = {
        str(path.relative_to(EXAMPLES)) for path in [*EXAMPLES.glob("*.yaml"), *EXAMPLES.glob("*/lamplighter.yaml")]
    }
    assert found == set(FILES) == set(DEPLOYED)
    assert all(any("Name" in key for each in held.values() for key in each) for held in DEPLOYED.values())


if __name__ == "__main__":
    print(to_json({file: resources(file) for file in FILES}), end="")
