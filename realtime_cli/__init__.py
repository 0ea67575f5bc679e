"""A standalone voice agent for the terminal, speaking the OpenAI Realtime protocol."""

__version__ = "0.1.0"
