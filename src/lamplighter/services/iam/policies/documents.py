"""Read policy documents from requests, and show them in answers.

Answers have documents in URL encoding: "compliant with RFC 3986". The quotas are those of
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html; white space does not count.
"""

import re
from collections.abc import Callable
from urllib.parse import quote

from lamplighter.base.json_text import Json
from lamplighter.lang.iam_policy.check_policy import MalformedPolicy, parse_policy, parse_trust_policy
from lamplighter.lang.iam_policy.evaluate import VERSION_WITH_VARIABLES
from lamplighter.services.iam.errors import LimitExceeded, MalformedPolicyDocument

MAX_TRUST_LENGTH = 2048
MAX_MANAGED_LENGTH = 6144
MAX_INLINE_LENGTH = 10_240
"""The most characters of all inline policies of a role together."""
_WHITE_SPACE = re.compile(r"\s+")


def check_document(text: str) -> str:
    """Return the text of an identity-based policy. Raises `MalformedPolicyDocument`."""
    _parse(text)
    return text


def _parse(text: str, parse: Callable[[str], Json] = parse_policy) -> Json:
    try:
        return parse(text)
    except MalformedPolicy as error:
        raise MalformedPolicyDocument(error) from None


def check_trust_policy(text: str) -> str:
    """Return the text of a trust policy. Raises `MalformedPolicyDocument` and `LimitExceeded`."""
    _parse(text, parse_trust_policy)
    if counted_length(text) > MAX_TRUST_LENGTH:
        raise LimitExceeded(f"Cannot exceed quota for ACLSizePerRole: {MAX_TRUST_LENGTH}")
    return text


def check_managed_policy(text: str) -> str:
    """Return the text of a managed policy. Raises `MalformedPolicyDocument` and `LimitExceeded`."""
    if _parse(text).get("Version") != VERSION_WITH_VARIABLES:  # an inline policy may have an old version, or none
        raise MalformedPolicyDocument("Policy document must be version 2012-10-17 or greater.")
    if counted_length(text) > MAX_MANAGED_LENGTH:
        raise LimitExceeded(f"Cannot exceed quota for PolicySize: {MAX_MANAGED_LENGTH}")
    return text


def counted_length(text: str) -> int:
    """Return the number of characters that count for the quotas."""
    return len(_WHITE_SPACE.sub("", text))


def encode_document(text: str) -> str:
    """Return a document as answers contain it."""
    return quote(text, safe="")
