"""Crowds of scripted sessions, on Locust. Each worker relays what an engine process of its own measures."""
