"""A right that the operator lacks is found in the API server's record; other refusals are not taken for one."""

import json

from e2e.rights import OPERATOR, missing


def entry(decision, code, username=OPERATOR, **where):
    return {
        "user": {"username": username}, "verb": "patch", "responseStatus": {"code": code},
        "objectRef": {"resource": "secrets", "namespace": "ci", **where},
        "annotations": {"authorization.k8s.io/decision": decision},
    }  # fmt: skip


def test_only_what_was_denied_to_the_account_counts_and_each_once(tmp_path):
    entries = [
        entry("allow", 403),  # a quota, a policy, a namespace that is going
        entry("forbid", 403, username="somebody"),
        entry("forbid", 403),
        entry("forbid", 403),
        entry("forbid", 403, subresource="status", namespace=None),
    ]
    log = tmp_path / "audit.log"
    log.write_text("".join(json.dumps(one) + "\n" for one in entries) + '{"half of a li')
    assert missing(log, OPERATOR) == ["patch secrets in ci", "patch secrets/status in all"]
