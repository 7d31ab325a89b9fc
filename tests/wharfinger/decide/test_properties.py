"""Whatever is asked for, in whatever order, and wherever the operator is killed: what holds for every decision."""

import datetime as dt

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.wharfinger.decide.conftest import World

CLAIM = "PersistentVolumeClaim"
USERS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["a", "b", "CI_Bot@x"])},
        optional={"rotation": st.sampled_from(["1", "2"]), "revoke": st.sampled_from(["1", "2"])},
    ),
    max_size=3,
    unique_by=lambda user: user["name"],
)
TLS = st.sampled_from(
    [{}, {"issuer": "Disabled"}, {"hosts": ["r.example.com"]}, {"selfSigned": {"rotation": "2"}},
     {"issuer": "Secret", "secretName": "missing"}]
)  # fmt: skip
STORAGE = st.fixed_dictionaries(
    {},
    optional={
        "size": st.sampled_from(["1Gi", "5Gi", "20Gi"]),
        "storageClassName": st.sampled_from(["standard", "fast"]),
        "onDelete": st.sampled_from(["Retain", "Delete"]),
        "accessModes": st.sampled_from([["ReadWriteOnce"], ["ReadWriteMany"]]),
        "existingClaim": st.sampled_from(["theirs"]),
    },
)
EDIT = st.fixed_dictionaries(
    {},
    optional={
        "auth": st.fixed_dictionaries({"users": USERS, "rotationOverlap": st.sampled_from(["0s", "1h", "24h"])}),
        "tls": TLS,
        "storage": STORAGE,
        "replicas": st.integers(0, 2),
        "paused": st.booleans(),
        "hibernate": st.booleans(),
        "networkPolicy": st.sampled_from([{}, {"mode": "None"}]),
        "ingress": st.sampled_from([None, {"className": "nginx"}]),
    },
)
EDITS = st.lists(st.tuples(EDIT, st.one_of(st.none(), st.integers(0, 6)), st.integers(0, 48)), min_size=1, max_size=4)
MANY = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def lived(edits):
    """A Registry that was edited again and again: the time goes on, and the operator is killed here and there."""
    here = World({"auth": {"users": [{"name": "a"}]}})
    for edit, writes, hours in edits:
        here.edit(**{field: value for field, value in edit.items() if value is not None})
        here.step(writes)
        here.now += dt.timedelta(hours=hours)
        here.run_pods()
        here.step()
    return here


@MANY
@given(EDITS)
def test_what_it_does_comes_to_an_end_and_a_second_look_does_nothing(edits):
    here = lived(edits)
    here.settle()
    plan = here.step()
    assert (plan.apply, plan.remove, plan.delete, dict(plan.statuses), plan.events) == ((), (), (), {}, ())


@MANY
@given(EDITS)
def test_once_only_a_status_was_left_to_write_another_look_does_nothing(edits):
    """So the answer to a write of status need not be looked at."""
    here = lived(edits)
    for _ in range(12):
        here.run_pods()
        plan = here.step()
        if not (plan.apply or plan.remove or plan.delete):
            break
    plan = here.step()
    assert (plan.apply, plan.remove, plan.delete, dict(plan.statuses)) == ((), (), (), {})


@MANY
@given(EDITS)
def test_no_claim_is_ever_deleted_and_none_shrinks(edits):
    here = lived(edits)
    here.settle()
    assert not [reference for plan in here.plans for reference in plan.delete if reference.kind == CLAIM]
    sizes: dict[str, int] = {}
    for plan in here.plans:
        for child in plan.apply:
            if child["kind"] == CLAIM:
                name, size = child["metadata"]["name"], child["spec"]["resources"]["requests"]["storage"]
                assert int(size.removesuffix("Gi")) >= sizes.get(name, 0)
                sizes[name] = int(size.removesuffix("Gi"))


@MANY
@given(EDITS)
@example([({}, None, 0), ({"tls": {"issuer": "Disabled"}}, None, 0)])  # its Secret goes
def test_the_deployment_mounts_only_what_is_there(edits):
    here = lived(edits)
    for plan, before in zip(here.plans, here.before, strict=True):
        written = {(child["kind"], child["metadata"]["name"]) for child in plan.apply}
        for child in plan.apply:
            if child["kind"] == "Deployment":
                volumes = child["spec"]["template"]["spec"]["volumes"]
                sources = [source for volume in volumes for source in volume.get("projected", {}).get("sources", ())]
                named = {("Secret", source["secret"]["name"]) for source in sources if "secret" in source}
                assert named <= written | before


@MANY
@given(EDITS)
def test_secrets_are_in_no_event_status_label_or_annotation(edits):
    here = lived(edits)
    here.settle()
    secrets = [f"password-{number}" for number in range(1, 100)] + [f"token-{number:030}" for number in range(1, 100)]
    open_to_all = [str(plan.events) + str(plan.statuses) for plan in here.plans]
    open_to_all += [str(child["metadata"]) for child in here.observed.children.values()]
    words = {word.strip("'\",:{}()") for text in open_to_all for word in text.split()}
    assert not words & set(secrets)
