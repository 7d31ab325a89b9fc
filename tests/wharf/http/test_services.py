"""The settings in force."""

from wharf.auth.access import AccessPolicy
from wharf.config import Config
from wharf.http.services import Live
from wharf.webhook_settings import Webhook


def test_events_are_told_when_a_webhook_wants_them():
    config = Config(webhooks=[Webhook(name="a", url="http://x"), Webhook(name="b", url="http://x", events=["pull"])])
    live = Live(config, AccessPolicy(None))
    assert live.tells_of("push")
    assert live.tells_of("pull")
    assert not live.tells_of("mount")
    assert not Live(Config(), AccessPolicy(None)).tells_of("push")
