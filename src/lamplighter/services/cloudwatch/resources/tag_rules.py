"""State which tags CloudWatch accepts."""

from lamplighter.operations.tags import TOO_MANY_TAGS, UPPER_CASE, TagRules
from lamplighter.services.cloudwatch.errors import InvalidParameterValue

RULES = TagRules(
    UPPER_CASE,
    lambda: InvalidParameterValue(TOO_MANY_TAGS),
    lambda _key: InvalidParameterValue("Tag keys that begin with aws: are reserved."),
)
