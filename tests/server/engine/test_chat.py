"""The chat endpoint over real HTTP: what goes out, what comes back, and all that can go wrong."""

from __future__ import annotations

import socket
import sys

import pytest

from realtime_cli.errors import ConfigError
from realtime_cli.server.engine.chat import Chat, ChatEndpoint
from realtime_cli.server.engine.config import EngineConfig
from realtime_cli.server.engine.ports import EngineCall, EngineError, EngineText, ReplyRequest
from tests.kit.chat_server import Answer, ChatServer, call, failure, text
from tests.server.engine.conversation import assistant, called, function, gave, pieces, spoken, user


def chat(server: ChatServer, **settings: object) -> Chat:
    return Chat(ChatEndpoint(server.url, "small", **settings))  # type: ignore[arg-type]


async def test_an_answer_comes_sentence_by_sentence() -> None:
    async with ChatServer([text("Hel", "lo. It is 2.", "5 degr", "ees! And", " sunny")]) as server:
        assert await pieces(chat(server), user("Weather?")) == [
            EngineText("Hello."),
            EngineText("It is 2.5 degrees!"),
            EngineText("And sunny"),
        ]


async def test_the_first_sentence_does_not_wait_for_the_rest() -> None:
    slow = Answer(text("First. ", "never").pieces[:1], hang=True)
    async with ChatServer([slow]) as server:
        replying = chat(server).reply(ReplyRequest(items=(user("Hi"),)))
        assert await anext(replying) == EngineText("First.")
        await replying.aclose()  # type: ignore[attr-defined]
        await server.hung_up.wait()  # a reply that is dropped closes its connection


async def test_the_whole_conversation_goes_out() -> None:
    async with ChatServer([text("Fine.")]) as server:
        items = (
            spoken("What time is it?"),
            called("clock", arguments='{"zone":"UTC"}'),
            gave("10:30"),
            assistant("Half past ten."),
            called("never_answered", "call_9"),
            spoken(None),
            user("Thanks"),
        )
        tools = (function("clock", "The time."), {"type": "mcp", "server_label": "x"})
        await pieces(chat(server, key="secret"), *items, instructions="Be brief.", tools=tools)
    asked = server.asked[0]
    assert (asked.path, asked.headers["authorization"]) == ("/v1/chat/completions", "Bearer secret")
    assert asked.body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What time is it?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "clock", "arguments": '{"zone":"UTC"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "10:30"},
        {"role": "assistant", "content": "Half past ten."},
        {"role": "user", "content": "Thanks"},
    ]
    assert [tool["function"]["name"] for tool in asked.body["tools"]] == ["clock"]
    assert (asked.body["model"], asked.body["stream"], asked.body["tool_choice"]) == ("small", True, "auto")


async def test_two_calls_of_one_response_are_one_message() -> None:
    async with ChatServer([text("Ok.")]) as server:
        await pieces(chat(server), called("a", "1"), called("b", "2"), gave("x", "1"), gave("y", "2"))
    first, *outputs = server.asked[0].body["messages"]
    assert [each["function"]["name"] for each in first["tool_calls"]] == ["a", "b"]
    assert [each["content"] for each in outputs] == ["x", "y"]


async def test_pictures_go_to_a_model_that_sees_only() -> None:
    picture = "data:image/png;base64,AAAA"
    async with ChatServer([text("Ok.")]) as server:
        await pieces(chat(server, sees=True), user("What is this?", picture))
        await pieces(chat(server), user("What is this?", picture))
    seen, blind = (asked.body["messages"][0]["content"] for asked in server.asked)
    assert seen[1] == {"type": "image_url", "image_url": {"url": picture, "detail": "auto"}}
    assert blind == "What is this? (The user shows a picture that you cannot see.)"


async def test_calls_are_put_together_from_their_pieces() -> None:
    answer = call(
        {"index": 0, "id": "c1", "function": {"name": "clock", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"zone":'}},
        {"index": 1, "id": "c2", "function": {"name": "dice"}},
        {"index": 0, "function": {"arguments": '"UTC"}'}},
    )
    async with ChatServer([answer]) as server:
        assert await pieces(chat(server), user("Both"), tools=(function("clock"), function("dice"))) == [
            EngineCall("clock", '{"zone":"UTC"}'),
            EngineCall("dice", "{}"),
        ]


async def test_a_named_tool_choice_has_the_chat_form() -> None:
    async with ChatServer([text("Ok.")]) as server:
        choice = {"type": "function", "name": "clock"}
        await pieces(chat(server), user("Hi"), tools=(function("clock"),), tool_choice=choice)
    assert server.asked[0].body["tool_choice"] == {"type": "function", "function": {"name": "clock"}}


async def test_a_server_that_cannot_stream_is_understood() -> None:
    whole = '{"choices":[{"message":{"content":"One. Two."},"finish_reason":"stop"}]}'
    async with ChatServer([Answer([whole], content_type="application/json")]) as server:
        assert await pieces(chat(server), user("Hi")) == [EngineText("One."), EngineText("Two.")]


async def test_comments_and_chunks_without_choices_are_passed_over() -> None:
    noisy = Answer([": ping\n\n", 'data: {"choices":[],"usage":{}}\n\n', *text("Hi.").pieces])
    async with ChatServer([noisy]) as server:
        assert await pieces(chat(server), user("Hi")) == [EngineText("Hi.")]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (failure(401, "bad key"), r"refuses the key \(HTTP 401\): bad key\."),
        (failure(404, "model 'small' not found"), r"has no model 'small'.*HTTP 404.*not found\."),
        (failure(404), r"or chat_url is not its /v1 address \(HTTP 404\)\."),
        (failure(429), r"too many requests \(HTTP 429\)"),
        (failure(500, "out of memory"), r"failed \(HTTP 500\): out of memory\."),
        (failure(400, "bad tools"), r"refused the request \(HTTP 400\): bad tools\."),
        (Answer(["data: {nonsense\n\n"]), "not JSON"),
        (Answer(["data: [1]\n\n"]), "not a chat answer"),
        (Answer(['data: {"error":{"message":"overloaded"}}\n\n']), "failed while it answered: overloaded"),
        (Answer(text("Half an ans").pieces[:1]), "broke off in the middle"),
        (Answer([]), "broke off in the middle"),
    ],
)
async def test_each_failure_is_one_clear_sentence(answer: Answer, told: str) -> None:
    async with ChatServer([answer]) as server:
        with pytest.raises(EngineError, match=told) as caught:
            await pieces(chat(server, key="sk-very-secret"), user("Hi"))
    assert "sk-very-secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_nobody_listens_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        with pytest.raises(EngineError, match="cannot be reached"):
            await pieces(Chat(ChatEndpoint(url, "small")), user("Hi"))


async def test_a_socks_proxy_of_the_environment_names_the_package_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    asked = Chat(ChatEndpoint("http://127.0.0.1:9/v1", "small"))
    with pytest.raises(EngineError, match="SOCKS proxy, but socksio is not installed"):
        await pieces(asked, user("Hi"))
    with pytest.raises(EngineError, match="SOCKS proxy, but socksio is not installed"):
        await asked.models()


async def test_silence_ends_with_the_timeout() -> None:
    async with ChatServer([Answer([], hang=True)]) as server:
        with pytest.raises(EngineError, match=r"was silent for 0\.2 s"):
            await pieces(chat(server, timeout_s=0.2), user("Hi"))


def test_a_configuration_without_its_key_or_model_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(ConfigError, match=r"NO_SUCH_KEY is empty.*export NO_SUCH_KEY"):
        Chat.from_config(EngineConfig(chat_url="http://x/v1", chat_model="m", chat_key_env="NO_SUCH_KEY"))
    with pytest.raises(ConfigError, match="needs chat_url and chat_model"):
        Chat.from_config(EngineConfig(chat_url="http://x/v1"))


def test_the_key_is_in_no_repr() -> None:
    assert "sk-1" not in repr(ChatEndpoint("http://x/v1", "m", "sk-1"))
