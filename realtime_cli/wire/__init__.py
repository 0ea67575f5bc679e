"""Sockets and their in-memory twin."""
