"""The definitions as the API server takes them."""

import pytest

from wharfinger.api.crd import crds

REGISTRY = crds()["wharfinger.dev_registries.yaml"]
WEBHOOK = crds()["wharfinger.dev_registrywebhooks.yaml"]


def columns(crd, *, wide):
    return [c["name"] for c in crd["spec"]["versions"][0]["additionalPrinterColumns"] if wide or "priority" not in c]


def test_both_are_namespaced_and_served_under_their_names():
    for crd, plural, short in ((REGISTRY, "registries", "reg"), (WEBHOOK, "registrywebhooks", "regwh")):
        assert crd["metadata"]["name"] == f"{plural}.wharfinger.dev"
        assert crd["spec"]["scope"] == "Namespaced"
        assert crd["spec"]["names"]["shortNames"] == [short]
        (version,) = crd["spec"]["versions"]
        assert (version["name"], version["served"], version["storage"]) == ("v1", True, True)
        assert version["subresources"] == {"status": {}}


def test_a_registry_needs_no_spec():
    schema = REGISTRY["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert "required" not in schema
    assert schema["properties"]["spec"]["default"]["replicas"] == 1


def test_kubectl_explain_tells_a_newcomer_how_to_rotate_to_make_room_and_to_hear_of_pushes():
    spec = REGISTRY["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    for way in ("auth.users[].rotation", "storage.size", "RegistryWebhook"):
        assert way in spec["description"]
    assert "rotation" in spec["properties"]["auth"]["properties"]["users"]["items"]["properties"]
    assert "size" in spec["properties"]["storage"]["properties"]


def test_a_webhook_needs_a_spec():
    assert WEBHOOK["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["required"] == ["spec"]


def test_kubectl_get_shows_what_matters():
    assert columns(REGISTRY, wide=False) == ["Ready", "URL", "Users", "Used", "Age"]
    figures = ["Delivered", "Pending", "Dead", "Error"]
    assert columns(WEBHOOK, wide=False) == ["Registry", "Ready", "Delivering", *figures, "Age"]
    assert "Message" in columns(REGISTRY, wide=True)


@pytest.mark.parametrize("crd", [REGISTRY, WEBHOOK], ids=["registry", "webhook"])
def test_conditions_and_users_merge_by_their_names(crd):
    properties = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    conditions = properties["status"]["properties"]["conditions"]
    assert (conditions["x-kubernetes-list-type"], conditions["x-kubernetes-list-map-keys"]) == ("map", ["type"])


def test_every_column_leads_to_a_field():
    for crd in (REGISTRY, WEBHOOK):
        version = crd["spec"]["versions"][0]
        schema = version["schema"]["openAPIV3Schema"]
        for column in version["additionalPrinterColumns"]:
            node = schema
            for part in column["jsonPath"].split("[")[0].strip(".").split("."):
                if part == "metadata":
                    break
                node = node["properties"][part]
