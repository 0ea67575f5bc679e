"""What can be on the wire: objects, events, and the way between JSON and both."""
