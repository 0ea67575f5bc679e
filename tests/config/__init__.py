"""The agent file."""
