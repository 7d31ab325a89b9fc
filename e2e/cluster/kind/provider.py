"""x"""

from e2e.cluster.interface import Cluster


class KindCluster(Cluster):
    """x"""
