"""What Pipecat's OpenAIRealtimeLLMService takes and offers, for the page that sets it beside ours.

``python tests/peers/realtime_pipecat_surface.py`` prints ``tests/data/peers/pipecat-surface.json``. It
needs the Python of an environment with ``pipecat-ai[openai]``, 1.14.0 at the time.
"""

from __future__ import annotations

import inspect
import json
import re

from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService as Service

OF_FRAMEWORK = {"setup", "cleanup", "stop", "cancel", "process_frame", "push_frame", "service_metadata_frame"}


def main() -> None:
    parameters = inspect.signature(Service.__init__).parameters
    methods = {name for name, value in vars(Service).items() if inspect.isfunction(value) and name[0] != "_"}
    handlers = re.findall(r'_register_event_handler\("(\w+)"\)', inspect.getsource(Service))
    surface = {
        "parameters": sorted(set(parameters) - {"self", "kwargs"}),
        "session_properties": sorted(set(events.SessionProperties.model_fields) - {"type", "object", "id"}),
        "audio_input": sorted(events.AudioInput.model_fields),
        "audio_output": sorted(events.AudioOutput.model_fields),
        "methods": sorted(name for name in methods - OF_FRAMEWORK if not name.startswith("handle_evt")),
        "event_handlers": sorted(set(handlers)),
    }
    print(json.dumps(surface, indent=2))


if __name__ == "__main__":
    main()
