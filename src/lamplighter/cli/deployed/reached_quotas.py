"""Find the quotas of the account that a stack nearly reaches: the applied ones where they may be read.

IAM says how many roles an account has and may have. Service Quotas knows how many rules a bus may have; without its
answer, and for the other types, the default quotas count (`jobs/lint/quotas.py`). See
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html.
"""

from collections import Counter
from collections.abc import Iterator

from lamplighter.cli.call_errors import CALL_ERRORS
from lamplighter.cli.deployed.deployment import Deployment, NotAllowed
from lamplighter.cli.deployed.switched_off import RULES
from lamplighter.cli.doctor.finding import Finding, bad, doubtful
from lamplighter.jobs.lint.quotas import ACCOUNT_QUOTAS

RULES_QUOTA = {"ServiceCode": "events", "QuotaCode": "L-244521F2"}
NEARLY = 0.8
"""The part of a quota from which on it is reported."""


def check_quotas(deployment: Deployment) -> Iterator[Finding]:
    """Report the quotas of which most is used."""
    types = Counter(each.type for each in deployment.resources.values())
    for quota in ACCOUNT_QUOTAS:
        used, most, source = types[quota.type], quota.most, "by default"
        try:
            if quota.type == "AWS::IAM::Role":
                found = deployment.call("iam", "get_account_summary")["SummaryMap"]
                used, most, source = found["Roles"], found["RolesQuota"], "in the account"
            elif quota.type == RULES.type:
                used = len(list(deployment.list_all(RULES.service, RULES.operation)))
                found = deployment.call("service-quotas", "get_service_quota", **RULES_QUOTA)["Quota"]
                most, source = int(found["Value"]), "in the account"
        except (*CALL_ERRORS, NotAllowed):
            source = "by default; the account's quota could not be read"
        if used >= most * NEARLY:
            report = bad if used >= most else doubtful
            yield report("quota", f"{used:,} {quota.what} of {most:,} ({source})", "ask AWS for a higher quota")
