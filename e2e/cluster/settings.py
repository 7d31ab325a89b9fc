"""Where a cluster lives and which addresses it uses, from the environment. Rule: two names never share anything.

WHARFINGER_CLUSTER  name of the cluster (default `wharfinger`)
WHARFINGER_SUBNET   its private address range, /12 to /20 (default 10.96.0.0/14)
XDG_CACHE_HOME      everything kept between runs is under its `wharfinger` directory (default ~/.cache)
"""

import hashlib
import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster.errors import ClusterError

REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT_SUBNET = "10.96.0.0/14"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,28}[a-z0-9])?")


@dataclass(frozen=True)
class Network:
    """Address ranges of one cluster, cut from one private range: services, pods, host-to-node link."""

    subnet: str
    services: str
    pods: str
    link: str
    host_ip: str
    node_ip: str
    api_ip: str
    dns_ip: str

    @classmethod
    def within(cls, subnet: str) -> "Network":
        """Cut `subnet` into quarters: services, pods, link, spare."""
        try:
            whole = ipaddress.IPv4Network(subnet)
        except ValueError as error:
            raise ClusterError(f"WHARFINGER_SUBNET={subnet} is not an IPv4 range: {error}") from error
        if not 12 <= whole.prefixlen <= 20:
            raise ClusterError(
                f"WHARFINGER_SUBNET={subnet}: give a range between /12 and /20, such as {DEFAULT_SUBNET}"
            )
        services, pods, third, _ = whole.subnets(prefixlen_diff=2)
        link = next(third.subnets(new_prefix=24))
        return cls(
            subnet=str(whole),
            services=str(services),
            pods=str(pods),
            link=str(link),
            host_ip=str(link[1]),
            node_ip=str(link[2]),
            api_ip=str(services[1]),
            dns_ip=str(services[10]),
        )


@dataclass(frozen=True)
class Settings:
    """One cluster's name, directories and addresses."""

    name: str
    cache: Path
    network: Network

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings from `environment` (default: the process's own)."""
        env = os.environ if environment is None else environment
        name = env.get("WHARFINGER_CLUSTER") or "wharfinger"
        if not _NAME.fullmatch(name):
            raise ClusterError(
                f"WHARFINGER_CLUSTER={name!r}: use at most 30 lower-case letters, digits and inner hyphens"
            )
        home = Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cls(name, home / "wharfinger", Network.within(env.get("WHARFINGER_SUBNET") or DEFAULT_SUBNET))

    @property
    def run_directory(self) -> Path:
        """All state of the running cluster; gone when it is down."""
        return self.cache / "clusters" / self.name

    def chosen_provider(self) -> str:
        """The provider of the cluster that is up (or was left half-way); empty when there is none."""
        signs = {"node.json": "local", "kind.yaml": "kind"}
        return next((name for sign, name in signs.items() if (self.run_directory / sign).exists()), "")

    @property
    def lock_file(self) -> Path:
        """Held while this cluster is brought up, loaded or taken down."""
        return self.cache / "clusters" / f"{self.name}.lock"

    @property
    def host_interface(self) -> str:
        """Host end of the link to the node; at most 15 characters, as the kernel wants."""
        return "wf" + hashlib.sha256(self.name.encode()).hexdigest()[:10]

    @property
    def cgroup(self) -> str:
        """The control group (below each controller's root) that holds every pod of this cluster."""
        return f"wharfinger-{self.name}"
