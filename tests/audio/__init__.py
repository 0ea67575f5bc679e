"""Tests of the sound between device and wire."""
