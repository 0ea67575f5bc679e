"""The path and the models of each protocol: what tells them apart before a connection is opened.

``contract`` and the reference pages are named in ``protocol/live/limits.py``.
"""

from __future__ import annotations

REALTIME_PATH = "/v1/realtime"
TRANSLATIONS = "/translations"  # below REALTIME_PATH; contract
LIVE_PATH = "/v1/live/sessions"  # contract
AZURE_HOME = "/openai"  # where both begin on Azure, by its references
AZURE_LIVE_PATH = AZURE_HOME + LIVE_PATH
LIVE_MODEL_PREFIX = "gpt-live"  # an agent whose model begins so speaks Live unless it says otherwise
