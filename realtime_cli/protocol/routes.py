"""The path and the models of each protocol: what tells them apart before a connection is opened.

``contract`` and the reference pages are named in ``protocol/live/limits.py``.
"""

from __future__ import annotations

REALTIME_PATH = "/v1/realtime"
LIVE_PATH = "/v1/live/sessions"  # contract
AZURE_LIVE_PATH = "/openai/v1/live/sessions"  # Azure's reference of Live
LIVE_MODEL_PREFIX = "gpt-live"  # an agent whose model begins so speaks Live unless it says otherwise
