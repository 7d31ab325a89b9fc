"""The OCI distribution API over ASGI, one module per noun. Content and meaning live below, in metadata and blobs."""
