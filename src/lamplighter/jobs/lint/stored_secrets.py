"""Find out whether Parameter Store or Secrets Manager has the secret of a reference, without reading its value.

See https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html and
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html.
"""

from dataclasses import dataclass

from lamplighter.base.aws.secret_references import SSM, parse_reference
from lamplighter.base.json_text import Json


@dataclass(frozen=True, slots=True)
class StoreQuestion:
    """The call that asks a store for a secret."""

    service: str
    operation: str
    params: Json

    def is_stored(self, answer: Json) -> bool:
        """Return whether the answer shows a secret that a task can read; an error is no answer."""
        return bool(answer["Parameters"]) if self.service == SSM else "DeletedDate" not in answer


def ask_store(reference: str) -> StoreQuestion:
    """Return the call that asks for the secret of a reference of a job file."""
    parsed = parse_reference(reference)
    if parsed.service == SSM:
        # `/word` and `word` have the same ARN, which is what a task definition names.
        names = [parsed.name] if parsed.name.startswith("/") else [parsed.name, f"/{parsed.name}"]
        filters = [{"Key": "Name", "Option": "Equals", "Values": names}]
        return StoreQuestion(SSM, "DescribeParameters", {"ParameterFilters": filters})
    secret = ":".join(reference.split(":")[:7]) if reference.startswith("arn:") else parsed.name
    return StoreQuestion(parsed.service, "DescribeSecret", {"SecretId": secret})
