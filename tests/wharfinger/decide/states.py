"""How a test brings a Registry into a state. Rule: by what a cluster does, never by writing its status."""

import copy
import dataclasses
import datetime as dt

from cryptography.hazmat.primitives.asymmetric import ec

from wharfinger.decide import x509
from wharfinger.decide.mint import SystemMint
from wharfinger.decide.observed import Replica

CLAIM, POD = ("PersistentVolumeClaim", "team"), {"metadata": {"name": "team-0"}}
MINT, NOW = SystemMint(), dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
CA_KEY, KEY, SHORT = MINT.key(), MINT.key(), ec.generate_private_key(ec.SECP192R1())
CA = x509.authority("CA", CA_KEY, x509.Term(1, NOW, dt.timedelta(days=100)))
STRANGER = x509.authority("CA", MINT.key(), x509.Term(1, NOW, dt.timedelta(days=100)))
GIVEN = {"tls": {"issuer": "Secret", "secretName": "mine", "hosts": ["registry.example.com"]}}
CI = {"auth": {"users": [{"name": "ci", "passwordFrom": {"secretName": "ci", "key": "word"}}]}}


def entering(states):
    """The decorator that enters states into a list: a function of `world` that returns what is in that state.

    That is the World, or the manifest of a webhook.
    """

    def state(condition, reason, *says):
        def enter(make):
            states.append((condition, reason, make, says))
            return make

        return enter

    return state


def start(world, **spec):
    here = world(spec)
    here.settle()
    return here


def stepped(here, **changes):
    here.change(**changes)
    here.step()
    return here


def claim(here, **parts):
    """The claim is like this."""
    live = copy.deepcopy(here.child(*CLAIM))
    for part, fields in parts.items():
        live[part] = {**live[part], **fields}
    return stepped(here, children={**here.observed.children, CLAIM: live})


def pod(here, told=None, **status):
    """The pod is like this."""
    report = here.observed.replicas[0].report if told is None else None
    made = {**POD, "status": {"phase": "Pending", **status}}
    return stepped(here, replicas=(Replica(made, report, told or ""),))


def container(here, status, **more):
    return pod(here, containerStatuses=[{"name": "wharf", "image": "wharf:x", "started": False, **status, **more}])


def waiting(reason, message=""):
    return {"state": {"waiting": {"reason": reason, "message": message}}}


def report(here, **changes):
    (replica,) = here.observed.replicas
    return stepped(
        here, replicas=(dataclasses.replace(replica, report=dataclasses.replace(replica.report, **changes)),)
    )


def refused(here, kind, message="exceeded quota: raise the namespace's ResourceQuota, or ask for less in the spec"):
    return stepped(here, refused={(kind, "team"): message})


def given(world, **data):
    here = world(GIVEN)
    if data:
        here.secret("mine", **data)
    here.settle()
    return here


def issued(*hosts, days=30, age=0, key=KEY):
    term = x509.Term(2, NOW - dt.timedelta(days=age), dt.timedelta(days=days))
    return x509.server(hosts or ("registry.example.com",), key, x509.certificate(CA), CA_KEY, term)


def hook(**spec):
    body = {"registryRef": {"name": "team"}, "url": "https://example.com/", **spec}
    return {"metadata": {"name": "deploy", "namespace": "ci", "generation": 1}, "spec": body}


def hooked(world, manifest, reported=None, **spec):
    here = start(world, **spec)
    here.change(webhooks=(manifest,))
    here.settle()
    here.run_pods(**({"deploy": reported} if reported else {}))
    here.settle()
    return here, manifest
