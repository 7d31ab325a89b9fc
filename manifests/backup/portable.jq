# What another cluster can take: without what this one's API server wrote, and without owners that are not there.
del(.items[].status, .items[].metadata[
  "uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "ownerReferences"
])
