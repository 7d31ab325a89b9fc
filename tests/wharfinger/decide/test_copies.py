"""Copies of the pull Secret: where they are wanted, who names them, and what is cleared away in which order."""

import base64
import dataclasses
import json

import pytest

from wharfinger.children.docker import KEY
from wharfinger.decide.copies import NOTE, noted, sources, spread, sweep
from wharfinger.decide.htpasswd import parse
from wharfinger.decide.observed import Elsewhere
from wharfinger.decide.plan import Distribution

COPY = "team.ci-pull"
NOTHING = Distribution()


class Cluster:
    """The other namespaces, in which plans come true."""

    def __init__(self, world, spec, **namespaces):
        self.here = world({"pullSecrets": spec})
        self.versions = iter(range(1000, 100000))
        elsewhere = Elsewhere(
            namespaces={("", name): self.made(name, "", labels=labels) for name, labels in namespaces.items()},
            accounts={(name, "default"): self.made("default", name) for name in namespaces},
        )
        self.here.change(elsewhere=elsewhere)

    def made(self, name, namespace, **metadata):
        version = str(next(self.versions))
        return {"metadata": {"name": name, "namespace": namespace, "uid": name, "resourceVersion": version, **metadata}}

    @property
    def elsewhere(self):
        return self.here.observed.elsewhere

    def change(self, **fields):
        self.here.change(elsewhere=dataclasses.replace(self.elsewhere, **fields))

    def label(self, name, **labels):
        self.change(namespaces=self.elsewhere.namespaces | {("", name): self.made(name, "", labels=labels)})

    def carry_out(self, plan):
        copies, accounts = dict(self.elsewhere.copies), dict(self.elsewhere.accounts)
        for secret in plan.apply:
            copies[secret["metadata"]["namespace"]] = json.loads(json.dumps(secret))
        for patch in plan.accounts:
            metadata = patch["metadata"]
            live = accounts[metadata["namespace"], metadata["name"]]
            assert metadata["resourceVersion"] == live["metadata"]["resourceVersion"]
            version = str(next(self.versions))
            annotations = {key: text for key, text in metadata["annotations"].items() if text}
            accounts[metadata["namespace"], metadata["name"]] = live | {
                "metadata": live["metadata"] | {"resourceVersion": version, "annotations": annotations},
                "imagePullSecrets": patch["imagePullSecrets"] or [],
            }
        for secret in plan.delete:
            del copies[secret["metadata"]["namespace"]]
        self.change(copies=copies, accounts=accounts)

    def settle(self):
        for _ in range(20):
            self.here.run_pods()
            plan = self.here.step()
            self.carry_out(plan.elsewhere)
            if not (plan.apply or plan.statuses or plan.poke) and plan.elsewhere == NOTHING:
                return plan
        raise AssertionError(plan)

    def pulls(self, namespace, account="default"):
        return [e["name"] for e in self.elsewhere.accounts[namespace, account].get("imagePullSecrets", [])]

    def password(self, namespace):
        document = json.loads(base64.b64decode(self.elsewhere.copies[namespace]["data"][KEY]))
        return document["auths"]["team.ci.svc"]["password"]


TEAM_A = {"namespaceSelector": {"matchLabels": {"team": "a"}}, "serviceAccounts": ["default"]}


def start(world, spec=None, **namespaces):
    spread_out = {"ci": {}, "one": {"team": "a"}, "two": {"team": "a"}, "other": {}} | namespaces
    cluster = Cluster(world, TEAM_A if spec is None else spec, **spread_out)
    cluster.settle()
    return cluster


def test_without_a_selector_nothing_is_copied(world):
    cluster = start(world, {})
    assert not cluster.elsewhere.copies
    assert "pullSecretCopies" not in cluster.here.registry["status"]


def test_each_selected_namespace_has_the_login_and_nothing_else(world):
    cluster = start(world)
    assert sorted(cluster.elsewhere.copies) == ["one", "two"]
    copy = cluster.elsewhere.copies["one"]
    assert copy["metadata"]["name"] == COPY
    assert list(copy["data"]) == [KEY]
    assert cluster.password("one") == cluster.here.data("team-pull", "password")
    assert cluster.here.registry["status"]["pullSecretCopies"] == 2
    assert cluster.pulls("one") == [COPY]
    assert cluster.pulls("other") == []


def test_its_own_namespace_uses_the_secret_itself(world):
    cluster = start(world, ci={"team": "a"})
    assert cluster.pulls("ci") == ["team-pull"]
    assert "ci" not in cluster.elsewhere.copies


def test_an_empty_selector_selects_all(world):
    cluster = start(world, {"namespaceSelector": {}})
    assert sorted(cluster.elsewhere.copies) == ["one", "other", "two"]
    assert cluster.pulls("one") == []


def test_a_namespace_may_be_labelled_later_and_made_bare_again(world):
    cluster = start(world)
    cluster.label("other", team="a")
    cluster.settle()
    assert cluster.pulls("other") == [COPY]
    cluster.label("other")
    plan = cluster.here.step()
    assert not plan.elsewhere.delete  # the ServiceAccount first
    cluster.carry_out(plan.elsewhere)
    cluster.settle()
    assert cluster.pulls("other") == []
    assert sorted(cluster.elsewhere.copies) == ["one", "two"]


def test_what_others_put_into_a_service_account_stays(world):
    cluster = start(world)
    accounts = dict(cluster.elsewhere.accounts)
    accounts["other", "default"]["imagePullSecrets"] = [{"name": "theirs"}]
    cluster.change(accounts=accounts)
    cluster.label("other", team="a")
    cluster.settle()
    assert cluster.pulls("other") == ["theirs", COPY]
    cluster.label("other")
    cluster.settle()
    assert cluster.pulls("other") == ["theirs"]
    assert NOTE not in cluster.elsewhere.accounts["other", "default"]["metadata"]["annotations"]


def test_an_entry_that_somebody_else_made_is_left_to_them(world):
    cluster = start(world, {"namespaceSelector": {}})
    accounts = dict(cluster.elsewhere.accounts)
    accounts["one", "default"]["imagePullSecrets"] = [{"name": COPY}]
    cluster.change(accounts=accounts)
    cluster.here.edit(pullSecrets={})
    cluster.settle()
    assert cluster.pulls("one") == [COPY]
    assert not cluster.elsewhere.copies


def test_a_service_account_may_come_later_and_be_taken_off_the_list(world):
    cluster = start(world, TEAM_A | {"serviceAccounts": ["builder"]})
    assert cluster.pulls("one") == []
    cluster.change(accounts=cluster.elsewhere.accounts | {("one", "builder"): cluster.made("builder", "one")})
    cluster.settle()
    assert cluster.pulls("one", "builder") == [COPY]
    cluster.here.edit(pullSecrets=TEAM_A)
    cluster.settle()
    assert cluster.pulls("one", "builder") == []
    assert cluster.pulls("one") == [COPY]


def test_a_copy_that_was_deleted_or_changed_is_put_right(world):
    cluster = start(world)
    copies = dict(cluster.elsewhere.copies)
    del copies["one"]
    copies["two"]["data"] = {KEY: base64.b64encode(b"{}").decode()}
    cluster.change(copies=copies)
    cluster.settle()
    assert cluster.password("one") == cluster.password("two") == cluster.here.data("team-pull", "password")


def test_a_namespace_that_is_going_gets_nothing(world):
    cluster = start(world)
    going = cluster.made("new", "", labels={"team": "a"}) | {"status": {"phase": "Terminating"}}
    cluster.change(namespaces=cluster.elsewhere.namespaces | {("", "new"): going})
    cluster.settle()
    assert "new" not in cluster.elsewhere.copies


def works(here, password):
    lines = parse(here.data("team-htpasswd", "htpasswd"))
    return any(here.mint.verify(password, line.hash) for line in lines if line.user == "_pull")


def test_without_an_overlap_the_old_login_lives_until_every_copy_has_the_new_one(world):
    cluster = start(world)
    here = cluster.here
    here.edit(auth={"rotationOverlap": "0s"}, pullSecrets=TEAM_A | {"rotation": "2"})
    old = cluster.password("one")
    for _ in range(10):
        plan = here.step()
        assert works(here, cluster.password("one"))
        cluster.carry_out(plan.elsewhere)
        here.run_pods()
    assert cluster.password("one") != old
    assert not works(here, old)


def test_a_namespace_that_refuses_its_copy_is_named_and_holds_nothing_up(world):
    cluster = start(world)
    here = cluster.here
    old = cluster.password("one")
    cluster.change(refused={"one": "exceeded quota: raise the namespace's ResourceQuota"})
    here.edit(auth={"rotationOverlap": "0s"}, pullSecrets=TEAM_A | {"revoke": "2"})
    for _ in range(10):
        plan = here.step()
        cluster.carry_out(dataclasses.replace(plan.elsewhere, apply=plan.elsewhere.apply[1:]))
        here.run_pods()
    assert not works(here, old)
    status, reason, message = here.condition("CredentialsReady")
    assert (status, reason) == ("False", "CopyRefused")
    assert message == "namespace 'one': exceeded quota: raise the namespace's ResourceQuota"


@pytest.mark.parametrize(
    ("elsewhere", "said"),
    [
        (None, "the operator is not set up to make them"),
        (Elsewhere(trouble="reading namespaces failed"), "reading namespaces"),
    ],
)
def test_an_operator_that_may_not_says_how_to_allow_it(world, elsewhere, said):
    here = world({"pullSecrets": TEAM_A})
    here.change(elsewhere=elsewhere)
    here.settle()
    status, reason, message = here.condition("CredentialsReady")
    assert (status, reason) == ("False", "CopiesNotAllowed")
    assert said in message
    assert "pullSecretsAcrossNamespaces" in message


def test_before_everything_is_listed_nothing_is_done_and_nothing_said(world):
    cluster = start(world)
    before = cluster.elsewhere
    cluster.here.change(elsewhere=Elsewhere(reading=True))
    plan = cluster.here.step()
    assert plan.elsewhere == NOTHING
    assert not plan.statuses
    cluster.here.change(elsewhere=before)
    assert not cluster.here.step().statuses


def test_what_a_registry_leaves_behind_is_cleared_away_accounts_first(world):
    cluster = start(world, ci={"team": "a"})
    for _ in range(3):
        plan = sweep("ci", "team", cluster.elsewhere)
        cluster.carry_out(plan)
    assert plan == NOTHING
    assert not cluster.elsewhere.copies
    assert [cluster.pulls(name) for name in ("ci", "one", "two")] == [[], [], []]
    assert sweep("ci", "team", Elsewhere(reading=True)) == NOTHING


def test_a_note_says_which_registries_it_is_about():
    account = {"metadata": {"namespace": "ci", "name": "x", "annotations": {NOTE: "team.ci-pull,a-pull"}}}
    assert noted(account) == ("team.ci-pull", "a-pull")
    assert sources(account) == {("ci", "team"), ("ci", "a")}
    assert noted({"metadata": {}}) == ()


def test_where_nobody_looks_everything_counts_as_spread(world):
    assert spread(world().observed, b"x")
