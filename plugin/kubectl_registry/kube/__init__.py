"""The way to the cluster: kubeconfig, requests, commands in pods, forwarded ports."""
