"""Tools, with real parts."""
