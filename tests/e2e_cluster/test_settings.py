"""Names, directories and addresses of a cluster."""

from pathlib import Path

import pytest
from e2e.cluster.errors import ClusterError
from e2e.cluster.settings import Network, Settings


def settings(**environment: str) -> Settings:
    return Settings.read({"XDG_CACHE_HOME": "/cache", **environment})


def test_one_range_is_cut_into_services_pods_and_link() -> None:
    network = Network.within("10.96.0.0/14")
    assert (network.services, network.pods, network.link) == ("10.96.0.0/16", "10.97.0.0/16", "10.98.0.0/24")
    assert (network.host_ip, network.node_ip) == ("10.98.0.1", "10.98.0.2")
    assert (network.api_ip, network.dns_ip) == ("10.96.0.1", "10.96.0.10")


def test_the_smallest_range_still_holds_all_parts() -> None:
    network = Network.within("192.168.16.0/20")
    assert (network.services, network.pods, network.link) == ("192.168.16.0/22", "192.168.20.0/22", "192.168.24.0/24")


@pytest.mark.parametrize("subnet", ["10.0.0.0/24", "10.0.0.0/8", "10.0.0.1/14", "pods"])
def test_an_unfit_range_is_refused_with_the_name_of_its_setting(subnet: str) -> None:
    with pytest.raises(ClusterError, match="WHARFINGER_SUBNET"):
        Network.within(subnet)


@pytest.mark.parametrize("name", ["Upper", "-x", "x-", "a_b", "x" * 31, "../x"])
def test_an_unfit_name_is_refused_with_the_name_of_its_setting(name: str) -> None:
    with pytest.raises(ClusterError, match="WHARFINGER_CLUSTER"):
        settings(WHARFINGER_CLUSTER=name)


def test_two_names_share_nothing() -> None:
    one, other = settings(WHARFINGER_CLUSTER="one"), settings(WHARFINGER_CLUSTER="other")
    for attribute in ("run_directory", "lock_file", "host_interface", "cgroup"):
        assert getattr(one, attribute) != getattr(other, attribute)


def test_the_host_interface_fits_the_kernels_fifteen_characters() -> None:
    assert len(settings(WHARFINGER_CLUSTER="x" * 30).host_interface) <= 15


def test_the_provider_of_a_cluster_that_is_up_is_remembered(tmp_path: Path) -> None:
    found = Settings.read({"XDG_CACHE_HOME": str(tmp_path)})
    assert found.chosen_provider() == ""
    found.run_directory.mkdir(parents=True)
    (found.run_directory / "kind.yaml").touch()
    assert found.chosen_provider() == "kind"
