"""A world in which plans come true: enough of an API server and of a registry to run decisions in a circle."""

import base64
import dataclasses
import datetime as dt
import hashlib
import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from wharfinger.api import load
from wharfinger.api.parse import rfc3339
from wharfinger.api.registry import Registry
from wharfinger.decide.deletion_cost import DELETION_COST
from wharfinger.decide.observed import FileReport, Observed, Replica, Report, Settings, WebhookReport
from wharfinger.decide.plan import Plan
from wharfinger.decide.reconcile import reconcile

NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)


class FakeMint:
    """Foretellable secrets; a hash is quick and still unlike its password."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.hashed = 0
        self.verified = 0

    def password(self) -> str:
        return f"password-{next(self.numbers)}"

    def token(self) -> str:
        return f"token-{next(self.numbers):030}"

    def signing(self) -> str:
        return f"whsec_{base64.b64encode(b'%032d' % next(self.numbers)).decode()}"

    def hash(self, password: str, *, random: bool = False) -> str:
        self.hashed += 1
        return (
            f"$2b${'04' if random else '10'}$salt{next(self.numbers)}.{hashlib.sha256(password.encode()).hexdigest()}"
        )

    def verify(self, password: str, hashed: str) -> bool:
        self.verified += 1
        return hashed.rpartition(".")[2] == hashlib.sha256(password.encode()).hexdigest()

    def key(self) -> ec.EllipticCurvePrivateKey:
        return ec.generate_private_key(ec.SECP256R1())

    def serial(self) -> int:
        return next(self.numbers)


class World:
    """One namespace with one Registry in it."""

    def __init__(self, spec: dict[str, Any] | None = None, name: str = "team") -> None:
        self.now = NOW
        self.mint = FakeMint()
        self.settings = Settings(image="wharfinger/wharf:0.1.0")
        self.versions = itertools.count(100)
        self.registry: dict[str, Any] = {
            "apiVersion": "wharfinger.dev/v1",
            "kind": "Registry",
            "metadata": {
                "name": name,
                "namespace": "ci",
                "uid": "uid-1",
                "generation": 1,
                "creationTimestamp": rfc3339(NOW),
            },
            "spec": spec or {},
        }
        self.observed = Observed()
        self.used, self.volume, self.read_only = 3 * 1024**3, 10 * 1024**3, False  # as the pods report them
        self.events: list[str] = []
        self.plans: list[Plan] = []
        self.before: list[frozenset[tuple[str, str]]] = []  # the children that were there when each plan was made

    @property
    def model(self) -> Registry:
        return load.registry(self.registry)

    @property
    def name(self) -> str:
        return str(self.registry["metadata"]["name"])

    def edit(self, **spec: Any) -> None:
        """Change fields of the spec, as a user would."""
        self.registry["spec"] = {**self.registry["spec"], **spec}
        self.registry["metadata"]["generation"] += 1

    def change(self, **fields: Any) -> None:
        """Replace parts of what is observed."""
        self.observed = dataclasses.replace(self.observed, **fields)

    def child(self, kind: str, name: str) -> dict[str, Any]:
        """A child as it is."""
        return self.observed.children[kind, name]  # type: ignore[return-value]  # this world stores dicts

    def put(self, obj: dict[str, Any]) -> None:
        """Store an object, as the API server would."""
        obj = json.loads(json.dumps(obj))
        metadata = obj["metadata"]
        kind, name = obj["kind"], metadata["name"]
        old = self.observed.children.get((kind, name))
        metadata["uid"] = old["metadata"]["uid"] if old else f"uid-of-{kind}-{name}-{next(self.versions)}"
        metadata["resourceVersion"] = str(next(self.versions))
        metadata["creationTimestamp"] = old["metadata"]["creationTimestamp"] if old else rfc3339(self.now)
        if kind == "PersistentVolumeClaim":
            obj["spec"].setdefault("storageClassName", "standard")
            size = obj["spec"]["resources"]["requests"]["storage"]
            obj["status"] = {"phase": "Bound", "capacity": {"storage": size}}
        if kind == "Deployment":
            replicas = obj["spec"]["replicas"]
            metadata["generation"] = 1
            obj["status"] = {"observedGeneration": 1, "updatedReplicas": replicas, "replicas": replicas}
        self.change(children={**self.observed.children, (kind, name): obj})

    def remove(self, kind: str, name: str) -> None:
        """Delete a child."""
        self.change(children={key: obj for key, obj in self.observed.children.items() if key != (kind, name)})

    def secret(self, name: str, **data: str) -> None:
        """Store a Secret of the user's."""
        metadata = {"name": name, "uid": f"uid-{name}", "resourceVersion": str(next(self.versions))}
        encoded = {key.replace("_", "."): base64.b64encode(value.encode()).decode() for key, value in data.items()}
        self.change(secrets={**self.observed.secrets, name: {"kind": "Secret", "metadata": metadata, "data": encoded}})

    def config_map(self, name: str, **data: str) -> None:
        """Store a ConfigMap of the user's."""
        made = {
            "kind": "ConfigMap",
            "metadata": {"name": name},
            "data": {k.replace("_", "."): v for k, v in data.items()},
        }
        self.change(config_maps={**self.observed.config_maps, name: made})

    def data(self, secret: str, key: str) -> str:
        """A value of a live Secret of ours."""
        return base64.b64decode(self.child("Secret", secret)["data"][key]).decode()

    def step(self, writes: int | None = None) -> Plan:
        """Decide once, and let the plan come true; or only its first `writes`, after which the operator is killed."""
        before = frozenset(self.observed.children)
        plan = reconcile(self.registry, self.observed, self.settings, now=self.now, mint=self.mint)
        for child in plan.apply[:writes]:
            self.put(dict(child))
        if writes is not None and writes < len(plan.apply):
            return plan
        for reference in plan.delete:
            self.remove(reference.kind, reference.name)
        self.mark(plan.costs)
        for reference, status in plan.statuses.items():
            if reference.kind == "Registry":
                self.registry["status"] = json.loads(json.dumps(status))
            for hook in self.observed.webhooks:
                if reference.kind == "RegistryWebhook" and hook["metadata"]["name"] == reference.name:
                    hook["status"] = json.loads(json.dumps(status))  # type: ignore[index]  # this world stores dicts
        self.events += [f"{event.type} {event.reason}: {event.message}" for event in plan.events]
        self.plans.append(plan)
        self.before.append(before)
        return plan

    def mark(self, costs: Mapping[str, str | None]) -> None:
        """Give pods these deletion costs, or take them off."""
        marked = []
        for replica in self.observed.replicas:
            metadata = replica.pod["metadata"]
            cost = costs.get(metadata["name"], "")
            notes = {**metadata.get("annotations", {}), **({} if cost == "" else {DELETION_COST: cost})}
            notes = {name: value for name, value in notes.items() if value is not None}
            pod = {**replica.pod, "metadata": {**metadata, "annotations": notes}}
            marked.append(dataclasses.replace(replica, pod=pod))
        self.change(replicas=tuple(marked))

    def settle(self, limit: int = 12) -> Plan:
        """Decide until nothing changes any more; the pods load what is mounted meanwhile."""
        for _ in range(limit):
            self.run_pods()
            plan = self.step()
            if not (plan.apply or plan.delete or plan.statuses or plan.poke or plan.costs):
                return plan
        raise AssertionError(f"still not settled: {plan}")

    def sha256(self, secret: str, key: str) -> str:
        """The hash of a mounted file."""
        if key not in self.observed.children.get(("Secret", secret), {}).get("data", {}):
            return ""
        return hashlib.sha256(self.data(secret, key).encode()).hexdigest()

    def run_pods(self, **webhooks: WebhookReport) -> None:
        """The Deployment's pods run, and have loaded all that is mounted."""
        deployment = self.observed.children.get(("Deployment", self.name))
        count = deployment["spec"]["replicas"] if deployment else 0
        reports = [replica.report for replica in self.observed.replicas if replica.report is not None]
        known = reports[0].webhooks if reports else {}
        report = Report(
            version="0.1.0",
            configuration=FileReport(self.sha256(f"{self.name}-config", "config.yaml")),
            htpasswd=FileReport(self.sha256(f"{self.name}-htpasswd", "htpasswd")),
            client_ca=FileReport(self.sha256(f"{self.name}-config", "client-ca.crt")),
            certificate=FileReport(self.sha256(f"{self.name}-tls", "tls.crt")),
            used=self.used,
            capacity=self.volume,
            available=self.volume - self.used,
            read_only=self.read_only,
            webhooks={**known, **webhooks},
        )
        pod = {
            "spec": {"containers": deployment["spec"]["template"]["spec"]["containers"] if deployment else []},
            "status": {
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [{"started": True, "state": {"running": {}}}],
            },
        }
        kept = {replica.pod["metadata"]["name"]: replica.pod["metadata"] for replica in self.observed.replicas}
        metadata = [kept.get(name, {"name": name}) for name in (f"{self.name}-{number}" for number in range(count))]
        self.change(replicas=tuple(Replica({"metadata": entry, **pod}, report) for entry in metadata))

    def stand_by(self, *names: str) -> None:
        """The pods of these names only stand by; the others serve."""
        told = []
        for replica in self.observed.replicas:
            assert replica.report is not None
            standby = replica.pod["metadata"]["name"] in names
            told.append(dataclasses.replace(replica, report=dataclasses.replace(replica.report, standby=standby)))
        self.change(replicas=tuple(told))
        self.step()

    def condition(self, name: str) -> tuple[str, str, str]:
        """Status, reason and message of a condition of the Registry."""
        found = next(c for c in self.registry["status"]["conditions"] if c["type"] == name)
        return found["status"], found["reason"], found["message"]


@pytest.fixture
def world() -> Callable[..., World]:
    """Makes a world with one Registry in it."""
    return World
