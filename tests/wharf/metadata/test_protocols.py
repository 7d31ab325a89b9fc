"""The interfaces of the storage stay small enough to be implemented again: for PostgreSQL, for S3."""

import inspect

import pytest

from wharf.blobs.interface import BlobStore
from wharf.blobs.listing import Listing
from wharf.metadata.audit import Audit
from wharf.metadata.deletions import Deletions
from wharf.metadata.doubts import Doubts
from wharf.metadata.interface import Index
from wharf.metadata.inventory import Inventory
from wharf.metadata.outbox import Outbox
from wharf.metadata.settings import Settings

INTERFACES = (Index, Inventory, Deletions, Doubts, Audit, Outbox, Settings, BlobStore, Listing)


@pytest.mark.parametrize("interface", INTERFACES, ids=lambda one: one.__name__)
def test_an_interface_has_at_most_twelve_methods_and_each_says_what_it_means(interface):
    methods = {
        name: method
        for name, method in vars(interface).items()
        if inspect.isfunction(method) and not name.startswith("_")
    }
    assert 0 < len(methods) <= 12
    assert all(method.__doc__ for method in methods.values())
