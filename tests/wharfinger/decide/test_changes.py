"""Events about writes: why a rollout happens, and what was put right."""

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
    assert (
        "Normal DeploymentChanged: Changed Deployment 'team': spec.template.spec.containers[wharf].image" in here.events
    )


def test_a_newer_operator_s_image_is_a_change_and_no_repair(world):
    here = ready(world)
    here.settings = Settings(image="wharfinger/wharf:0.2.0")
    here.settle()
    what = "spec.template.spec.containers[wharf].image"
    assert here.events[0] == f"Normal DeploymentChanged: Changed Deployment 'team': {what}"


def test_the_operator_s_own_changes_of_secrets_are_no_repairs(world):
    here = ready(world, auth={"users": [{"name": "ci", "rotation": "1"}]})
    here.edit(auth={"users": [{"name": "ci", "rotation": "2"}]})
    here.settle()
    assert not any("ChildRestored" in event for event in here.events)
