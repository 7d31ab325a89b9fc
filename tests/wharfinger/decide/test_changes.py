"""Events about writes: why a rollout happens, and what was put right."""

import base64

import pytest

from wharfinger.decide.observed import Settings


def ready(world, **spec):
    here = world(spec)
    here.settle()
    here.events.clear()
    return here


def test_a_first_deployment_is_told_and_nothing_counts_as_restored(world):
    here = world()
    here.settle()
    assert any("DeploymentCreated" in event for event in here.events)
    assert not any("ChildRestored" in event for event in here.events)


def test_a_deleted_child_that_comes_back_is_told(world):
    here = ready(world)
    here.remove("Service", "team")
    here.settle()
    assert here.events == ["Normal ChildRestored: Put Service 'team' right: it was missing"]


def test_a_changed_child_that_is_put_right_is_told_by_its_first_difference(world):
    here = ready(world)
    live = here.child("Deployment", "team")
    live["spec"]["template"]["spec"]["containers"][0]["image"] = "evil:1"
    live["spec"]["replicas"] = 3
    here.step()
    assert here.events == [
        "Normal ChildRestored: Put Deployment 'team' right: spec.replicas and 1 more had been changed"
    ]


def test_a_rollout_that_the_user_asked_for_names_its_first_difference(world):
    here = ready(world)
    here.edit(image="wharf:2")
    here.settle()
    what = "spec.template.spec.containers[wharf].image"
    assert f"Normal DeploymentChanged: Changed Deployment 'team': {what}, as the spec asks" in here.events


def test_a_newer_operator_s_image_is_a_change_and_no_repair(world):
    here = ready(world)
    here.settings = Settings(image="wharfinger/wharf:0.2.0")
    here.settle()
    what = "spec.template.spec.containers[wharf].image"
    assert here.events[0] == (
        f"Normal DeploymentChanged: Changed Deployment 'team': {what}, as this release of the operator asks"
    )


@pytest.mark.parametrize(
    ("name", "key"), [("team-htpasswd", "htpasswd"), ("team-config", "config.yaml"), ("team-tls", "tls.crt")]
)
def test_a_value_that_somebody_wrote_into_a_secret_of_ours_is_told(world, name, key):
    here = ready(world)
    live = here.child("Secret", name)
    live["data"][key] = "anVuaw=="
    live["metadata"]["managedFields"] = [{"manager": "kubectl-patch", "fieldsV1": {"f:data": {f"f:{key}": {}}}}]
    live["metadata"]["resourceVersion"] = "999"
    here.settle()
    restored = [event for event in here.events if "ChildRestored" in event]
    assert len(restored) == 1
    assert f"Put Secret '{name}' right: data.{key}" in restored[0]


def test_a_generated_password_that_somebody_replaced_is_told(world):
    here = ready(world)
    live = here.child("Secret", "team-user-admin")
    live["data"]["password"] = base64.b64encode(b"mine").decode()
    live["metadata"]["resourceVersion"] = "999"
    here.settle()
    told = "The password of user 'admin' was replaced, as Secret 'team-user-admin' says"
    assert [event for event in here.events if "Password" in event] == [f"Normal PasswordChanged: {told}"]


def test_the_operator_s_own_changes_of_secrets_are_no_repairs(world):
    here = ready(world, auth={"users": [{"name": "ci", "rotation": "1"}]})
    here.edit(auth={"users": [{"name": "ci", "rotation": "2"}]})
    here.settle()
    assert not any("ChildRestored" in event for event in here.events)
