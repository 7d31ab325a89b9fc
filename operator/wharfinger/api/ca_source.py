"""Where CAs of others are: those of clients that connect, and of endpoints that are connected to.

Rule: in one object of the namespace, a ConfigMap or a Secret.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from wharfinger.api.meta import DataKey, Model, ObjectName, Rule


class CaSource(Model, frozen=True, kw_only=True):
    """CAs in a ConfigMap or a Secret of the namespace."""

    rules: ClassVar = (
        Rule(
            "has(self.configMapName) != has(self.secretName)",
            "the CA is in one place: set configMapName or secretName, not both",
        ),
    )

    config_map_name: Annotated[ObjectName | None, Meta(description="ConfigMap that holds them.")] = None
    secret_name: Annotated[ObjectName | None, Meta(description="Secret that holds them.")] = None
    key: Annotated[DataKey, Meta(description="Key in its data.")] = "ca.crt"
