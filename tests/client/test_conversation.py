"""Items in order, what was heard of them, and the history a new socket is told."""

from __future__ import annotations

from pydantic import TypeAdapter

from realtime_cli.client.conversation import MAX_ITEMS, MAX_TEXT_CHARS, ConversationHistory
from realtime_cli.protocol.objects import Item

parse = TypeAdapter(Item).validate_python


def message(item_id: str, role: str, text: str) -> Item:
    kind = "output_text" if role == "assistant" else "input_text"
    content = [{"type": kind, "text": text}]
    return parse({"id": item_id, "type": "message", "role": role, "content": content})


def test_history_keeps_conversation_order():
    c = ConversationHistory()
    c.added(message("A", "assistant", "two"))
    c.added(message("U", "user", "one"), None)
    c.added(message("B", "user", "between"), "A")
    assert [item["content"][0]["text"] for item in c.history()] == ["two", "between", "one"]


def test_history_holds_only_what_was_heard():
    c = ConversationHistory()
    c.spoke("A", 0, "one two three four")
    c.received("A", 0, 1000)
    c.cut("A", 0, 500)
    assert c.history() == [
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "one two"}]}
    ]


def test_what_was_not_heard_at_all_stays_out():
    c = ConversationHistory()
    c.spoke("A", 0, "never heard")
    c.received("A", 0, 1000)
    c.cut("A", 0, 0)
    assert c.history() == []


def test_a_call_without_output_is_not_replayed():
    c = ConversationHistory()
    c.added(parse({"id": "1", "type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}))
    c.added(parse({"id": "2", "type": "function_call", "call_id": "b", "name": "g", "arguments": "{}"}))
    c.added(parse({"id": "3", "type": "function_call_output", "call_id": "b", "output": "42"}))
    assert c.history() == [
        {"type": "function_call", "name": "g", "arguments": "{}", "call_id": "b"},
        {"type": "function_call_output", "call_id": "b", "output": "42"},
    ]


def test_the_completed_transcript_replaces_its_deltas():
    c = ConversationHistory()
    c.heard_by_server("U", 0, "wat", whole=False)
    c.heard_by_server("U", 0, "What time?", whole=True)
    assert c.text_of("U") == "What time?"


def test_deleted_items_are_gone():
    c = ConversationHistory()
    c.added(message("U", "user", "hello"))
    c.deleted("U")
    c.deleted("U")
    assert "U" not in c
    assert c.history() == []


def test_counts_what_was_received_of_each_part():
    c = ConversationHistory()
    c.received("A", 0, 100)
    c.received("A", 0, 20)
    assert c.received_ms("A", 0) == 120
    assert c.received_ms("A", 1) == 0
    assert c.received_ms("nobody", 0) == 0


def test_text_in_one_part_and_sound_in_another_go_together():
    c = ConversationHistory()
    c.spoke("A", 0, "one two three four")
    c.received("A", 1, 1000)
    assert c.history()[0]["content"][0]["text"] == "one two three four"
    c.cut("A", 1, 500)
    assert c.history()[0]["content"][0]["text"] == "one two"


def test_a_transcript_that_is_told_again_replaces_the_one_before():
    c = ConversationHistory()
    for words in ("What", "What is the", "What is the capital of Peru?"):
        c.heard_by_server("U", 0, words, whole=True)
    assert c.text_of("U") == "What is the capital of Peru?"


def test_one_id_for_both_sides_gives_nobody_the_words_of_the_other():
    c = ConversationHistory()
    c.heard_by_server("1", 0, "What time is it?", whole=True)
    c.spoke("1", 0, "It is noon.", whole=True)
    c.heard_by_server("1", 0, "Thanks.", whole=True)
    assert [(item["role"], item["content"][0]["text"]) for item in c.history()] == [
        ("user", "Thanks."),
        ("assistant", "It is noon."),
    ]


def test_answers_whose_messages_have_one_id_keep_their_own_words():
    c = ConversationHistory()
    c.spoke("A", 0, "one two three four", response_id="R1")
    c.received("A", 0, 1000, response_id="R1")
    c.cut("A", 0, 500)
    c.added(message("U", "user", "Go on."))
    c.received("A", 0, 100, response_id="R2")
    c.spoke("A", 0, "five", response_id="R2")
    c.added(message("A", "assistant", "five"), response_id="R2")
    assert [item["content"][0]["text"] for item in c.history()] == ["one two", "Go on.", "five"]
    assert c.received_ms("A", 0) == 100
    c.forget_answer("R2")
    assert [item["role"] for item in c.history()] == ["assistant", "user"]


def test_readers_find_items_by_their_ids_and_a_new_socket_is_told_none():
    c = ConversationHistory()
    c.added(message("U", "user", "one"))
    c.added(parse({"id": "F", "type": "function_call", "name": "f", "arguments": "{}", "call_id": "call_1"}))
    c.added(parse({"id": "O", "type": "function_call_output", "call_id": "call_1", "output": "1"}))
    assert [item["id"] for item in c.history(with_ids=True)] == ["U", "F", "O"]
    assert all("id" not in item for item in c.history())


def test_of_a_session_that_runs_for_hours_the_last_items_are_known():
    c = ConversationHistory()
    c.max_items = 3
    for number in range(5):
        c.added(message(f"U{number}", "user", str(number)))
    assert c.item_ids == ("U2", "U3", "U4")
    assert "U0" not in c


def test_of_a_long_talk_the_newest_items_are_told_to_a_new_socket():
    c = ConversationHistory()
    c.added(message("S", "system", "The user is Ada."))
    for number in range(MAX_ITEMS + 20):
        c.added(message(f"U{number}", "user", f"Say {number}."))
    texts = [item["content"][0]["text"] for item in c.history()]
    assert len(texts) == MAX_ITEMS
    assert texts[0] == "The user is Ada."
    assert (texts[1], texts[-1]) == ("Say 21.", f"Say {MAX_ITEMS + 19}.")


def test_texts_are_bounded_together():
    c = ConversationHistory()
    for number in range(6):
        c.added(message(f"U{number}", "user", str(number) * (MAX_TEXT_CHARS // 4)))
    c.added(message("U", "user", "Now."))
    assert [item["content"][0]["text"][0] for item in c.history()] == ["2", "3", "4", "5", "N"]


def test_a_call_is_forgotten_with_its_output():
    c = ConversationHistory()
    call = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
    c.added(parse({"id": "F", **call}))
    c.added(message("U0", "user", "Meanwhile."))
    c.added(parse({"id": "O", "type": "function_call_output", "call_id": "c1", "output": "42"}))
    for number in range(1, MAX_ITEMS - 2):
        c.added(message(f"U{number}", "user", "More."))
    assert len(c.history()) == MAX_ITEMS
    c.added(message("U", "user", "One too many."))
    assert {item["type"] for item in c.history()} == {"message"}
    assert len(c.history()) == MAX_ITEMS - 1


def test_what_a_server_never_shows_is_bounded_too():
    c = ConversationHistory()
    for number in range(MAX_ITEMS + 5):
        c.sent(f"c{number}", {"type": "message", "role": "user", "content": [{"text": str(number)}]})
    assert [item["content"][0]["text"] for item in c.history()] == [str(n) for n in range(5, MAX_ITEMS + 5)]
