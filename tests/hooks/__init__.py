"""The user's own code on events of the conversation."""
