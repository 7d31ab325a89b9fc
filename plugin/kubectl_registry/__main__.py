"""`python -m kubectl_registry`."""

from kubectl_registry.cli import main

main()
