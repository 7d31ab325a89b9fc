"""The walk from a kubeconfig to a pull: facts are gathered at the edge, and pure checks make findings of them."""
