"""Define the supporting machine ALERT_CHECK: it looks each hour on AWS whether alerts can still arrive.

A rule that a person disabled starts nothing, and a topic whose subscription was deleted, or never confirmed, accepts
messages and discards them: no metric, event or dead-letter queue reports either. SNS deletes a subscription that nobody
confirms after 48 hours, and each mail has a link that ends the subscription. See
https://docs.aws.amazon.com/sns/latest/dg/sns-delete-subscription-topic.html.

Guarantees that all channels are alerted of the same problems once a day: the machine starts itself under a name made of
the day and the problems, and Step Functions accepts a name once.
"""

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.machine.alert_expressions import DEFINE_SUBJECT
from lamplighter.jobs.machine.attempt_states import SAME_INPUT
from lamplighter.jobs.machine.expressions import expression
from lamplighter.jobs.machine.integrations import DESCRIBE_RULE, LIST_SUBSCRIPTIONS
from lamplighter.jobs.machine.overlap_states import RETRY_ALWAYS
from lamplighter.jobs.machine.supporting_machines import (
    choose,
    machine_definition,
    publish_to_topics,
    start_itself_states,
)

_ITEM = "$states.context.Map.Item.Value"
_CHANNEL = "'The channel ' & $substringAfter($states.input.topic, ':' & $states.input.project & '-')"
_RULE_PROBLEM = """(
  $states.result.State = 'ENABLED' ? '' : 'The rule ' & $states.input.rule & ' is disabled'
)"""
_CHANNEL_PROBLEM = f"""(
  $count($states.result.Subscriptions[$contains(SubscriptionArn, /^arn:/)]) > 0
    ? '' : {_CHANNEL} & ' has no confirmed subscription'
)"""
_CLAIM = """(
  $day := $substring($states.context.Execution.StartTime, 0, 10);
  'broken-' & $day & '-' & $substring($hash($join($problems), 'SHA-256'), 0, 40)
)"""
_HEADLINE = """$states.input.project & ': some alerts cannot arrive: ' & $states.input.problems[0]
  & ($count($states.input.problems) > 1 ? ' (and ' & ($count($states.input.problems) - 1) & ' more)' : '')"""
_TEXT = f"""(
  {_HEADLINE} & '\\n\\n' &
  $join($map($states.input.problems, function($each) {{ 'Problem:   ' & $each & '\\n' }})) &
  'Project:   ' & $states.input.project & '\\n' &
  'See all:   lamplighter doctor{names.placeholder(names.OPTIONS)}\\n'
)"""


def _ask_each(items: str, item: str, call: str, argument: str, problem: str, gone: tuple[str, str]) -> Json:
    """Return the state that makes a call about each of several items, and collects the problems that it finds.

    `gone` is the error that means that the item does not exist, and JSONata for that problem.
    """
    error, missing = gone
    ask = {
        "Type": "Task",
        "Resource": call,
        "Arguments": {argument: expression(f"$states.input.{item}")},
        "Retry": [{"ErrorEquals": [error], "MaxAttempts": 0}, *RETRY_ALWAYS],
        "Catch": [{"ErrorEquals": [error], "Output": expression(missing), "Next": f"No {item}"}],
        "Output": expression(problem),
        "End": True,
    }
    return {
        "Type": "Map",
        "Items": expression(f"$states.input.{items}"),
        "ItemSelector": {item: expression(_ITEM), "project": expression("$states.input.project")},
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": f"Ask about the {item}",
            "States": {f"Ask about the {item}": ask, f"No {item}": {"Type": "Succeed"}},
        },
        "Assign": {"problems": expression("[$append($problems, $states.result[$ != ''])]")},
        "Output": SAME_INPUT,
    }


def _ask_states() -> dict[str, Json]:
    no_rule = ("EventBridge.ResourceNotFoundException", "'The rule ' & $states.input.rule & ' does not exist'")
    no_topic = ("Sns.NotFoundException", f"{_CHANNEL} & ' has no topic'")
    return {
        "Ask about rules": {
            **_ask_each("rules", "rule", DESCRIBE_RULE, "Name", _RULE_PROBLEM, no_rule),
            "Next": "Ask about channels",
        },
        "Ask about channels": {
            **_ask_each("topics", "topic", LIST_SUBSCRIPTIONS, "TopicArn", _CHANNEL_PROBLEM, no_topic),
            "Next": "Any problem?",
        },
    }


ALERT_CHECK_DEFINITION = machine_definition(
    "Tells once a day of rules and channels that do not work.",
    {
        "What is asked?": {
            **choose("$exists($states.input.problems)", "Tell", "Ask about rules"),
            "Assign": {"problems": []},
        },
        **_ask_states(),
        "Any problem?": choose("$count($problems) > 0", "Claim", "All works"),
        "All works": {"Type": "Succeed"},
        "Claim": {
            "Type": "Pass",
            "Output": expression("$merge([$states.input, {'problems': $problems}])"),
            "Next": "Start",
        },
        **start_itself_states(_CLAIM, "Told today"),
        "Tell": publish_to_topics(
            _TEXT,
            f"({DEFINE_SUBJECT} $subject({_HEADLINE}, ''))",
            "[$append($states.input.topics, $states.input.others)]",
        ),
    },
)
"""The definition of ALERT_CHECK. Its input has rules, topics, others (topics that are alerted and not checked) and
project."""
