"""A state for each reason that a condition about a webhook gives, and what its message has to say."""

from tests.wharfinger.decide.states import NOW, entering, hook, hooked, report, start

from wharfinger.api.reasons import Reason
from wharfinger.decide.deliveries import orphan
from wharfinger.decide.observed import FileReport, WebhookReport

STATES = []
state = entering(STATES)


# WebhooksReady, and the two conditions of a RegistryWebhook
FAILED = WebhookReport(
    delivered=1, pending=2, dead=1, last_error_at="2026-03-01T11:00:00Z", last_error="503 Service Unavailable"
)
for _condition in ("WebhooksReady", "RegistryWebhook Ready"):
    _found = 0 if _condition == "WebhooksReady" else 1

    def _behind(world, found=_found, **changes):
        here, manifest = hooked(world, hook())
        report(here, configuration=FileReport("older", **changes))
        return (here, manifest)[found]

    state(_condition, Reason.CONFIGURATION_PENDING, "delete the pod")(_behind)


@state("WebhooksReady", Reason.WEBHOOK_UNHEALTHY, "RegistryWebhook 'deploy'", "check that the endpoint is up")
def webhook_unhealthy(world):
    return hooked(world, hook(), FAILED)[0]


@state("RegistryWebhook Ready", Reason.CONFIGURATION_REJECTED, "that will not do: ", "the operator's own release")
def webhook_rejected(world):
    return _behind(world, 1, error="that will not do")


@state("RegistryWebhook Ready", Reason.REGISTRY_NOT_FOUND, "create it, or correct spec.registryRef.name")
def registry_not_found(world):
    manifest = hook()
    manifest["status"] = orphan(manifest, NOW)
    return manifest


@state("RegistryWebhook Ready", Reason.REGISTRY_PAUSED, "set its spec.paused to false")
def registry_paused(world):
    here = start(world)
    here.edit(paused=True)
    manifest = hook()
    here.change(webhooks=(manifest,))
    here.settle()
    return manifest


for _condition in ("RegistryWebhook Ready", "RegistryWebhook Delivering"):
    for _reason, _says, _spec in (
        (Reason.INVALID_SPEC, "spec.timeout", {"timeout": "soon"}),
        (
            Reason.HEADER_MISSING,
            "create it with the header's value",
            {"headersFrom": [{"name": "Authorization", "secretName": "hook", "key": "token"}]},
        ),
        (Reason.CA_MISSING, "create it with the CA under 'ca.crt'", {"tls": {"ca": {"configMapName": "ca"}}}),
        (
            Reason.CLIENT_CERTIFICATE_UNUSABLE,
            "put a PEM certificate into tls.crt and its key into tls.key",
            {"tls": {"clientCertificate": {"secretName": "mine"}}},
        ),
        (
            Reason.SIGNING_SECRET_UNUSABLE,
            "create it with a signing secret under 'secret'",
            {"signing": {"secretName": "mine"}},
        ),
    ):
        state(_condition, _reason, _says)(lambda world, spec=_spec: hooked(world, hook(**spec))[1])
state("RegistryWebhook Delivering", Reason.SUSPENDED, "set it to false to send them")(
    lambda world: hooked(world, hook(suspend=True))[1]
)
state("RegistryWebhook Delivering", Reason.NOTHING_SENT, "no event has been sent yet")(
    lambda world: hooked(world, hook(), WebhookReport(delivered=0, pending=0, dead=0))[1]
)
state("RegistryWebhook Delivering", Reason.DELIVERY_FAILING, "check that the endpoint is up", "spec.replay")(
    lambda world: hooked(world, hook(), FAILED)[1]
)
state("RegistryWebhook Delivering", Reason.REGISTRY_NOT_FOUND, "create it, or correct spec.registryRef.name")(
    registry_not_found
)
