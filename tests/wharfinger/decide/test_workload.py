"""Deployment, Service and ServiceAccount follow the spec."""

from wharfinger.children.owner import Owner
from wharfinger.decide import workload
from wharfinger.decide.observed import Observed, Settings

OWNER = Owner("team", "ci", "u")
SETTINGS = Settings(image="released:1")


def pod_of(world, **spec):
    made = workload.pods(world(spec).model, OWNER, SETTINGS, "team")
    return made["spec"]["template"]["spec"]


def test_the_image_is_the_released_one_unless_the_spec_names_another(world):
    assert workload.image(world().model, SETTINGS) == "released:1"
    assert workload.image(world({"image": "mine:2"}).model, SETTINGS) == "mine:2"


def test_two_pods_never_have_the_index_open_whatever_the_claim_allows(world):
    for modes in (["ReadWriteOnce"], ["ReadWriteMany"]):
        made = workload.pods(world({"storage": {"accessModes": modes}}).model, OWNER, SETTINGS, "team")
        assert made["spec"]["strategy"] == {"type": "Recreate"}


def test_resources_have_defaults_that_the_spec_replaces(world):
    (container,) = pod_of(world)["containers"]
    assert container["resources"]["requests"] == {"cpu": "50m", "memory": "128Mi"}
    (container,) = pod_of(world, pod={"resources": {"limits": {"cpu": 2}}})["containers"]
    assert container["resources"] == {"limits": {"cpu": 2}}
    (container,) = pod_of(world, pod={"resources": {}})["containers"]
    assert "resources" not in container


def test_pod_settings_arrive(world):
    spec = pod_of(
        world,
        pod={
            "nodeSelector": {"disk": "fast"},
            "tolerations": [{"key": "a", "operator": "Exists", "tolerationSeconds": 5}],
            "affinity": {"nodeAffinity": {"x": [1]}, "podAntiAffinity": {"y": 2}},
            "priorityClassName": "high",
            "imagePullPolicy": "Always",
        },
    )
    assert spec["nodeSelector"] == {"disk": "fast"}
    assert spec["tolerations"] == [{"key": "a", "operator": "Exists", "tolerationSeconds": 5}]
    assert spec["affinity"] == {"nodeAffinity": {"x": [1]}, "podAntiAffinity": {"y": 2}}
    assert spec["priorityClassName"] == "high"
    assert spec["containers"][0]["imagePullPolicy"] == "Always"


def test_the_service_is_as_the_spec_asks(world):
    spec = {"service": {"type": "NodePort", "nodePort": 30443, "annotations": {"a": "b"}}}
    account, service = workload.frame(world(spec).model, OWNER, Observed())
    assert account["kind"] == "ServiceAccount"
    assert service["spec"]["type"] == "NodePort"
    (port,) = service["spec"]["ports"]
    assert (port["port"], port["nodePort"], port["name"]) == (443, 30443, "https")
    assert service["metadata"]["annotations"] == {"a": "b"}


def test_plain_http_has_its_own_port(world):
    _, service = workload.frame(world({"tls": {"issuer": "Disabled"}}).model, OWNER, Observed())
    (port,) = service["spec"]["ports"]
    assert (port["port"], port["name"]) == (80, "http")


KEY = ("Service", "team")


def allotted(here, port):
    """Kubernetes has chosen a node port."""
    here.child(*KEY)["spec"]["ports"][0]["nodePort"] = port
    here.settle()
    return here


def node_ports(here):
    return [port.get("nodePort") for port in here.child(*KEY)["spec"]["ports"]]


def test_a_service_that_is_made_again_keeps_its_node_port(world):
    here = world({"service": {"type": "NodePort"}})
    here.settle()
    assert "nodePort" not in here.registry["status"]
    allotted(here, 30435)
    assert here.registry["status"]["nodePort"] == 30435
    assert not any("ChildRestored" in event for event in here.events)
    here.remove(*KEY)
    here.settle()
    assert node_ports(here) == [30435]


def test_a_service_whose_type_was_changed_keeps_its_node_port(world):
    here = world({"service": {"type": "NodePort"}})
    here.settle()
    allotted(here, 30435)
    live = here.child(*KEY)
    live["spec"]["type"] = "ClusterIP"
    del live["spec"]["ports"][0]["nodePort"]
    here.settle()
    assert here.child(*KEY)["spec"]["type"] == "NodePort"
    assert node_ports(here) == [30435]


def test_a_node_port_that_somebody_else_has_taken_is_given_up(world):
    here = world({"service": {"type": "NodePort"}})
    here.settle()
    allotted(here, 30435)
    here.remove(*KEY)
    here.change(refused={KEY: "spec.ports[0].nodePort: Invalid value: 30435: provided port is already allocated"})
    here.step()
    here.change(refused={})
    assert node_ports(here) == [None]
    allotted(here, 31000)
    assert here.registry["status"]["nodePort"] == 31000


def test_a_registry_without_node_ports_records_none(world):
    here = world({"service": {"type": "NodePort"}})
    here.settle()
    allotted(here, 30435)
    here.edit(service={"type": "ClusterIP"})
    here.settle()
    assert "nodePort" not in here.registry["status"]
    assert node_ports(here) == [None]
