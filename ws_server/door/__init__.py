"""Who may listen, and to what: handshakes, tokens, origins."""
