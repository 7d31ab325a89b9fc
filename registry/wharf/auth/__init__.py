"""Who is asking, and may they: htpasswd, verified credentials, access rules. Knows nothing of HTTP messages."""
