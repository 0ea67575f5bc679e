"""The server side of the protocol: pure decisions, and the engine that hears and speaks."""
