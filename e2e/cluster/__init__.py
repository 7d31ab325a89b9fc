"""The road to a real Kubernetes cluster: one interface, two providers (`kind`, `local`), and the images it runs.

Rule: nothing here knows Wharfinger's resources. Tests see a kubeconfig, `load_image`, `node_address` and
`trust_registry` (see `interface.Cluster`), never a provider.
"""
