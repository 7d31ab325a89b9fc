"""The registry's vocabulary: names, digests, media types, ranges, manifests, errors. Pure: nothing here does I/O."""
