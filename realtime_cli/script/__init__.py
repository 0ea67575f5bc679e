"""Scripted conversations: what a script says, how it is run, and what it says about the agent."""
