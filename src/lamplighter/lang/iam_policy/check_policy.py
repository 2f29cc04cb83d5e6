"""Check the grammar of IAM's policies, with the messages of MalformedPolicyDocument.

See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html. IAM does not check whether
actions and condition keys exist.
"""

import re
from collections.abc import Iterator

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json, loads_unique
from lamplighter.lang.iam_policy.conditions import is_operator
from lamplighter.lang.iam_policy.principals import PRINCIPAL_KINDS
from lamplighter.lang.iam_policy.text_patterns import as_list

SYNTAX = "Syntax errors in policy."
NOT_JSON = "This policy contains invalid Json"
VERSIONS = ("2008-10-17", "2012-10-17")
_POLICY_ELEMENTS = {"Version", "Id", "Statement"}
_STATEMENT_ELEMENTS = {
    *("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Principal", "NotPrincipal")
}
_SID = re.compile(r"[A-Za-z0-9]*")
_ACTION = re.compile(r"\*|[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+")
_TRUST_ACTION = re.compile(r"sts:[A-Za-z*?]+", re.IGNORECASE)


class MalformedPolicy(ValueError):
    """A text that is no policy; the message is IAM's."""


def parse_policy(text: str) -> Json:
    """Return an identity-based policy. Raises `MalformedPolicy`."""
    return _parse(text, is_trust=False)


def parse_trust_policy(text: str) -> Json:
    """Return a role's trust policy. Raises `MalformedPolicy`."""
    return _parse(text, is_trust=True)


def _parse(text: str, *, is_trust: bool) -> Json:
    document = require(loads_unique(text), lambda: MalformedPolicy(NOT_JSON))
    for problem in _problems(document, is_trust=is_trust):
        raise MalformedPolicy(problem)
    return document


def _problems(document: Json, *, is_trust: bool) -> Iterator[str]:
    if not isinstance(document, dict) or not document.keys() <= _POLICY_ELEMENTS:
        yield SYNTAX
        return
    if document.get("Version", VERSIONS[0]) not in VERSIONS:
        yield "The policy must contain a valid version string"
    statements = as_list(document.get("Statement", []))
    if not statements or not all(isinstance(each, dict) for each in statements):
        yield SYNTAX
        return
    for each in statements:
        yield from _statement_problems(each, is_trust=is_trust)
    names = [each["Sid"] for each in statements if each.get("Sid")]
    if len(set(names)) < len(names):
        yield "Statement IDs (SID) in a single policy must be unique."


def _statement_problems(statement: Json, *, is_trust: bool) -> Iterator[str]:
    if not statement.keys() <= _STATEMENT_ELEMENTS:
        yield SYNTAX
        return
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield "Missing required field Effect" if "Effect" not in statement else f"Invalid effect: {statement['Effect']}"
    sid = statement.get("Sid", "")
    if not isinstance(sid, str) or (not is_trust and not _SID.fullmatch(sid)):
        yield (
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
            "[0-9A-Za-z]*"
        )
    yield from _action_problems(statement, is_trust=is_trust)
    yield from _trust_problems(statement) if is_trust else _resource_problems(statement)
    yield from _condition_problems(statement.get("Condition", {}))


def _action_problems(statement: Json, *, is_trust: bool) -> Iterator[str]:
    if "Action" in statement and "NotAction" in statement:
        yield SYNTAX
    actions = as_list(statement.get("Action", statement.get("NotAction", [])))
    if not actions:
        yield "Missing required field Action" if is_trust else "Policy statement must contain actions."
    for each in actions:
        if not isinstance(each, str):
            yield SYNTAX
        elif not _ACTION.fullmatch(each):
            yield "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        elif is_trust and each != "*" and not _TRUST_ACTION.fullmatch(each):
            yield "AssumeRole policy may only specify STS AssumeRole actions."


def _resource_problems(statement: Json) -> Iterator[str]:
    """Yield what is wrong with the resources and principals of an identity-based policy's statement."""
    if "Principal" in statement or "NotPrincipal" in statement:
        yield "Policy document should not specify a principal."
    if "Resource" in statement and "NotResource" in statement:
        yield SYNTAX
    resources = as_list(statement.get("Resource", statement.get("NotResource", [])))
    if not resources:
        yield "Policy statement must contain resources."
    for each in resources:
        if not isinstance(each, str):
            yield SYNTAX
        elif each != "*" and not _is_arn_pattern(each):
            yield f'Resource {each} must be in ARN format or "*".'


def _is_arn_pattern(text: str) -> bool:
    return (text.startswith("arn:") and text.count(":") >= 5) or (text.startswith("arn:") and text.endswith("*"))


def _trust_problems(statement: Json) -> Iterator[str]:
    """Yield what is wrong with the resources and principals of a trust policy's statement."""
    yield from (f"Has prohibited field {name}" for name in ("Resource", "NotResource") if name in statement)
    given = statement.get("Principal", statement.get("NotPrincipal"))
    if given is None:
        yield "Missing required field Principal"
    elif isinstance(given, dict):
        for kind, values in given.items():
            if kind not in PRINCIPAL_KINDS or not all(isinstance(each, str) for each in as_list(values)):
                yield SYNTAX
            for each in as_list(values):
                if kind == "AWS" and not _is_identity(each):
                    yield f'Invalid principal in policy: "AWS":"{each}"'
                if kind == "Service" and "." not in str(each):
                    yield f'Invalid principal in policy: "SERVICE":"{each}"'
    elif given != "*":
        yield f"Invalid principal in policy: {given}"


def _is_identity(text: Json) -> bool:
    return isinstance(text, str) and bool(
        text == "*"
        or re.fullmatch(r"[0-9]{12}", text)
        or re.fullmatch(r"arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:(root|(role|user|assumed-role|federated-user)/.+)", text)
    )


def _condition_problems(block: Json) -> Iterator[str]:
    if not isinstance(block, dict):
        yield SYNTAX
        return
    for operator, keys in block.items():
        if not is_operator(operator):
            yield f"Invalid Condition type : {operator}."
        elif not isinstance(keys, dict) or any(isinstance(each, dict | list) or each is None for each in _values(keys)):
            yield SYNTAX


def _values(keys: Json) -> Iterator[Json]:
    for value in keys.values():
        yield from as_list(value)
