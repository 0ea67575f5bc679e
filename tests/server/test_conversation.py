"""Items: order, ids, sound, truncation."""

from __future__ import annotations

import base64

import pytest

from realtime_cli.server import conversation as module
from realtime_cli.server.conversation import MAX_TEXT_CHARS, ServerConversation, StoredAudio, StoredItem
from tests.server.dialogue import Talk


def order(talk: Talk) -> list[str]:
    return [record.item_id for record in talk.session.conversation]


def placed(talk: Talk, item_id: str, after: str | None) -> list[str]:
    item = {
        "id": item_id,
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "x"}],
    }
    where = {"previous_item_id": after} if after is not None else {}
    return talk.client("conversation.item.create", item=item, **where)


def test_items_go_where_the_client_puts_them():
    talk = Talk()
    placed(talk, "A", None)
    placed(talk, "B", None)
    placed(talk, "C", "root")
    assert talk.last("conversation.item.added")["previous_item_id"] is None
    placed(talk, "D", "A")
    assert talk.last("conversation.item.done")["previous_item_id"] == "A"
    assert order(talk) == ["C", "A", "D", "B"]


def test_a_place_or_an_id_that_cannot_be():
    talk = Talk()
    placed(talk, "A", None)
    assert placed(talk, "A", None) == ["error item_create_duplicate_item_id item.id"]
    assert placed(talk, "B", "X") == ["error item_create_invalid_previous_item_id previous_item_id"]
    assert order(talk) == ["A"]


def test_delete():
    talk = Talk()
    placed(talk, "A", None)
    assert talk.client("conversation.item.delete", item_id="A") == ["item.deleted A"]
    assert order(talk) == []


def test_retrieve_gives_the_sound_of_both_sides():
    talk = Talk()
    talk.spoken_turn("Hello there")
    talk.says(ms=100)
    talk.client("conversation.item.retrieve", item_id="item_1")
    heard = talk.last("conversation.item.retrieved")["item"]["content"][0]
    assert len(base64.b64decode(heard["audio"])) == 48 * 1472
    talk.client("conversation.item.retrieve", item_id="item_2")
    said = talk.last("conversation.item.retrieved")["item"]["content"][0]
    assert (said["type"], said["transcript"], len(base64.b64decode(said["audio"]))) == (
        "output_audio",
        "It is noon.",
        4800,
    )


def test_truncation_cuts_sound_and_words():
    talk = Talk()
    talk.client("response.create")
    talk.says("One two three four five.", ms=1000)
    truncate = {"item_id": "item_1", "content_index": 0}
    assert talk.client("conversation.item.truncate", **truncate, audio_end_ms=500) == [
        "item.truncated item_1"
    ]
    record = talk.session.conversation.get("item_1")
    assert (record.audio[0].ms, record.wire["content"][0]["transcript"]) == (500, "One two")
    assert talk.client("conversation.item.truncate", **truncate, audio_end_ms=900) == [
        "error invalid_value audio_end_ms"
    ]
    assert talk.events[-1]["error"]["message"] == "Audio content of 500ms is already shorter than 900ms"
    assert talk.client("conversation.item.truncate", **truncate, audio_end_ms=0) == ["item.truncated item_1"]
    assert record.wire["content"][0]["transcript"] == ""


def test_only_the_agents_sound_can_be_truncated():
    talk = Talk()
    talk.write()
    talk.spoken_turn()
    for item_id, index in (("item_1", 0), ("item_2", 0), ("item_1", 7)):
        line = talk.client("conversation.item.truncate", item_id=item_id, content_index=index, audio_end_ms=0)
        assert line == ["error unsupported_content_type None"]


def test_an_image_is_an_item_like_others():
    talk = Talk()
    image = {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"}
    item = {"type": "message", "role": "user", "content": [image]}
    assert talk.client("conversation.item.create", item=item) == [
        "item.added item_1",
        "item.done item_1 completed",
    ]
    assert talk.last("conversation.item.added")["item"]["content"] == [image]
    talk.client("response.create")
    talk.says()
    assert talk.last("response.done")["response"]["usage"]["input_token_details"]["image_tokens"] > 0


def test_old_items_and_old_sound_fall_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MAX_ITEMS", 3)
    monkeypatch.setattr(module, "MAX_AUDIO_BYTES", 1000)
    talked = ServerConversation("conv")
    for number in range(4):
        talked.insert(StoredItem({"id": str(number)}, {0: StoredAudio("audio/pcm", bytearray(600))}))
    assert [record.item_id for record in talked] == ["1", "2", "3"]
    sounds = [record.audio[0] for record in talked]
    assert [len(sound.data) for sound in sounds] == [0, 0, 600]
    assert [sound.ms for sound in sounds] == [12.5, 12.5, 12.5], "tokens are still counted by it"
    assert "audio" not in talked.find("1", "retrieve").with_audio()
    sounds[0].cut(5.0)
    assert sounds[0].ms == 5.0


@pytest.mark.parametrize(("format", "bytes_left"), [("audio/pcm", 48), ("audio/pcma", 8)])
def test_sound_is_cut_between_samples(format: str, bytes_left: int):
    sound = StoredAudio(format, bytearray(1000))
    sound.cut(1.01)
    assert len(sound.data) == bytes_left


def test_texts_are_bounded_together_and_the_oldest_fall_out():
    kept = ServerConversation("conv")
    part = {"type": "input_text", "text": "x" * (MAX_TEXT_CHARS // 4)}
    for number in range(10):
        kept.insert(StoredItem({"id": f"item_{number}", "type": "message", "content": [part]}))
    assert [record.item_id for record in kept] == ["item_7", "item_8", "item_9"]
    huge = {"type": "input_image", "image_url": "x" * (2 * MAX_TEXT_CHARS)}
    kept.insert(StoredItem({"id": "huge", "type": "message", "content": [huge]}))
    assert [record.item_id for record in kept] == ["huge"], "the newest is always kept"
    kept.delete("huge")
    assert kept.last_id is None
