"""Tests, a mirror of realtime_cli file for file."""
