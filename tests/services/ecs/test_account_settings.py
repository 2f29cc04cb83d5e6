"""Account settings: own ones, those of the root user, and AWS's defaults."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.services.ecs.ecs_harness import EcsHarness

ROOT = "arn:aws:iam::123456789012:root"
USER = "arn:aws:iam::123456789012:user/night"


async def effective(harness: EcsHarness, name: str, principal: str = ROOT) -> tuple[str, str]:
    answer = await harness.ecs_call("ListAccountSettings", name=name, principalArn=principal, effectiveSettings=True)
    (setting,) = answer["settings"]
    return setting["value"], setting["principalArn"]


async def test_a_setting_of_a_principal_has_priority_over_the_root_user_s_and_the_default(harness: EcsHarness) -> None:
    name = "containerInsights"
    assert await effective(harness, name, USER) == ("disabled", ROOT)
    await harness.ecs_call("PutAccountSettingDefault", name=name, value="enabled")
    assert await effective(harness, name, USER) == ("enabled", ROOT)
    await harness.ecs_call("PutAccountSetting", name=name, value="enhanced", principalArn=USER)
    assert await effective(harness, name, USER) == ("enhanced", USER)
    assert await effective(harness, name) == ("enabled", ROOT)
    answer = await harness.ecs_call("DeleteAccountSetting", name=name, principalArn=USER)
    assert answer["setting"] == {"name": name, "value": "enabled", "principalArn": USER, "type": "user"}
    assert await effective(harness, name, USER) == ("enabled", ROOT)


async def test_only_changed_settings_are_listed_unless_all_that_hold_are_wanted(harness: EcsHarness) -> None:
    assert (await harness.ecs_call("ListAccountSettings"))["settings"] == []
    await harness.ecs_call("PutAccountSetting", name="fargateTaskRetirementWaitPeriod", value="14")
    answer = await harness.ecs_call("ListAccountSettings")
    assert [(each["name"], each["value"]) for each in answer["settings"]] == [("fargateTaskRetirementWaitPeriod", "14")]
    first = await harness.ecs_call("ListAccountSettings", effectiveSettings=True)
    rest = await harness.ecs_call("ListAccountSettings", effectiveSettings=True, nextToken=first["nextToken"])
    names = [each["name"] for each in first["settings"] + rest["settings"]]
    assert (len(names), names) == (11, sorted(names))
    assert "nextToken" not in rest


async def test_settings_are_filtered_by_name_and_value(harness: EcsHarness) -> None:
    for value, expected in (("enabled", 1), ("disabled", 0)):
        answer = await harness.ecs_call(
            "ListAccountSettings", name="taskLongArnFormat", value=value, effectiveSettings=True
        )
        assert len(answer["settings"]) == expected


@pytest.mark.parametrize(
    ("operation", "params", "message"),
    [
        ("PutAccountSetting", {"name": "awsvpcTrunking", "value": "ENABLED"}, "Invalid setting 'value'"),
        ("PutAccountSettingDefault", {"name": "sideways", "value": "on"}, "Invalid setting 'name'"),
        (
            "PutAccountSetting",
            {"name": "taskLongArnFormat", "value": "disabled"},
            "You can no longer disable Long Arn settings.",
        ),
        (
            "PutAccountSetting",
            {"name": "guardDutyActivate", "value": "on"},
            "The account setting guardDutyActivate is managed by AWS and cannot be changed.",
        ),
        ("DeleteAccountSetting", {"name": "sideways"}, "Invalid setting 'name'"),
        ("ListAccountSettings", {"value": "on"}, "You must specify a setting name if you specify a value."),
        ("ListAccountSettings", {"maxResults": 11}, "maxResults must be between 1 and 10"),
    ],
)
async def test_wrong_settings_are_refused(harness: EcsHarness, operation: str, params: Json, message: str) -> None:
    with pytest.raises(AwsError) as caught:
        await harness.ecs_call(operation, **params)
    assert (caught.value.code, caught.value.message) == ("InvalidParameterException", message)


async def test_new_clusters_have_the_container_insights_of_the_account(harness: EcsHarness) -> None:
    await harness.ecs_call("PutAccountSettingDefault", name="containerInsights", value="enhanced")
    cluster = (await harness.ecs_call("CreateCluster", clusterName="a"))["cluster"]
    assert cluster["settings"] == [{"name": "containerInsights", "value": "enhanced"}]
    changed = {"cluster": "a", "settings": [{"name": "containerInsights", "value": "disabled"}]}
    cluster = (await harness.ecs_call("UpdateClusterSettings", **changed))["cluster"]
    assert cluster["settings"] == [{"name": "containerInsights", "value": "disabled"}]
