"""How containerd is told to trust a registry. Rule: pure; both providers write the same file."""


def hosts_toml(host: str, ca_path: str) -> str:
    """containerd's `hosts.toml` for one registry whose certificates the file `ca_path` (on the node) has signed."""
    return f"""server = "https://{host}"

[host."https://{host}"]
  capabilities = ["pull", "resolve"]
  ca = "{ca_path}"
"""
