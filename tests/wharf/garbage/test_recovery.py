"""After a power cut, only what is whole is believed."""

from wharf.garbage.recovery import boot_id, recover, settle


async def test_after_a_power_cut_what_was_not_durable_is_dropped_and_the_rest_stays(registry):
    assert await recover(registry.doubts, registry.settings, registry.store, "boot-1") == 0
    await registry.push("v1", b"acknowledged")
    await registry.push_blob(b"in transit")
    assert await recover(registry.doubts, registry.settings, registry.store, "boot-2") == 1
    assert await registry.has(b"acknowledged") == (True, True)
    assert await registry.has(b"in transit") == (False, False)
    await registry.push("v2", b"in transit")


async def test_after_a_mere_restart_nothing_is_dropped(registry):
    await recover(registry.doubts, registry.settings, registry.store, "boot-1")
    await registry.push_blob(b"in transit")
    assert await recover(registry.doubts, registry.settings, registry.store, "boot-1") == 0
    assert await registry.has(b"in transit") == (True, True)


async def test_where_boots_cannot_be_told_apart_every_start_counts_as_one(registry):
    await registry.push_blob(b"in transit")
    assert await recover(registry.doubts, registry.settings, registry.store, "") == 1
    assert await recover(registry.doubts, registry.settings, registry.store, "") == 0


async def test_after_a_planned_end_a_push_goes_on_on_another_machine(registry):
    await recover(registry.doubts, registry.settings, registry.store, "boot-1")
    await registry.push_blob(b"in transit")
    lost = await registry.push_blob(b"lost")
    await registry.store.delete(lost)
    await settle(registry.doubts, registry.store)
    assert await recover(registry.doubts, registry.settings, registry.store, "boot-2") == 0
    assert await registry.has(b"in transit") == (True, True)
    assert await registry.has(b"lost") == (False, False)


def test_the_boot_of_the_machine_has_a_name(monkeypatch, tmp_path):
    assert boot_id() == boot_id()
    monkeypatch.setattr("wharf.garbage.recovery.BOOT_ID", tmp_path / "absent")
    assert boot_id() == ""
