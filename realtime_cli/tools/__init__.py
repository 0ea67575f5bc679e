"""What the agent can do: functions, commands and servers behind one registry."""
