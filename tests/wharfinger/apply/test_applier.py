"""A plan is carried out in its order, on the very objects that it was made for."""

from typing import Any

import pytest
from aiohttp import web
from tests.wharfinger.apply.conftest import LABELS, TEAM, child

from wharfinger.apply.applier import REFRESHED, Outcome
from wharfinger.decide.deletion_cost import DELETION_COST
from wharfinger.decide.plan import Event, Plan, Reference, Removal
from wharfinger.kube.cache import Key
from wharfinger.kube.resources import CLAIM, CONFIG_MAP, DEPLOYMENT, EVENT, POD, REGISTRY, SECRET, SERVICE

KEY = Key("ci", "team")
MADE = Event("Normal", "DeploymentCreated", "Created", TEAM)
WRONG = Event("Warning", "Refused", "Was refused", TEAM)


def refusal(code: int, message: str) -> Any:
    return lambda: web.json_response({"message": message}, status=code)


@pytest.fixture(autouse=True)
def seen_to(registry, api) -> None:
    api.calls.clear()


async def test_children_are_applied_in_the_plans_order_and_known_at_once(api, cache, registry, applier) -> None:
    plan = Plan(apply=(child(SECRET, "team-tls"), child(DEPLOYMENT, "team")), events=(MADE,))
    outcome = await applier.carry_out({**registry, "status": {}}, plan)
    assert api.seen("apply") == [
        "apply /api/v1/namespaces/ci/secrets/team-tls",
        "apply /apis/apps/v1/namespaces/ci/deployments/team",
    ]
    assert (outcome.writes, outcome.failures, outcome.again) == (2, [], 0.0)
    assert set(cache.children(KEY)) == {("Secret", "team-tls"), ("Deployment", "team")}


async def test_force_is_for_what_is_ours(api, cache, registry, applier) -> None:
    cache.put(SERVICE, api.put(SERVICE, child(SERVICE, "team")))
    await applier.carry_out(registry, Plan(apply=(child(SERVICE, "team"), child(CONFIG_MAP, "team-ca"))))
    assert [call.query["force"] for call in api.calls if call.verb == "apply"] == ["true", "false"]


async def test_another_ones_object_is_not_overwritten(api, registry, applier) -> None:
    api.put(DEPLOYMENT, {"metadata": {"name": "team", "annotations": {"foreign": ""}}, "spec": {"theirs": True}})
    outcome = await applier.carry_out(registry, Plan(apply=(child(DEPLOYMENT, "team", spec={}),)))
    assert "remove it, or choose another name" in outcome.failures[0].message
    assert api.objects["deployments", "ci", "team"]["spec"] == {"theirs": True}


@pytest.mark.parametrize("change", ["gone", "deleted", "made again"])
async def test_nothing_is_written_for_a_registry_that_no_longer_stands(
    api, cache, registry, applier, change: str
) -> None:
    if change == "gone":
        cache.stores[REGISTRY].drop(KEY, 10_000)
    else:
        mark = {"deletionTimestamp": "2026-03-01T12:00:00Z"} if change == "deleted" else {"uid": "another"}
        metadata = {**registry["metadata"], **mark, "resourceVersion": "5000"}
        cache.put(REGISTRY, {**registry, "metadata": metadata})
    plan = Plan(
        apply=(child(DEPLOYMENT, "team"),),
        delete=(Reference("v1", "Secret", "old"),),
        statuses={TEAM: {"url": "y"}},
        events=(MADE,),
        poke=("team-0",),
    )
    await applier.carry_out(registry, plan)
    assert api.calls == []


async def test_a_permanent_refusal_is_remembered_and_the_rest_goes_on(api, registry, applier) -> None:
    api.fail("apply", refusal(403, "exceeded quota: q"), "persistentvolumeclaims")
    plan = Plan(apply=(child(CLAIM, "team"), child(DEPLOYMENT, "team")), events=(MADE, WRONG))
    outcome = await applier.carry_out({**registry, "status": {}}, plan)
    assert outcome.again == 0.0, "the status has to tell"
    assert outcome.failures[0].permanent
    assert "ResourceQuota" in applier.refusals.of(KEY)["PersistentVolumeClaim", "team"]
    assert ("deployments", "ci", "team") in api.objects
    told = [obj["reason"] for (plural, _, _), obj in api.objects.items() if plural == EVENT.plural]
    assert told == ["Refused"], "what did not come about is not told"
    again = await applier.carry_out({**registry, "status": {}}, Plan(apply=(child(CLAIM, "team"),)))
    assert (again.failures, again.again) == ([], 0.0)
    assert applier.refusals.of(KEY) == {}


async def test_after_a_secret_that_could_not_be_written_nothing_tells_of_it(api, registry, applier) -> None:
    api.fail("apply", refusal(500, "etcd is away"), "team-htpasswd", times=4)
    plan = Plan(apply=(child(SECRET, "team-htpasswd"), child(SECRET, "team-pull")))
    outcome = await applier.carry_out({**registry, "status": {}}, plan)
    assert [failure.permanent for failure in outcome.failures] == [False]
    assert ("secrets", "ci", "team-pull") not in api.objects


async def test_lost_labels_are_given_back_before_anything_is_decided_on(api, registry, applier) -> None:
    lost = child(SECRET, "team-user-admin", data={"password": "b2xk"})
    lost["metadata"]["labels"] = {}
    api.put(SECRET, lost)
    plan = Plan(apply=(child(SECRET, "team-user-admin", data={"password": "bmV3"}),))
    outcome = await applier.carry_out(registry, plan)
    assert outcome.again == 0.0
    assert api.seen("apply") == []
    assert api.objects["secrets", "ci", "team-user-admin"]["data"] == {"password": "b2xk"}
    assert api.objects["secrets", "ci", "team-user-admin"]["metadata"]["labels"] == LABELS


async def test_only_the_very_object_that_was_seen_is_deleted(api, cache, registry, applier) -> None:
    cache.put(SECRET, api.put(SECRET, child(SECRET, "team-user-old")))
    plan = Plan(delete=(Reference("v1", "Secret", "team-user-old"), Reference("v1", "Secret", "never-seen")))
    api.put(SECRET, {"metadata": {"name": "team-user-old", "uid": "made again"}})
    outcome = await applier.carry_out(registry, plan)
    assert (outcome.writes, outcome.failures) == (0, [])
    assert ("secrets", "ci", "team-user-old") in api.objects
    assert len(api.seen("delete")) == 1
    cache.put(SECRET, api.objects["secrets", "ci", "team-user-old"])
    outcome = await applier.carry_out(registry, Plan(delete=(Reference("v1", "Secret", "team-user-old"),)))
    assert outcome.writes == 0, "it has lost its label: not ours any more"


async def test_a_status_is_written_whole_and_only_when_it_differs(api, cache, registry, applier) -> None:
    status = {"url": "y", "conditions": ({"type": "Ready", "status": "True"},)}
    outcome = await applier.carry_out(registry, Plan(statuses={TEAM: status}))
    assert outcome.writes == 1
    call = api.calls[0]
    assert str(call) == "apply /apis/wharfinger.dev/v1/namespaces/ci/registries/team/status"
    assert call.body["metadata"]["uid"] == "uid-team"
    fresh = cache.registry(KEY)
    assert fresh is not None
    assert fresh["status"]["conditions"] == [{"type": "Ready", "status": "True"}]
    again = await applier.carry_out(fresh, Plan(statuses={TEAM: status}))
    assert (again.writes, len(api.calls)) == (0, 1), "tuple or list: it is the same"


@pytest.mark.parametrize("status", [{}, {"conditions": [{"type": "Ready", "status": "False"}]}], ids=["new", "unready"])
async def test_while_a_registry_is_made_one_status_does_for_several_looks(api, registry, applier, status) -> None:
    registry = {**registry, "status": status}
    plan = Plan(apply=(child(CONFIG_MAP, "team-ca"),), statuses={TEAM: {"url": "y"}})
    for _ in range(3):
        outcome = await applier.carry_out(registry, plan)
        assert outcome.again == 0.0
    assert "registries" not in "".join(api.seen("apply"))
    await applier.carry_out(registry, plan)
    assert api.seen("apply")[-1].endswith("registries/team/status"), "but not for ever"
    api.calls.clear()
    wrong = Plan(apply=plan.apply, statuses={TEAM: {"url": "z"}}, events=(WRONG,))
    await applier.carry_out(registry, wrong)
    assert api.seen("apply")[-1].endswith("registries/team/status"), "a complaint does not wait"


async def test_what_was_made_for_a_new_registry_is_told_in_one_event_after_its_status(api, registry, applier) -> None:
    registry = {**registry, "status": {}}
    user = Event("Normal", "UserCreated", "Generated a password", TEAM)
    await applier.carry_out(registry, Plan(apply=(child(SECRET, "team-tls"),), events=(user,)))
    await applier.carry_out(registry, Plan(apply=(child(DEPLOYMENT, "team"),), events=(MADE,)))
    assert api.seen("create") == []
    await applier.carry_out(registry, Plan(statuses={TEAM: {"url": "y"}}, events=(WRONG,)))
    told = [(obj["reason"], obj["message"]) for (plural, _, _), obj in api.objects.items() if plural == EVENT.plural]
    assert told == [("Created", "Generated a password; Created"), ("Refused", "Was refused")]
    assert [call.verb for call in api.calls][-3:] == ["apply", "create", "create"]


async def test_what_happens_to_a_registry_that_was_there_is_told_at_once(api, registry, applier) -> None:
    await applier.carry_out(registry, Plan(apply=(child(SECRET, "team-tls"),), events=(MADE,)))
    assert len(api.seen("create")) == 1


@pytest.mark.parametrize("code", [404, 409])
async def test_a_status_for_an_object_that_is_gone_is_let_go(api, registry, applier, code: int) -> None:
    api.fail("apply", refusal(code, "gone"))
    outcome = await applier.carry_out(registry, Plan(statuses={TEAM: {"url": "y"}}))
    assert outcome.failures == []
    assert outcome.again == (1.0 if code == 409 else None), "it may have been somebody else's write at the same time"


async def test_what_may_be_there_already_is_not_written_but_told_when_it_cannot_be_asked_for(
    api, registry, applier
) -> None:
    api.fail("get", refusal(403, 'User "operator" cannot get resource "deployments"'), "deployments")
    plan = Plan(apply=(child(DEPLOYMENT, "team"),), statuses={TEAM: {"url": "y"}})
    outcome = await applier.carry_out(registry, plan)
    assert api.seen("apply") == ["apply /apis/wharfinger.dev/v1/namespaces/ci/registries/team/status"]
    assert outcome.again == 0.0
    assert "the operator lacks this right" in applier.refusals.of(KEY)["Deployment", "team"]


async def test_a_status_that_cannot_be_written_is_a_failure(api, registry, applier) -> None:
    api.fail("apply", refusal(422, "status.url: too long"))
    outcome = Outcome()
    await applier.write_status(registry, {"url": "y" * 9}, outcome)
    assert [failure.name for failure in outcome.failures] == ["team (status)"]


async def test_a_pod_is_poked_by_an_annotation_and_not_too_often(api, cache, registry, applier) -> None:
    cache.put(POD, api.put(POD, child(POD, "team-0")))
    plan = Plan(poke=("team-0", "gone"))
    first = await applier.carry_out(registry, plan)
    assert (first.writes, first.again) == (1, None)
    assert api.objects["pods", "ci", "team-0"]["metadata"]["annotations"] == {
        REFRESHED: "2026-03-01T12:00:00.000+00:00"
    }
    second = await applier.carry_out(registry, plan)
    assert second.writes == 0
    assert second.again is not None
    assert 0 < second.again <= 1


async def test_pods_are_given_costs_before_there_are_to_be_fewer(api, cache, registry, applier) -> None:
    cache.put(POD, api.put(POD, child(POD, "team-0")))
    costs = {"team-0": "100", "gone": "100"}
    outcome = await applier.carry_out(registry, Plan(apply=(child(DEPLOYMENT, "team"),), costs=costs))
    assert [call.verb for call in api.calls if call.verb != "get"] == ["patch", "apply"]
    assert (outcome.writes, outcome.failures) == (2, [])
    assert api.objects["pods", "ci", "team-0"]["metadata"]["annotations"] == {DELETION_COST: "100"}


async def test_a_cost_is_taken_off_again_and_who_puts_it_back_is_not_followed_at_once(
    api, cache, registry, applier
) -> None:
    left = []
    for _ in range(2):
        marked = child(POD, "team-0")
        marked["metadata"] = {**marked["metadata"], "annotations": {DELETION_COST: "100"}}
        cache.put(POD, api.put(POD, marked))
        outcome = await applier.carry_out(registry, Plan(costs={"team-0": None}))
        left.append(api.objects["pods", "ci", "team-0"]["metadata"]["annotations"])
    assert left == [{}, {DELETION_COST: "100"}]
    assert outcome.again is not None
    assert 0 < outcome.again <= 1


@pytest.mark.parametrize("code", [404, 409])
async def test_a_pod_that_goes_meanwhile_needs_no_cost(api, cache, registry, applier, code: int) -> None:
    cache.put(POD, api.put(POD, child(POD, "team-0")))
    api.fail("patch", refusal(code, "gone"))
    outcome = await applier.carry_out(registry, Plan(costs={"team-0": "100"}))
    assert (outcome.writes, outcome.failures) == (0, [])


async def test_a_policy_that_refuses_annotations_of_pods_keeps_nothing_else_back(api, cache, registry, applier) -> None:
    cache.put(POD, api.put(POD, child(POD, "team-0")))
    api.fail("patch", refusal(403, "admission webhook denied the request"), "pods")
    plan = Plan(apply=(child(DEPLOYMENT, "team"),), costs={"team-0": "100"})
    outcome = await applier.carry_out(registry, plan)
    assert [(failure.kind, failure.permanent) for failure in outcome.failures] == [("Pod", True)]
    assert ("deployments", "ci", "team") in api.objects
    assert applier.refusals.of(KEY) == {}, "no child was refused"


async def test_what_others_added_is_removed_by_a_patch_of_the_very_object(api, cache, registry, applier) -> None:
    cache.put(SECRET, api.put(SECRET, {**child(SECRET, "team-tls"), "data": {"more": "eA=="}}))
    removal = Removal(Reference("v1", "Secret", "team-tls"), {"data": {"more": None}})
    gone = Removal(Reference("v1", "Secret", "never-seen"), {"data": {"more": None}})
    outcome = await applier.carry_out(registry, Plan(remove=(removal, gone)))
    assert api.seen("patch") == ["patch /api/v1/namespaces/ci/secrets/team-tls"]
    assert (outcome.writes, outcome.failures) == (1, [])
    assert "more" not in api.objects["secrets", "ci", "team-tls"]["data"]
