"""What a registry must outlive: the tools of tests/faults, and the tests that need root for their mounts."""
