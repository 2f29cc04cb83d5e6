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
from lamplighter.services.cloudformation.resource_types.registry import resource_type_of

EXAMPLES = Path(__file__).parents[3] / "examples"
DEPLOYED: Json = loads(Path(__file__).with_name("deployed_resources.json").read_text())
FILES = ("article/lamplighter.yaml", "files/lamplighter.yaml", "pipeline/lamplighter.yaml", "every-key.yaml")


def read_resources(file: str) -> Json:
    """Return the resources of an example's templates for both platforms.

    Each has the properties that only a replacement can change.
    """
    project = load_job_file(EXAMPLES / file, None).project
    here, on_aws = build_template(project, "here")["Resources"], build_template(project, "aws")["Resources"]
    return {title: select_identity(resource) for title, resource in {**here, **on_aws}.items()}


def select_identity(resource: Json) -> Json:
    properties: Json = resource.get("Properties", {})
    kind = resource_type_of(resource["Type"])
    identifying = {name: value for name, value in properties.items() if kind.is_replaced_by(name)}
    return {"Type": resource["Type"], **loads(dumps(identifying))}


@pytest.mark.parametrize("file", FILES)
def test_an_update_replaces_and_deletes_no_resource_of_a_deployed_stack(file: str) -> None:
    now = read_resources(file)
    assert {title: now.get(title) for title in DEPLOYED[file]} == DEPLOYED[file]


def test_the_deployed_resources_of_every_example_are_recorded() -> None:
    found = {
        str(path.relative_to(EXAMPLES)) for path in [*EXAMPLES.glob("*.yaml"), *EXAMPLES.glob("*/lamplighter.yaml")]
    }
    assert found == set(FILES) == set(DEPLOYED)
    assert all(any("Name" in key for each in recorded.values() for key in each) for recorded in DEPLOYED.values())


if __name__ == "__main__":
    print(to_json({file: read_resources(file) for file in FILES}), end="")
