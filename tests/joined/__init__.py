"""Both pure sides of the protocol, joined in memory."""
