"""The ways to install the operator, on a cluster of their own: kustomize, Helm, and the upgrade between releases."""
