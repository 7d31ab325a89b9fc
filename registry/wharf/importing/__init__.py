"""Taking over what another registry has stored."""
