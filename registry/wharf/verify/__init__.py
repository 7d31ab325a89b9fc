"""Proof that a registry holds what it says: content is hashed again, the index compared with all of it."""
