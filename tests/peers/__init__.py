"""Live clients of other projects against ``serve``: programs that run in environments of their own.

    realtime-cli serve --port 8765 &
    pip install 'pipecat-ai[openai]>=1.14' && python tests/peers/live_pipecat.py ws://127.0.0.1:8765
    pip install 'livekit-plugins-openai>=1.8.9' && python tests/peers/live_livekit.py ws://127.0.0.1:8765
    npm i promptfoo@0.123.1 && node tests/peers/live_promptfoo.mjs ws://127.0.0.1:8765 .

Each asks for the weather in Paris, which is a function of the backend, and exits with 0 if the question was
understood, the function called and its result spoken.
"""
