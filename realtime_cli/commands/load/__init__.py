"""``load``: scripted sessions in numbers, on Locust. Each worker relays what an engine of its own measures."""
