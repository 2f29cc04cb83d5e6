"""Decide which part of a template has which resources: the stack itself, or one of its nested stacks. Pure.

What is deployed stays in its part. A job that gets something new has it in the same part. If that has no room, what
nothing else needs, such as alarms and schedules, goes into a part with such things only: nothing refers to that part,
so that stacks cannot need each other in a circle.
"""

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lamplighter.base.group_items import group_items
from lamplighter.base.json_text import Json, dumps
from lamplighter.lang.template.references import find_references

ROOT = ""
"""The name of the stack itself among the parts; that of a nested stack is its logical id."""
MAX_PART_RESOURCES, MAX_PART_BYTES = 450, 900_000
"""The most resources and bytes of a part before jobs go elsewhere: below CloudFormation's, so that jobs can grow."""
MAX_GROWN_RESOURCES = 480
"""The most resources of a part whose deployed jobs have grown; the stack itself gets its nested stacks, too."""
MAX_REST_RESOURCES = 150
"""The most resources of a part for what jobs of other parts got later: each may need a parameter, of which 200 are
allowed."""
JOBS, REST = "Jobs", "Rest"
"""How the logical ids of nested stacks begin: those with whole jobs, and those with what jobs got later."""
RESERVED_RESOURCES = 20
"""The resources of the stack that are reserved for nested stacks."""


@dataclass(slots=True)
class Part:
    """A part that jobs are placed in: its resources and bytes so far."""

    titles: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, titles: Iterable[str], sizes: Mapping[str, int]) -> None:
        """Add resources."""
        self.titles += titles
        self.size += sum(sizes[each] for each in titles)

    def has_room(self, titles: list[str], sizes: Mapping[str, int], most: int) -> bool:
        """Return whether resources can be added, if the part may have `most`."""
        size = self.size + sum(sizes[each] for each in titles)
        return len(self.titles) + len(titles) <= most and size <= MAX_PART_BYTES


def part_number(name: str) -> int:
    """Return the number at the end of the name of a nested stack."""
    return int(name.lstrip(string.ascii_letters))


def place_jobs(resources: Json, owners: Mapping[str, str], placed: Mapping[str, str]) -> dict[str, Part]:
    """Return the parts by their names. `owners` has the job of each resource that belongs to one, `placed` the part of
    each one that is deployed.
    """
    sizes = {title: len(dumps(each)) for title, each in resources.items()}
    parts, homes = {ROOT: Part()}, dict.fromkeys(("", *tied_jobs(resources, owners)), ROOT)
    for title in [each for each in resources if each in placed]:
        parts.setdefault(placed[title], Part()).add([title], sizes)
        if title in owners and not placed[title].startswith(REST):
            homes[owners[title]] = placed[title]
    units = group_items((each for each in resources if each not in placed), lambda title: owners.get(title, ""))
    needed, shared = set(find_references(resources)), _shared_titles(resources, owners)
    for job in [job for job in units if job in homes]:
        titles, home = units.pop(job), parts[homes[job]]
        parts[ROOT].add([each for each in titles if each in shared], sizes)
        home.add([each for each in titles if each in needed - shared], sizes)
        ends = [each for each in titles if each not in needed | shared]
        if not ends or home.has_room(ends, sizes, MAX_GROWN_RESOURCES):
            home.add(ends, sizes)
        else:
            _find_room(parts, REST, ends, sizes).add(ends, sizes)
    for titles in units.values():
        _find_room(parts, JOBS, titles, sizes).add(titles, sizes)
    return parts


def _shared_titles(resources: Json, owners: Mapping[str, str]) -> set[str]:
    """Return what belongs to no job, and what that needs: a nested stack with it would need the stack and be needed."""
    found = {title for title in resources if title not in owners}
    waiting = list(found)
    while waiting:
        new = {each for each in find_references(resources[waiting.pop()]) if each in resources} - found
        found |= new
        waiting += new
    return found


def _find_room(parts: dict[str, Part], kind: str, titles: list[str], sizes: Mapping[str, int]) -> Part:
    """Return the first part of a kind that has room; a new one if none has. Whole jobs may go into the stack itself."""
    known = {ROOT: MAX_PART_RESOURCES - RESERVED_RESOURCES} if kind == JOBS else {}
    most = MAX_PART_RESOURCES if kind == JOBS else MAX_REST_RESOURCES
    known |= {name: most for name in parts if name.startswith(kind)}
    found = next((name for name, limit in known.items() if parts[name].has_room(titles, sizes, limit)), None)
    following = max((part_number(name) for name in known if name), default=0) + 1
    return parts[found] if found is not None else parts.setdefault(f"{kind}{following}", Part())


def tied_jobs(resources: Json, owners: Mapping[str, str]) -> list[str]:
    """Return the jobs that must be in the stack: those that others refer to from there, and those that refer to others.

    Nested stacks that referred to each other could form a circle.
    """
    found: dict[str, None] = {}
    for title, each in resources.items():
        own = owners.get(title, "")
        for other in {owners.get(name, "") for name in find_references(each)} - {"", own}:
            found[own or other] = None
    return list(found)
