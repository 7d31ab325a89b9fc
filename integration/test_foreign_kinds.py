"""cert-manager and the Gateway API: without them a condition says so, with them it works, and both may come later."""

import base64
from collections.abc import AsyncIterator, Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from integration import neighbours
from integration.api import CORE, Api, Object, eventually
from integration.audit import Audit
from integration.installation import USER
from integration.process import Operator
from integration.tenant import Tenant
from wharfinger import clock
from wharfinger.api.parse import duration
from wharfinger.decide import x509

CERTIFICATES, GATEWAYS = "/apis/cert-manager.io/v1", "/apis/gateway.networking.k8s.io/v1"
CA_KEY = ec.generate_private_key(ec.SECP256R1())
CA = x509.authority("Issuer", CA_KEY, x509.Term(1, clock.now(), duration("100h")))


@pytest.fixture
async def removed(api: Api) -> AsyncIterator[None]:
    """Takes the definitions away again."""
    yield
    for project in (neighbours.CERT_MANAGER, neighbours.GATEWAY_API):
        await neighbours.remove(api, project)


async def issue(tenant: Tenant, serial: int) -> str:
    """Do as cert-manager does: read the Certificate, fill its Secret, say so in its status; what was issued."""
    path = tenant.path(CERTIFICATES, "certificates", "team")

    async def asked() -> Object | None:
        return await tenant.api.get(path)

    certificate = await eventually("the Certificate is asked for", asked)
    spec, key = certificate["spec"], ec.generate_private_key(ec.SECP256R1())
    hosts = [*spec.get("dnsNames", ()), *spec.get("ipAddresses", ())]
    issued = x509.server(hosts, key, x509.certificate(CA), CA_KEY, x509.Term(serial, clock.now(), duration("10h")))
    data = {"tls.crt": issued, "tls.key": x509.pem_of(key), "ca.crt": CA}
    secret = {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": spec["secretName"]}, "type": "kubernetes.io/tls",
        "data": {name: base64.b64encode(text.encode()).decode() for name, text in data.items()},
    }  # fmt: skip
    await tenant.api.patch(tenant.path(CORE, "secrets", spec["secretName"]), secret, "apply")
    condition = {"type": "Ready", "status": "True", "reason": "Ready", "message": "issued",
                 "lastTransitionTime": "2026-01-01T00:00:00Z"}  # fmt: skip
    await tenant.api.patch(f"{path}/status", {"status": {"conditions": [condition]}})
    return issued


async def serves(tenant: Tenant, certificate: str) -> None:
    """Wait until this is what the pods serve."""

    async def probe() -> bool:
        assert (await tenant.secret("team-tls")).get("tls.crt") == certificate
        return True

    await eventually("it is served", probe)
    await tenant.reaches("True", kind="CertificateReady")


@pytest.mark.usefixtures("removed")
async def test_certificates_of_cert_manager(
    api: Api, tenant: Tenant, start: Callable[..., Operator], audit: Callable[[], Audit]
) -> None:
    await start().ready()
    record = audit()
    tls = {"issuer": "CertManager", "certManager": {"name": "internal"}, "hosts": ["registry.example.com"]}
    await tenant.registry(tls=tls)
    await tenant.says("install it, or choose another spec.tls.issuer", kind="CertificateReady")
    assert not [call for call in record.calls(USER) if call.group == "cert-manager.io"]
    await neighbours.install(api, neighbours.CERT_MANAGER)
    await tenant.says("cert-manager has not issued the certificate yet", kind="CertificateReady")
    await serves(tenant, await issue(tenant, 2))
    await tenant.reaches("True")
    renewed = await issue(tenant, 3)
    await serves(tenant, renewed)
    await neighbours.remove(api, neighbours.CERT_MANAGER)
    await tenant.says("Until then the last good certificate is served", kind="CertificateReady")
    assert (await tenant.secret("team-tls"))["tls.crt"] == renewed


@pytest.mark.usefixtures("removed")
async def test_routes_of_the_gateway_api(api: Api, tenant: Tenant, start: Callable[..., Operator]) -> None:
    await start().ready()
    gateway = {"parentRefs": [{"name": "front", "namespace": "gateways"}]}
    await tenant.registry(tls={"hosts": ["registry.example.com"]}, gateway=gateway)
    await tenant.says("does not know BackendTLSPolicy and HTTPRoute", kind="ExposureReady")
    await neighbours.install(api, neighbours.GATEWAY_API)
    await tenant.says("no Gateway has taken HTTPRoute 'team'", kind="ExposureReady")
    path = tenant.path(GATEWAYS, "httproutes", "team")
    condition = {"type": "Accepted", "status": "True", "reason": "Accepted", "message": "",
                 "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1}  # fmt: skip
    parent = {"parentRef": gateway["parentRefs"][0], "controllerName": "example.com/c", "conditions": [condition]}
    await api.patch(f"{path}/status", {"status": {"parents": [parent]}})
    await tenant.reaches("True")
    policy = await api.get(tenant.path(GATEWAYS, "backendtlspolicies", "team")) or {}
    assert policy["spec"]["validation"]["hostname"] == f"team.{tenant.name}.svc"
    await api.patch(path, {"spec": {"hostnames": ["evil.example.com"]}})

    async def right() -> bool:
        assert (await api.get(path) or {})["spec"]["hostnames"] == ["registry.example.com"]
        return True

    await eventually("the route is put right", right)
    await tenant.edit(gateway=None)

    async def gone() -> bool:
        assert await api.get(path) is None
        return True

    await eventually("the route is gone", gone)
    await tenant.reaches("True")
