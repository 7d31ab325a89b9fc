"""Deployment, Service and ServiceAccount follow the spec."""

from wharfinger.children.owner import Owner
from wharfinger.decide import workload
from wharfinger.decide.observed import Observed, Settings

OWNER = Owner("team", "ci", "u")
SETTINGS = Settings(image="released:1")


def pod_of(world, **spec):
    made = workload.pods(world(spec).model, OWNER, Observed(), SETTINGS, "team")
    return made["spec"]["template"]["spec"]


def test_the_image_is_the_released_one_unless_the_spec_names_another(world):
    assert workload.image(world().model, SETTINGS) == "released:1"
    assert workload.image(world({"image": "mine:2"}).model, SETTINGS) == "mine:2"


def test_on_a_claim_of_one_pod_the_old_one_is_gone_before_the_new_one_starts(world):
    made = workload.pods(world({"storage": {"accessModes": ["ReadWriteOnce"]}}).model, OWNER, Observed(), SETTINGS, "t")
    assert made["spec"]["strategy"] == {"type": "Recreate"}
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert "--standby" not in container["args"]


def test_on_a_claim_of_many_pods_the_new_one_stands_by_until_the_old_one_lets_go(world):
    made = workload.pods(world({"storage": {"accessModes": ["ReadWriteMany"]}}).model, OWNER, Observed(), SETTINGS, "t")
    assert made["spec"]["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert container["args"][-2:] == ["--standby", "$(POD_IP)"]
    assert container["env"] == [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]


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


def test_a_hibernating_registry_runs_nothing_and_keeps_everything(world):
    here = world({"auth": {"users": [{"name": "ci", "rotation": "1"}]}, "tls": {"selfSigned": {"validity": "24h"}}})
    here.settle()
    before = set(here.observed.children)
    here.edit(hibernate=True)
    here.settle()
    assert here.child("Deployment", "team")["spec"]["replicas"] == 0
    assert set(here.observed.children) == before
    for name in ("WorkloadReady", "Ready"):
        assert here.condition(name)[:2] == ("False", "Hibernated")
    assert "set it to false to wake" in here.condition("Ready")[2]
    assert here.condition("StorageReady")[0] == here.condition("CertificateReady")[0] == "True"
    assert not [event for event in here.events if event.startswith("Warning")]


def test_certificates_and_credentials_stay_alive_in_hibernation(world):
    here = world({"auth": {"users": [{"name": "ci", "rotation": "1"}]}, "tls": {"selfSigned": {"validity": "24h"}}})
    here.settle()
    password, certificate = here.data("team-user-ci", "password"), here.data("team-tls", "tls.crt")
    here.edit(hibernate=True, auth={"users": [{"name": "ci", "rotation": "2"}]})
    here.settle()
    assert here.data("team-user-ci", "password") != password
    here.now = here.now.replace(day=2)
    here.settle()
    assert here.data("team-tls", "tls.crt") != certificate
    here.edit(hibernate=False)
    here.settle()
    assert here.condition("Ready")[0] == "True"


def test_a_registry_that_hibernates_from_the_start_says_how_its_claim_gets_a_volume(world):
    here = world({"hibernate": True})
    here.settle()
    claim = here.child("PersistentVolumeClaim", "team") | {"status": {"phase": "Pending"}}
    here.change(children={**here.observed.children, ("PersistentVolumeClaim", "team"): claim})
    here.settle()
    assert "set spec.hibernate to false" in here.condition("StorageReady")[2]
    assert here.condition("Ready")[:2] == ("False", "Hibernated")


def test_service_fields_pass_through_as_they_are(world):
    given = {
        "type": "LoadBalancer",
        "loadBalancerClass": "example.com/lb",
        "loadBalancerSourceRanges": ["192.0.2.0/24"],
        "allocateLoadBalancerNodePorts": False,
        "externalTrafficPolicy": "Local",
        "ipFamilyPolicy": "PreferDualStack",
    }
    _, service = workload.frame(world({"service": {**given, "port": 8443}}).model, OWNER, Observed())
    assert {name: service["spec"][name] for name in given} == given
    assert service["spec"]["ports"][0]["port"] == 8443


def test_the_registry_s_own_image_can_come_from_a_private_registry(world):
    spec = pod_of(world, pod={"imagePullSecrets": [{"name": "mirror"}]})
    assert spec["imagePullSecrets"] == [{"name": "mirror"}]
