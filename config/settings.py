"""All settings in one place, as the code is given them.

`config.groups`, `config.permissions` and `config.dialects` have what each of them means;
`config.load` reads their values.
"""

from dataclasses import dataclass

from config.dialects import DialectSettings
from config.groups import (
    AddressSettings,
    DeliverySettings,
    LimitSettings,
    LogSettings,
    ProcessSettings,
    RedisSettings,
)
from config.permissions import PermissionSettings
from config.setting import Description, describe_group


@dataclass(frozen=True, kw_only=True)
class Settings(
    RedisSettings,
    AddressSettings,
    DeliverySettings,
    LimitSettings,
    PermissionSettings,
    DialectSettings,
    ProcessSettings,
    LogSettings,
):
    """All settings, flat."""

    @property
    def needs_push_token(self) -> bool:
        """Whether nobody may push without one."""
        return bool(self.push_tokens or self.push_tokens_file)


GROUPS = Settings.__bases__


def describe() -> list[Description]:
    """All settings in order, for the documentation and its test."""
    return [each for group in GROUPS for each in describe_group(group)]
