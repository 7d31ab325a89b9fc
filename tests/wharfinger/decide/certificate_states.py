"""A state for each reason that CertificateReady of a Registry gives, and what its message has to say.

What it has in common with other conditions (a file that pods have yet to load) is in registry_states.py.
"""

from tests.wharfinger.decide.states import KEY, MINT, SHORT, STRANGER, entering, given, issued, start, stepped

from wharfinger.api.reasons import Reason
from wharfinger.decide import x509

STATES = []
state = entering(STATES)


state("CertificateReady", Reason.TLS_DISABLED, "spec.tls.issuer is Disabled")(
    lambda world: start(world, tls={"issuer": "Disabled"})
)
state("CertificateReady", Reason.CERTIFICATE_SECRET_MISSING, "create it with the keys tls.crt and tls.key")(given)
state("CertificateReady", Reason.CERTIFICATE_MALFORMED, "key 'tls.key' of Secret 'mine'", "put PEM text there")(
    lambda world: given(world, tls_crt=issued(), tls_key="x")
)
state("CertificateReady", Reason.CERTIFICATE_KEY_MISMATCH, "store the two that belong together")(
    lambda world: given(world, tls_crt=issued(), tls_key=x509.pem_of(MINT.key()))
)
state("CertificateReady", Reason.CERTIFICATE_WEAK, "have one issued with a key on P-256")(
    lambda world: given(world, tls_crt=issued(key=SHORT), tls_key=x509.pem_of(SHORT))
)
state("CertificateReady", Reason.CERTIFICATE_EXPIRED, "renew it")(
    lambda world: given(world, tls_crt=issued(days=10, age=20), tls_key=x509.pem_of(KEY))
)
state("CertificateReady", Reason.CERTIFICATE_EXPIRING, "put a renewed one into Secret 'mine' before")(
    lambda world: given(world, tls_crt=issued(age=23), tls_key=x509.pem_of(KEY))
)
state("CertificateReady", Reason.CERTIFICATE_HOST_MISSING, "have it issued for that host, or remove the host")(
    lambda world: given(world, tls_crt=issued("other.example.com"), tls_key=x509.pem_of(KEY))
)
state("CertificateReady", Reason.CERTIFICATE_CHAIN_BROKEN, "then each intermediate after the one that it signed")(
    lambda world: given(world, tls_crt=issued(), tls_key=x509.pem_of(KEY), ca_crt=STRANGER)
)
MANAGED = {"tls": {"issuer": "CertManager", "certManager": {"name": "internal"}}}
state("CertificateReady", Reason.CERT_MANAGER_MISSING, "install it, or choose another spec.tls.issuer")(
    lambda world: stepped(world(MANAGED), absent=frozenset({"Certificate"}))
)
state("CertificateReady", Reason.CERTIFICATE_ISSUING, "see kubectl describe certificate team")(
    lambda world: stepped(world(MANAGED))
)
state("CertificateReady", Reason.CLIENT_CA_MISSING, "create it with the key 'ca.crt'")(
    lambda world: stepped(world({"tls": {"clientCA": {"configMapName": "clients"}}}), config_maps={"clients": None})
)
