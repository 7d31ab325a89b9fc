"""Wharfinger, a Kubernetes operator that keeps container registries. It never imports the registry."""

__version__ = "0.1.0"
