"""End-to-end: a real cluster (`e2e.cluster`), the whole road on it (`e2e.road`), and a test file per feature."""
