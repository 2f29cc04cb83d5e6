"""Find the jobs that an engine with `up --deny` would refuse."""

from collections.abc import Collection, Iterator

from lamplighter.base import deny_rules
from lamplighter.base.aws.task_definition_metadata import adapt_task_definition
from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.file.load import LoadedJobFile
from lamplighter.jobs.file.parsing.yaml_document import Problem
from lamplighter.jobs.stack.template import build_template
from lamplighter.runs.tasks.run_task_request import small_keys


def denied_jobs(loaded: LoadedJobFile, deny: Collection[str]) -> Iterator[Problem]:
    """Yield a problem for each job and channel that `deny` refuses."""
    if not deny:
        return
    resources = build_template(loaded.project, "here")["Resources"]
    for name in loaded.project.jobs:
        reason = deny_rules.denied_reason(_definition(resources.get(names.task_definition_id(name), {})), deny)
        if reason is not None:
            place = loaded.position_of("jobs", name, key=True)
            yield Problem(place, f"{name}: {reason}", "change the job, or remove that word from --deny")
    for name, channel in loaded.project.channels.items():
        if deny_rules.COMMANDS in deny and channel.command is not None:
            place = loaded.position_of("channels", name, key=True)
            what = f"the channel {name} runs a command, which --deny commands forbids"
            yield Problem(place, what, "use another kind of channel, or remove `commands` from --deny")


def _definition(resource: Json) -> Json:
    """Return a task definition of a template as RegisterTaskDefinition receives it on this engine."""
    metadata = resource.get("Metadata", {}).get("Lamplighter", {})
    return small_keys(adapt_task_definition(resource.get("Properties", {}), metadata))
