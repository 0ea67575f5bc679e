"""Hours of captions: neither side keeps more of them than it needs."""

from __future__ import annotations

from realtime_cli.client import effects, inputs
from realtime_cli.client.session import ClientSession, SessionOptions
from realtime_cli.protocol import codec
from realtime_cli.server import effects as server_effects
from realtime_cli.server import inputs as server_inputs
from realtime_cli.server.session import ServerSession

MAX_KEPT = 128
PATCH = {"type": "transcription", "audio": {"input": {"transcription": {"model": "local"}}}}
FRAME = bytes(48 * 320)  # ten windows


def test_old_items_are_forgotten_on_both_sides() -> None:
    client, server, at = ClientSession(SessionOptions(patch=PATCH)), ServerSession(), 0.0
    completed, stream = 0, 0

    def serve(happened: server_inputs.Input) -> None:
        nonlocal completed, stream
        for effect in server.handle(happened):
            if isinstance(effect, server_effects.Transcribe):
                serve(server_inputs.Transcribed(at, effect.ticket, "What time is it?"))
            elif isinstance(effect, server_effects.DetectVoice):
                stream = effect.stream
            elif isinstance(effect, server_effects.Emit):
                completed += effect.event.type.endswith("transcription.completed")
                take(inputs.Received(at, codec.decode_server_event(codec.encode(effect.event))))

    def take(happened: inputs.Input) -> None:
        for effect in client.handle(happened):
            if isinstance(effect, effects.Send):
                serve(server_inputs.Frame(at, codec.encode(effect.event)))

    take(inputs.Connected(0.0, ""))
    serve(server_inputs.ClientConnected(0.0, 0, transcribes=True))
    for _ in range(MAX_KEPT + 20):
        for probability in (1.0, 0.0, 0.0):
            at += 0.32
            take(inputs.MicrophoneFrame(at, FRAME))
            serve(server_inputs.VadResult(at, stream, (probability,) * 10))
    assert completed == MAX_KEPT + 20
    assert len(client.conversation.item_ids) == MAX_KEPT
    assert len(list(server.conversation)) == MAX_KEPT
    assert client.history()[-1]["content"] == [{"type": "input_text", "text": "What time is it?"}]
