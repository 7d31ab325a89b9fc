"""Keys, certificates and kubeconfigs of a local control plane."""

import base64
import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from e2e.cluster.local.pki import identities, write_kubeconfig, write_pki
from e2e.cluster.settings import Network

NETWORK = Network.within("10.96.0.0/14")


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("pki")
    write_pki(directory, "node", NETWORK)
    return directory


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_every_identity_has_a_certificate_that_the_ca_has_signed(pki: Path) -> None:
    ca = certificate(pki / "ca.crt")
    for name in identities("node", NETWORK):
        certificate(pki / f"{name}.crt").verify_directly_issued_by(ca)


def test_the_api_server_answers_to_all_of_its_names_and_addresses(pki: Path) -> None:
    names = certificate(pki / "apiserver.crt").extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "kubernetes.default.svc" in names.get_values_for_type(x509.DNSName)
    addresses = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    assert addresses == {"127.0.0.1", NETWORK.api_ip, NETWORK.node_ip}


def test_the_kubelet_is_a_node_by_name_and_group(pki: Path) -> None:
    subject = certificate(pki / "kubelet.crt").subject
    assert subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "system:node:node"
    assert subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "system:nodes"


def test_keys_are_readable_by_their_owner_only_and_small(pki: Path) -> None:
    assert all(path.stat().st_mode & 0o077 == 0 for path in pki.glob("*.key"))
    assert isinstance(certificate(pki / "ca.crt").public_key(), ec.EllipticCurvePublicKey)


def test_a_kubeconfig_is_complete_in_itself_and_private(pki: Path, tmp_path: Path) -> None:
    target = tmp_path / "kubeconfig"
    write_kubeconfig(target, pki, "admin", "https://10.98.0.2:6443")
    content = json.loads(target.read_text())
    user = content["users"][0]["user"]
    assert base64.b64decode(user["client-certificate-data"]) == (pki / "admin.crt").read_bytes()
    assert content["clusters"][0]["cluster"]["server"] == "https://10.98.0.2:6443"
    assert target.stat().st_mode & 0o077 == 0
