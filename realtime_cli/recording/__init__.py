"""What happened in a session, as one stream of entries: written line by line, read lazily."""
