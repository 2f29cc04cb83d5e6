"""Store repositories."""

from dataclasses import dataclass

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json, loads
from lamplighter.store.rows import Table

SERVICE = "ecr"


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository."""

    id: int
    account: str
    region: str
    name: str
    created: int
    """Milliseconds since the epoch."""
    tags: dict[str, str]
    body: dict[str, Json]
    """Its settings in the form of the API, and lifecyclePolicyText and policyText if they are set."""

    @property
    def arn(self) -> str:
        """The repository's ARN."""
        return arn.build(SERVICE, self.region, self.account, f"repository/{self.name}")

    @property
    def uri(self) -> str:
        """The repository's URI on AWS, which is the name under which Docker has its images."""
        return f"{self.account}.dkr.ecr.{self.region}.amazonaws.com/{self.name}"


REPOSITORIES = Table("ecr_repositories", Repository, json={"tags": loads, "body": loads})


policy_of = REPOSITORIES.member_by("body", "policyText", "account", "region", "name")
"""Return the policy of a repository that has one; nothing else of its row is read."""
get = REPOSITORIES.find_by("account", "region", "name")
"""Return a repository, or None."""
page = REPOSITORIES.page_by("account", "region", "name")
"""Return repositories by name, after a name."""
insert = REPOSITORIES.insert
"""Store a new repository."""
update = REPOSITORIES.update_by("id")
"""Store a changed repository."""
delete = REPOSITORIES.delete_by("id")
"""Delete the row of a repository."""
