"""wharf, an OCI registry: the data plane. It never imports the operator; what passes between them is a file."""

__version__ = "0.1.0"
