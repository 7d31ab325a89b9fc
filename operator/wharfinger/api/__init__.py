"""The two resources, typed: the one source of the CRDs, their defaults, their validation and the reference page.

Rule: nothing here reads a cluster, a clock or a network; a field exists only when something acts on it.
"""

GROUP = "wharfinger.dev"
VERSION = "v1"
API_VERSION = f"{GROUP}/{VERSION}"
