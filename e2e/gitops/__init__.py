"""Registries kept by a GitOps tool, which is the real one, on the cluster of `make up`."""
