"""Read the tags of a state machine; see https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListTagsForResource.html."""

from lamplighter.console.calls import Calls


async def read_tags(calls: Calls, machine: str) -> dict[str, str]:
    """Return the tags of a state machine by name; none if they cannot be read."""
    answer = await calls.call_or_none("states", "ListTagsForResource", resourceArn=machine)
    return {each["key"]: each["value"] for each in answer["tags"]} if answer else {}
