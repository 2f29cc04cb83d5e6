"""Handle the operations on account settings.

A setting of a principal has priority over that of the root user, and this over AWS's default. A request without a
principal means the root user, because the engine does not know who calls. `containerInsights` is the default of new
clusters. The others are kept and shown: ARNs have the long format, which AWS no longer lets anybody disable, and logs
are always written in the mode `blocking`, which loses nothing.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.operations.paging import list_page
from lamplighter.services.ecs import arns
from lamplighter.services.ecs.errors import InvalidParameter
from lamplighter.services.ecs.paging import page_size
from lamplighter.services.ecs.tables import account_settings
from lamplighter.services.ecs.tables.account_settings import AccountSetting
from lamplighter.store.db import Reader, Tx

CONTAINER_INSIGHTS = "containerInsights"
AWS_MANAGED = "guardDutyActivate"
"""The setting that only AWS changes."""
MAX_PAGE_SIZE = 10


@dataclass(frozen=True, slots=True)
class SettingRule:
    """The default of a setting, and the values that it may have."""

    default: str
    values: tuple[str, ...]


_SWITCH = ("enabled", "disabled")
_LONG_ARNS = SettingRule("enabled", _SWITCH)
SETTINGS: Mapping[str, SettingRule] = {
    "awsvpcTrunking": SettingRule("disabled", _SWITCH),
    CONTAINER_INSIGHTS: SettingRule("disabled", ("enabled", "disabled", "enhanced")),
    "containerInstanceLongArnFormat": _LONG_ARNS,
    "defaultLogDriverMode": SettingRule("non-blocking", ("blocking", "non-blocking")),
    "fargateEventWindows": SettingRule("disabled", _SWITCH),
    "fargateFIPSMode": SettingRule("disabled", _SWITCH),
    "fargateTaskRetirementWaitPeriod": SettingRule("7", ("0", "7", "14")),
    AWS_MANAGED: SettingRule("off", ("on", "off")),
    "serviceLongArnFormat": _LONG_ARNS,
    "tagResourceAuthorization": SettingRule("on", ("on", "off")),
    "taskLongArnFormat": _LONG_ARNS,
}


def put_setting(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle PutAccountSetting."""
    return _put(tx, caller, params, params.get("principalArn") or _root(caller))


def put_default(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle PutAccountSettingDefault: change the setting of the root user."""
    return _put(tx, caller, params, _root(caller))


def delete_setting(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle DeleteAccountSetting: the principal has the setting of the root user, or the default, again."""
    name, principal = _known_name(params["name"]), params.get("principalArn") or _root(caller)
    account_settings.delete(tx, arns.owner_key(caller), principal, name)
    return {
        "setting": _setting_to_api(AccountSetting("", principal, name, _effective(tx, caller, name, principal).value))
    }


def list_settings(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListAccountSettings: the settings of a principal that were changed, or with `effectiveSettings` all."""
    size = page_size(params, MAX_PAGE_SIZE)
    if params.get("value") and not params.get("name"):
        raise InvalidParameter("You must specify a setting name if you specify a value.")
    names = [_known_name(params["name"])] if params.get("name") else sorted(SETTINGS)
    wanted = [name for name in names if name > (params.get("nextToken") or "")]
    found = (
        setting
        for setting in _listed(reader, caller, params, wanted)
        if params.get("value") in (None, "", setting.value)
    )
    return list_page("settings", found, size, _setting_to_api, lambda setting: setting.name)


def _listed(reader: Reader, caller: Caller, params: Json, names: list[str]) -> Iterator[AccountSetting]:
    principal = params.get("principalArn") or _root(caller)
    if params.get("effectiveSettings"):
        yield from (_effective(reader, caller, name, principal) for name in names)
        return
    for setting in account_settings.of_owner(reader, arns.owner_key(caller)):
        if setting.principal == principal and setting.name in names:
            yield setting


def default_insights(reader: Reader, caller: Caller) -> str:
    """Return whether a new cluster has Container Insights: `enabled`, `disabled` or `enhanced`."""
    return _effective(reader, caller, CONTAINER_INSIGHTS, _root(caller)).value


def _put(tx: Tx, caller: Caller, params: Json, principal: str) -> Json:
    name, value = _known_name(params["name"]), params["value"]
    if name == AWS_MANAGED:
        raise InvalidParameter(f"The account setting {AWS_MANAGED} is managed by AWS and cannot be changed.")
    if value not in SETTINGS[name].values:
        raise InvalidParameter("Invalid setting 'value'")
    if name.endswith("LongArnFormat") and value == "disabled":
        raise InvalidParameter("You can no longer disable Long Arn settings.")
    setting = AccountSetting(arns.owner_key(caller), principal, name, value)
    account_settings.put(tx, setting)
    return {"setting": _setting_to_api(setting)}


def _known_name(name: str) -> str:
    if name not in SETTINGS:
        raise InvalidParameter("Invalid setting 'name'")
    return name


def _effective(reader: Reader, caller: Caller, name: str, principal: str) -> AccountSetting:
    """Return the setting that holds for a principal: its own, that of the root user, or the default."""
    owner, root = arns.owner_key(caller), _root(caller)
    changed = {each.principal: each for each in account_settings.of_owner(reader, owner) if each.name == name}
    default = AccountSetting(owner, root, name, SETTINGS[name].default)
    return changed.get(principal) or changed.get(root) or default


def _root(caller: Caller) -> str:
    return f"arn:aws:iam::{caller.account}:root"


def _setting_to_api(setting: AccountSetting) -> Json:
    kind = "aws_managed" if setting.name == AWS_MANAGED else "user"
    return {"name": setting.name, "value": setting.value, "principalArn": setting.principal, "type": kind}
