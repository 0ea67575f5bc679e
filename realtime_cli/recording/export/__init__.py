"""A recording in the formats of others: for players, editors, readers, and the next session."""
