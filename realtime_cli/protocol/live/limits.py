"""What the Live service accepts, and how it keeps time; beside each number is where it is known from.

``contract``: docstrings of the ``openai`` package 3.57, ``types.live``. ``seen``: measured by users of the
service in autumn 2026, and promised by nobody.
"""

from __future__ import annotations

MODELS = ("gpt-live-1", "gpt-live-1.1")  # contract; any other string is let through
DEFAULT_VOICE = "marin"  # contract

# -- sizes ----------------------------------------------------------------------------------------
MAX_INPUT_MESSAGES = 128  # contract: session.input
MAX_INPUT_TOKENS = 8_192  # contract: session.input, rendered; the service's default
MAX_INSTRUCTIONS_TOKENS = 16_384  # contract
MAX_APPEND_TOKENS = 500  # contract and seen: content of the three context appends
MAX_FIXTURE_MS = 30_000  # contract: session.output_audio.fixture.play, PCM16 at 24 kHz
MAX_BACKEND_ITEMS = 128  # seen: response.item.create that no response.create has taken yet
MAX_BACKEND_BYTES = 32_768  # seen: their UTF-8 bytes, for the whole session
CHARS_PER_TOKEN = 4  # English text; no tokenizer of the Live models is published

# -- times ----------------------------------------------------------------------------------------
OUTPUT_DELTA_MS = 100  # seen: sound comes in deltas of so much, silence included
TRANSCRIPT_GRID_MS = 200  # seen: start_ms and end_ms of transcript fragments are multiples of it
USAGE_EVERY_S = 15.0  # seen: between two session.usage.updated
NO_AUDIO_EXPIRY_S = 30.0  # seen: a session that is sent no sound at all is closed as expired
MAX_SESSION_S = 7_200.0  # seen: expires_at behind the start; the field itself is the authority
DEFAULT_ACKNOWLEDGEMENT_DELAY_MS = 0  # contract
DECISIONS_ACKNOWLEDGEMENT_DELAY_MS = 400  # contract

# -- errors ---------------------------------------------------------------------------------------
# No official list exists. These were seen as ``error.code`` or ``error.type``.
UNKNOWN_PARAMETER = "unknown_parameter"
INVALID_PARAMETER = "invalid_parameter"
MISSING_PARAMETER = "missing_required_parameter"
INVALID_EVENT = "invalid_event"
INVALID_VALUE = "invalid_value"
INVALID_REQUEST = "invalid_request_error"
IMMUTABLE_FIELD = "immutable_field_update"
CONTEXT_INCOMPLETE = "context_injection_incomplete"
OUTPUTS_REQUIRED = "function_call_outputs_required"
BUFFER_FULL = "response_input_buffer_full"
