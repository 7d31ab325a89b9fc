"""Where a Registry keeps its content, as users write it.

Rule: a claim only ever grows; what would lose or strand content is refused with the way out.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from wharfinger.api.meta import SET, Model, ObjectName, Quantity, Rule, checked

DEFAULT_SIZE = "10Gi"


class AutoGrow(Model, frozen=True, kw_only=True):
    """Growth of the claim as it fills. The spec stays as it is; `status.storage.capacity` tells."""

    to: Annotated[
        Quantity,
        checked(
            Rule(
                "isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))",
                "must be more than zero: write a quantity such as 100Gi",
            ),
            description="Size that it never grows beyond.",
        ),
    ]
    above: Annotated[
        int, Meta(description="Percent in use from which the claim grows, by a quarter at a time.", ge=1, le=99)
    ] = 80


class Storage(Model, frozen=True, kw_only=True):
    """Where content is kept: a claim of the Registry's own, or one that exists."""

    rules: ClassVar = (
        Rule(
            "!has(self.existingClaim) || !(has(self.size) || has(self.storageClassName) || has(self.accessModes))",
            "existingClaim is used as it is: remove size, storageClassName and accessModes",
        ),
        Rule(
            "!has(self.existingClaim) || !has(self.autoGrow)",
            "existingClaim is used as it is: remove autoGrow",
            field_path=".autoGrow",
        ),
        Rule(
            "!has(self.autoGrow) || self.autoGrow.above < self.readOnlyAbove",
            "autoGrow would come too late: set above to less than readOnlyAbove",
            field_path=".autoGrow",
        ),
        Rule(
            "!has(self.existingClaim) || self.onDelete == 'Retain'",
            "existingClaim is not the Registry's to delete: set onDelete to Retain",
        ),
        Rule(
            "!has(self.storageClassName) || !has(oldSelf.storageClassName) || "
            "self.storageClassName == oldSelf.storageClassName",
            "the storage class of a claim cannot change: set storageClassName back, or copy the content to a new "
            "Registry of the other class",
            field_path=".storageClassName",
        ),
        Rule(
            "!has(self.accessModes) || !has(oldSelf.accessModes) || self.accessModes == oldSelf.accessModes",
            "the access modes of a claim cannot change: set accessModes back, or copy the content to a new Registry",
            field_path=".accessModes",
        ),
    )

    size: Annotated[
        Quantity | None,
        checked(
            Rule(
                "isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))",
                "must be more than zero: write a quantity such as 10Gi",
            ),
            description=f"Size of the claim; it can grow, never shrink. Default: {DEFAULT_SIZE}.",
        ),
    ] = None
    storage_class_name: Annotated[
        ObjectName | None,
        Meta(description="StorageClass of the claim, fixed once set. Default: the cluster's default class."),
    ] = None
    access_modes: Annotated[
        Annotated[
            tuple[Literal["ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod"], ...],
            Meta(min_length=1, max_length=3),
            SET,
        ]
        | None,
        Meta(
            description="Access modes of the claim. Default: ReadWriteOnce. With ReadWriteMany a rollout costs no "
            "pause, and replicas can be 2."
        ),
    ] = None
    existing_claim: Annotated[
        ObjectName | None,
        Meta(description="A PersistentVolumeClaim of the namespace to use as it is, instead of one of our own."),
    ] = None
    on_delete: Annotated[
        Literal["Retain", "Delete"],
        Meta(description="What happens to the claim when the Registry is deleted. A retained one is taken up again."),
    ] = "Retain"
    read_only_above: Annotated[
        int,
        Meta(
            description="Percent of the volume in use above which pushes are refused; pulls and deletions go on. 100: "
            "until it is full.",
            ge=1,
            le=100,
        ),
    ] = 95
    auto_grow: Annotated[
        AutoGrow | None, Meta(description="Let the claim grow as it fills. Its StorageClass must allow expansion.")
    ] = None
    import_from: Annotated[
        Literal["Distribution"] | None,
        Meta(
            description="Distribution: take over what a registry:2 or registry:3 left on the claim, once, before the "
            "registry starts for the first time. Its own files stay beside it."
        ),
    ] = None
