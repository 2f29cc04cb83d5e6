"""An update of a stack that an earlier version deployed keeps its resources: no name or type in its template changes.

`deployed_resources.json` holds, for the job files of examples/, each resource with its type and the properties that
CloudFormation can only change by replacing the resource. Resources may be added to it. If a resource has to be
renamed, its users lose queues, logs and subscriptions: state that in the CHANGELOG, and write the file again with
`python -m tests.jobs.stack.test_replacement > tests/jobs/stack/deployed_resources.json`.
"""

from pathlib import Path

import pytest

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.jobs.file.load import load_job_file
from lamplighter.jobs.stack.template import build_template, to_json
from lamplighter.services.cloudformation.resource_types.registry import requires_replacement

EXAMPLES = Path(__file__).parents[3] / "examples"
FILES = ("article/lamplighter.yaml", "files/lamplighter.yaml", "pipeline/lamplighter.yaml", "every-key.yaml")


def read_deployed() -> Json:
    """Return the recorded resources; the command that writes them must not read the file, which is empty then."""
    return loads(Path(__file__).with_name("deployed_resources.json").read_text())


def read_resources(file: str) -> Json:
    """Return the resources of an example's templates for both platforms.

    Each has the properties that only a replacement can change.
    """
    project = load_job_file(EXAMPLES / file, None).project
    resources = {**build_template(project, "here")["Resources"], **build_template(project, "aws")["Resources"]}
    return {title: select_identity(resource) for title, resource in resources.items()}


def select_identity(resource: Json) -> Json:
    properties: Json = resource.get("Properties", {})
    kind = resource["Type"]
    identifying = {name: value for name, value in properties.items() if requires_replacement(kind, name) != "Never"}
    return {"Type": resource["Type"], **loads(dumps(identifying))}


@pytest.mark.parametrize("file", FILES)
def test_an_update_replaces_and_deletes_no_resource_of_a_deployed_stack(file: str) -> None:
    now, deployed = read_resources(file), read_deployed()[file]
    assert {title: now.get(title) for title in deployed} == deployed


def test_the_deployed_resources_of_every_example_are_recorded() -> None:
    found = {
        str(path.relative_to(EXAMPLES)) for path in [*EXAMPLES.glob("*.yaml"), *EXAMPLES.glob("*/lamplighter.yaml")]
    }
    deployed = read_deployed()
    assert found == set(FILES) == set(deployed)
    assert all(any("Name" in key for each in recorded.values() for key in each) for recorded in deployed.values())


if __name__ == "__main__":
    print(to_json({file: read_resources(file) for file in FILES}), end="")
