"""PersistentVolumeClaim NAME."""

from wharfinger.children.claim import claim


def test_a_retained_claim_is_as_written_down_and_has_no_owner(owner, golden):
    made = claim(owner, size="10Gi", access_modes=["ReadWriteOnce"], storage_class=None, retain=True)
    golden("claim", made)
    assert "ownerReferences" not in made["metadata"]


def test_a_claim_that_goes_with_the_registry_is_owned(owner, golden):
    made = claim(owner, size="1Ti", access_modes=["ReadWriteMany"], storage_class="fast", retain=False)
    golden("claim_owned", made)
    assert made["metadata"]["ownerReferences"][0]["uid"] == owner.uid
