"""The operations that AWS does not have are listed on one page, each with what it does."""

import re

from tests.docs.reference import own_operations


def test_every_operation_that_aws_does_not_have_says_what_it_does() -> None:
    rows = re.findall(r"^\| (\w+) \| (?:reads|writes) \| (.*) \|$", own_operations.page_text(), re.MULTILINE)
    assert len(rows) > 50
    assert [name for name, sentence in rows if len(sentence) < 15] == []
