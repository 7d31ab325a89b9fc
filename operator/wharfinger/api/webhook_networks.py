"""Where the endpoints of a Registry's webhooks may be.

Rule: it stands in the Registry, not in the RegistryWebhook: who may write a webhook does not open the network to it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from wharfinger.api.meta import SET, Model, Rule, checked


class WebhookNetworks(Model, frozen=True, kw_only=True):
    """Where the endpoints of webhooks may be."""

    private: Annotated[
        Literal["Allow", "Refuse"],
        Meta(
            description="Private addresses, such as those of Services and pods. Loopback, link-local, multicast, "
            "reserved and metadata addresses are refused in any case."
        ),
    ] = "Allow"
    allow: Annotated[
        tuple[
            Annotated[
                str,
                checked(
                    Rule("isCIDR(self)", "not a network: write it as 10.1.0.0/16 or fd00::/8"),
                    min_length=1,
                    max_length=64,
                ),
            ],
            ...,
        ],
        Meta(description="Networks that are allowed whatever else holds.", max_length=32),
        SET,
    ] = ()
