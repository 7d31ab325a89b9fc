"""Decisions in a circle: plans come true, until nothing is left to do."""


def test_an_empty_spec_becomes_a_whole_secured_registry(world):
    here = world()
    here.settle()
    assert here.condition("Ready") == ("True", "Ready", "https://team.ci.svc serves")
    assert sorted(here.observed.children) == [
        ("ConfigMap", "team-ca"),
        ("Deployment", "team"),
        ("PersistentVolumeClaim", "team"),
        ("Secret", "team-ca"),
        ("Secret", "team-config"),
        ("Secret", "team-htpasswd"),
        ("Secret", "team-pull"),
        ("Secret", "team-tls"),
        ("Secret", "team-user-admin"),
        ("Service", "team"),
        ("ServiceAccount", "team"),
    ]
