"""The tags of alarms."""

import pytest

from lamplighter.base.errors import AwsError
from tests.engine_harness import ACCOUNT, REGION
from tests.services.cloudwatch.cloudwatch_harness import CloudWatchHarness

ALARM = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:"


def test_the_tags_of_an_alarm_are_changed_and_listed(harness: CloudWatchHarness) -> None:
    harness.put_alarm(Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    arn = f"{ALARM}alarm"
    harness.cloudwatch("TagResource", ResourceARN=arn, Tags=[{"Key": "b", "Value": "3"}])
    harness.cloudwatch("UntagResource", ResourceARN=arn, TagKeys=["a"])
    harness.restart()
    assert harness.cloudwatch("ListTagsForResource", ResourceARN=arn) == {"Tags": [{"Key": "b", "Value": "3"}]}


def test_a_deleted_alarm_has_no_tags_but_another_resource_is_an_error(harness: CloudWatchHarness) -> None:
    """Recorded for alarms."""
    assert harness.cloudwatch("ListTagsForResource", ResourceARN=f"{ALARM}none") == {"Tags": []}
    for arn in (f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/none", f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:none"):
        with pytest.raises(AwsError) as caught:
            harness.cloudwatch("ListTagsForResource", ResourceARN=arn)
        assert (caught.value.code, caught.value.message) == ("ResourceNotFoundException", f"{arn} does not exist")
