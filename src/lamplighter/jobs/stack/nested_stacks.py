"""Split the template of a project into a stack and nested stacks where a stack has no room, and join them again. Pure.

A template has at most 500 resources and 1 MB. What jobs share stays in the stack, with as many jobs as there is room
for; the others go into nested stacks, which get what they need of the stack as parameters. Guarantees that what is
deployed stays in its stack, because CloudFormation cannot move a resource with a name, and that joining the parts gives
the resources of the whole template (`place_jobs.py` decides what goes where). See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lamplighter.base.group_items import group_items
from lamplighter.base.json_text import Json, convert_members, dumps
from lamplighter.jobs.stack.own_metadata import read_own, with_own
from lamplighter.jobs.stack.place_jobs import ROOT, part_number, place_jobs, tied_jobs
from lamplighter.lang.template.references import find_references, function_name, function_names

STACK = "AWS::CloudFormation::Stack"
PARTS = "Parts"
"""The key of the metadata of a whole template with the part of each deployed resource; no template is deployed with
it."""
MAX_NEW_RESOURCES = 2_300
"""The most resources that one step creates. CloudFormation changes 2,500 resources of nested stacks in an operation."""


@dataclass(frozen=True, slots=True)
class SplitTemplate:
    """The templates of a stack and of its nested stacks; the stack's does not name the others' URLs yet."""

    root: Json
    nested: Mapping[str, Json]
    """The templates of the nested stacks, by logical id."""

    def with_urls(self, urls: Mapping[str, str]) -> Json:
        """Return the template of the stack with the URLs of the nested templates, by logical id."""
        resources = dict(self.root["Resources"])
        for title, url in urls.items():
            given = resources[title]
            resources[title] = {**given, "Properties": {"TemplateURL": url, **given["Properties"]}}
        return {**self.root, "Resources": resources}


def split_template(document: Json) -> SplitTemplate:
    """Split a template. The metadata of its resources has their jobs, and its own the parts of what is deployed."""
    owners = resource_owners(document)
    parts = place_jobs(document["Resources"], owners, _deployed_parts(document))
    part_of = {title: name for name, part in parts.items() for title in part.titles}
    outputs = group_items(document.get("Outputs", {}).items(), lambda each: _part_of_output(each[1], part_of))
    nested: dict[str, Json] = {}
    stacks: dict[str, Json] = {}
    for name in sorted((each for each in parts if each != ROOT), key=part_number):
        moved, parameters = _move_out({title: document["Resources"][title] for title in parts[name].titles})
        nested[name] = {
            "Description": f"{document['Description']}: a part of its jobs",
            "Parameters": {key: {"Type": "String"} for key in parameters},
            "Resources": moved,
            "Outputs": dict(outputs.get(name, ())),
        }
        stacks[name] = {"Type": STACK, "Properties": {"Parameters": parameters}}
    rest = {title: document["Resources"][title] for title in parts[ROOT].titles}
    rest = _refer_to_outputs({**rest, **stacks}, part_of, nested)
    root = {**without_parts(document), "Resources": rest, "Outputs": dict(outputs.get(ROOT, ()))}
    return SplitTemplate(root, {name: _without_empty(each) for name, each in nested.items()})


def _part_of_output(output: Json, part_of: Mapping[str, str]) -> str:
    return next((part for each in find_references(output) if (part := part_of.get(each, ROOT)) != ROOT), ROOT)


def _move_out(resources: Json) -> tuple[Json, dict[str, Json]]:
    """Return the resources with a parameter for each expression that only the stack can evaluate; and those
    expressions, by the names of the parameters. The stack has the other resources and the conditions.
    """
    parameters: dict[str, Json] = {}

    def move(value: Json) -> Json:
        if function_name(value) is None:
            return convert_members(value, move)
        names = [each for each in find_references(value) if not each.startswith("AWS::")]
        if all(each in resources for each in names) and "Fn::If" not in function_names(value):
            return value
        if any(each in resources for each in names) or "Fn::Join" in value:  # a parameter has 4,096 bytes
            return convert_members(value, move)
        name = _parameter_name(value)
        parameters[name] = value
        return {"Ref": name}

    return {title: move(each) for title, each in resources.items()}, parameters


def _parameter_name(value: Json) -> str:
    """Return the name of the parameter for an expression: that of what it refers to, or a hash of it."""
    if "Ref" in value:
        return str(value["Ref"])
    if "Fn::GetAtt" in value:
        return "".join(value["Fn::GetAtt"]).replace(".", "")
    return f"Value{hashlib.sha256(dumps(value).encode()).hexdigest()[:8]}"


def _refer_to_outputs(resources: Json, part_of: Mapping[str, str], nested: Mapping[str, Json]) -> Json:
    """Return the stack's resources with outputs of nested stacks for what these have; add the outputs to them."""

    def refer(value: Json) -> Json:
        name = function_name(value)
        target = value[name] if name == "Ref" else value[name][0] if name == "Fn::GetAtt" else None
        part = part_of.get(target, ROOT) if isinstance(target, str) else ROOT
        if part == ROOT:
            return convert_members(value, refer)
        outputs = nested[part]["Outputs"]
        output = next((title for title, each in outputs.items() if each["Value"] == value), _parameter_name(value))
        outputs.setdefault(output, {"Value": value})
        return {"Fn::GetAtt": [part, f"Outputs.{output}"]}

    return {title: refer(each) for title, each in resources.items()}


def _without_empty(document: Json) -> Json:
    return {name: each for name, each in document.items() if each}


def join_templates(root: Json, nested: Mapping[str, Json]) -> Json:
    """Return the whole template of a stack and its nested stacks, with the part of each resource in its metadata.

    `nested` has the templates of the nested stacks by logical id.
    """
    resources: dict[str, Json] = {}
    for title, each in root["Resources"].items():
        if title not in nested:
            resources[title] = each
            continue
        given = each["Properties"].get("Parameters", {})
        for name, own in nested[title]["Resources"].items():
            resources[name] = _replace_functions(own, "Ref", given.get)
    made = [(title, name, each) for title, part in nested.items() for name, each in part.get("Outputs", {}).items()]
    values = {f"{title}.Outputs.{name}": each["Value"] for title, name, each in made}
    whole = {
        title: _replace_functions(each, "Fn::GetAtt", lambda place: values.get(".".join(place)))
        for title, each in resources.items()
    }
    # Only the template's own outputs have a description; the others are what the stack needs of a part.
    outputs = root.get("Outputs", {}) | {name: each for _, name, each in made if "Description" in each}
    parts = {title: name for name, each in ((ROOT, root), *nested.items()) for title in each["Resources"]}
    return _with_parts({**root, "Resources": whole, "Outputs": outputs}, parts)


def _replace_functions(value: Json, function: str, find: Callable[[Json], Json | None]) -> Json:
    """Return a value in which calls of a function are replaced by what `find` returns for their argument."""
    found = find(value[function]) if function_name(value) == function else None
    if found is not None:
        return found
    return convert_members(value, lambda each: _replace_functions(each, function, find))


def resource_owners(document: Json) -> dict[str, str]:
    """Return the job of each resource that belongs to one job."""
    found = {title: read_own(each, "Job") for title, each in document["Resources"].items()}
    return {title: str(job) for title, job in found.items() if job is not None}


def _deployed_parts(document: Json) -> dict[str, str]:
    return read_own(document, PARTS) or {}


def keep_parts(document: Json, deployed: Json) -> Json:
    """Return a template in which each resource that is deployed has the part that it has there."""
    return _with_parts(document, _deployed_parts(deployed))


def without_parts(document: Json) -> Json:
    """Return a template as it is deployed: where its jobs are, the templates themselves say."""
    return _with_parts(document, {})


def limit_step(document: Json, deployed: Json) -> Json:
    """Return a template without what one operation has no room to create: new jobs, and new ends of deployed ones, such
    as alarms. Return the same if it has room for all.
    """
    known, owners = deployed.get("Resources", {}), resource_owners(document)
    units = group_items(document["Resources"], lambda title: owners.get(title, ""))
    staying = {"", *tied_jobs(document["Resources"], owners)}
    needed = (name for job in staying for title in units[job] for name in find_references(document["Resources"][title]))
    staying |= {owners[name] for name in needed if name in owners}
    referred = set(find_references(document["Resources"]))
    room = MAX_NEW_RESOURCES
    kept: set[str] = set()
    for job, titles in sorted(units.items(), key=lambda unit: unit[0] not in staying):
        new = {title for title in titles if title not in known}
        room -= len(new)
        is_whole = room >= 0 or job in staying
        kept |= set(titles) if is_whole else set() if len(new) == len(titles) else set(titles) - (new - referred)
    if len(kept) == len(document["Resources"]):
        return document
    resources = {title: each for title, each in document["Resources"].items() if title in kept}
    outputs = {
        name: each
        for name, each in document.get("Outputs", {}).items()
        if not {other for other in find_references(each) if other in document["Resources"]} - kept
    }
    return {**document, "Resources": resources, "Outputs": outputs}


def _with_parts(document: Json, parts: Mapping[str, str]) -> Json:
    return with_own(document, PARTS, dict(parts) or None)
