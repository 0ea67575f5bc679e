"""promptfoo's configs for Realtime models as scripts of ours. What has no counterpart is named.

Only its ``openai:realtime:`` providers are taken over: one script for each of them and each prompt, with a
scenario for each test. Tests with one ``conversationId`` are the turns of one scenario: one session, as
there. A message is typed, unless it is a WAV file. Its simulated users become callers.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from realtime_cli.config.interpolation import literal
from realtime_cli.errors import ConfigError
from realtime_cli.script.pipecat import OLLAMA, OPENAI, unknown
from realtime_cli.script.promptfoo_agent import agent_of, mocks_of
from realtime_cli.script.promptfoo_assert import RUBRICS, Asserted
from realtime_cli.script.promptfoo_csv import tests_in
from realtime_cli.script.promptfoo_prompt import NotFilled, filled, turn_of

Tree = dict[str, Any]
Found = tuple[Tree, list[str]]

REALTIME = "openai:realtime:"
USERS = ("promptfoo:tau-voice", "promptfoo:simulated-user")
GRADER = "gpt-4.1"
TIMEOUT_MS, MAX_TURNS = 30_000, 10  # what promptfoo has where nothing is written
MAX_TESTS = 1000
OF_A_CONFIG = ("description", "providers", "targets", "prompts", "tests", "scenarios", "defaultTest")
OF_A_TEST = ("vars", "assert", "description", "metadata", "provider", "options")
READ = (".json", ".yaml", ".yml", ".txt", ".md")


def is_config(tree: Any) -> bool:
    """Whether it is a config of promptfoo, and not a scenario of Pipecat."""
    return isinstance(tree, dict) and bool(tree.keys() & {"providers", "targets", "prompts"})


def scripts_of(tree: Tree, file_of: Callable[[str], str], read: Callable[[str], Any]) -> list[Found]:
    """A script for each provider and prompt, with what could not be taken over, in sentences.

    ``file_of``: from a name beside the config to one beside the script. ``read``: what is in such a file.
    Raises ConfigError when it is of another shape, or when nothing of it can be taken over.
    """
    try:
        return _Config(tree, file_of, read).convert()
    except NotFilled as error:
        raise ConfigError(f"Only promptfoo can read {error}.", "Write it into the config.") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, csv.Error) as error:
        raise ConfigError(
            f"It is not a config of promptfoo: {error}.", "See the documentation of promptfoo."
        ) from error


@dataclass
class _Test:
    number: int
    tree: Tree
    values: Tree
    where: str = ""

    @property
    def user(self) -> Tree | None:
        """The simulated user, if there is one."""
        named = self.tree.get("provider") or {}
        asked = {"id": named} if isinstance(named, str) else named
        return asked if asked.get("id") in USERS else None

    @property
    def conversation(self) -> Any:
        return (self.tree.get("metadata") or {}).get("conversationId")


@dataclass
class _Config:
    tree: Tree
    file_of: Callable[[str], str]
    read: Callable[[str], Any]
    left: list[str] = field(default_factory=list)
    graders: list[Any] = field(default_factory=list)

    def convert(self) -> list[Found]:
        self.left += unknown(self.tree, OF_A_CONFIG)
        providers = list(self._providers())
        if not providers:
            raise ConfigError(
                "It has no provider of a Realtime model.", f"Only {REALTIME}MODEL is taken over."
            )
        prompts, tests = list(self._prompts()), list(self._tests())
        shared, made = list(self.left), []
        for provider, (place, prompt) in itertools.product(providers, prompts):
            self.left, self.graders = list(shared), []
            script = self._script(provider, prompt, tests)
            if script is None:
                for each in self.left[len(shared) :]:
                    shared.append(f"prompt {place}: {each}" if len(prompts) > 1 else each)
                continue
            made.append((script, self.left))
        if not made:
            why = "; ".join(dict.fromkeys(shared)) or "it has no prompts"
            raise ConfigError(f"Nothing of it can be taken over: {why}.", "See realtime-cli docs scripts.")
        if len(made) > 1:
            for number, (script, _) in enumerate(made, 1):
                script["name"] += f"-{number}"
        return made

    # -- what the config is made of -------------------------------------------------------------------

    def _providers(self) -> Iterator[Tree]:
        for written in _listed(self._opened(self.tree.get("providers") or self.tree.get("targets"))):
            for each in _listed(self._opened(written)):
                if isinstance(each, dict) and "id" not in each and len(each) == 1:
                    each = {"id": next(iter(each)), **(next(iter(each.values())) or {})}
                provider = {"id": each} if isinstance(each, str) else each
                if str(provider["id"]).startswith(REALTIME):
                    yield provider
                else:
                    self.left.append(f"the provider {provider['id']}")

    def _prompts(self) -> Iterator[tuple[int, Any]]:
        for number, written in enumerate(_listed(self._opened(self.tree.get("prompts"))), 1):
            prompt = written
            if isinstance(written, dict):
                self.left += unknown(written, ("id", "raw", "label"), f"prompt {number}: ")
                prompt = written.get("raw") or written.get("id")
            if isinstance(prompt, str) and prompt.endswith(READ) and len(prompt.split()) == 1:
                prompt = f"file://{prompt.removeprefix('file://')}"  # a name may stand alone
            try:
                opened = self._opened(prompt)
            except NotFilled as error:
                self.left.append(f"prompt {number}: {error}")
                continue
            yield number, opened

    def _tests(self) -> Iterator[_Test]:
        common = self._opened(self.tree.get("defaultTest")) or {}
        self.left += unknown(common, OF_A_TEST, "defaultTest.")
        count = 0
        for number, written in enumerate(self._written_tests(), 1):
            self.left += unknown(written, OF_A_TEST, f"test {number}: ")
            both = {**common, **written}
            both["assert"] = [*(common.get("assert") or ()), *(written.get("assert") or ())]
            both["options"] = {**(common.get("options") or {}), **(written.get("options") or {})}
            self.left += unknown(both["options"], ("provider",), f"test {number}: options.")
            for values in _products({**(common.get("vars") or {}), **(written.get("vars") or {})}):
                count += 1
                if count > MAX_TESTS:
                    raise ConfigError(f"It has more than {MAX_TESTS} tests.", "Split it.")
                yield _Test(number, both, values, f"test {number}: ")

    def _written_tests(self) -> Iterator[Tree]:
        written = _listed(self.tree.get("tests"))
        for each in written:
            for test in _listed(self._tests_of(each)):
                yield from _listed(self._tests_of(test))
        for scenario in _listed(self._opened(self.tree.get("scenarios"))):
            for row, test in itertools.product(scenario.get("config") or [{}], scenario.get("tests") or [{}]):
                values = {**(row.get("vars") or {}), **(test.get("vars") or {})}
                asserted = [*(row.get("assert") or ()), *(test.get("assert") or ())]
                yield {**row, **test, "vars": values, "assert": asserted}
        if not written and not self.tree.get("scenarios"):
            yield {}

    def _tests_of(self, written: Any) -> Any:
        """Those in a file, with or without file:// before its name."""
        if not isinstance(written, str):
            return written
        name = written.removeprefix("file://")
        if name.endswith(".csv") and "*" not in name:
            return list(tests_in(self.read(name), self.left))
        return self._opened(f"file://{name}")

    def _opened(self, value: Any) -> Any:
        """What is in the file that is named, or the value itself. Raises NotFilled for programs."""
        if not isinstance(value, str) or not value.startswith("file://"):
            return value
        name = value.removeprefix("file://")
        if not name.endswith(READ) or "*" in name:
            raise NotFilled(f"{value} (here: {', '.join(READ)})")
        return self.read(name)

    # -- what it becomes ------------------------------------------------------------------------------

    def _script(self, provider: Tree, prompt: Any, tests: Sequence[_Test]) -> Tree | None:
        name = str(self.tree.get("description") or "promptfoo")
        config = provider.get("config") or {}
        self.left += unknown(provider, ("id", "label", "config"), "provider.")
        script: Tree = {"name": name, "timeout_ms": config.get("websocketTimeout") or TIMEOUT_MS}
        script["stop_on_failure"] = False
        if "audio" not in (config.get("modalities") or ["text", "audio"]) and not any(
            test.user for test in tests
        ):
            script["mode"] = "text"
        script["agent"] = agent_of(str(provider["id"]).removeprefix(REALTIME), config, self.left)
        if mocks := mocks_of(self._opened(config.get("tools")), self.left):
            script["mocks"] = mocks
        scenarios = list(self._scenarios(prompt, tests))
        if not scenarios:
            return None
        if any(_judged(scenario) for scenario in scenarios):
            script["judge"] = self._endpoint(self.graders[0] if self.graders else None, "the grader")
            for other in self.graders[1:]:
                if other != self.graders[0]:
                    self.left.append(f"the grader {other}: one judges the whole script")
        return {**script, "scenarios": _with_names(scenarios)}

    def _scenarios(self, prompt: Any, tests: Sequence[_Test]) -> Iterator[Tree]:
        conversations: dict[str, Tree] = {}
        for test in tests:
            if test.user is not None:
                yield from self._called(test, test.user)
                continue
            turn = self._turn(prompt, test)
            if turn is None:
                continue
            if test.conversation in (None, ""):
                yield {"name": str(test.tree.get("description") or f"test {test.number}"), "turns": [turn]}
            elif (name := str(test.conversation)) in conversations:
                conversations[name]["turns"].append(turn)
            else:
                conversations[name] = {"name": name, "turns": [turn]}
        yield from conversations.values()

    def _turn(self, prompt: Any, test: _Test) -> Tree | None:
        left: list[str] = []
        try:
            done = turn_of(prompt, test.values, self.file_of, left)
        except NotFilled as error:
            left.append(f"the prompt has {error}: only {{{{NAME}}}} is filled in")
            done = None
        self.left += [f"{test.where}{each}" for each in left]
        if done is None:
            return None
        expect = self._asserted(test)
        note = test.tree.get("description")
        return {**({"note": str(note)} if note else {}), **done, **({"expect": expect} if expect else {})}

    def _asserted(self, test: _Test, *, of_call: bool = False) -> Tree:
        asserted = Asserted(test.values, self._opened, self.left, test.where, of_call=of_call)
        asserted.add(test.tree["assert"])
        asked = any(each.get("type", "").removeprefix("not-") in RUBRICS for each in test.tree["assert"])
        self.graders += asserted.graders or ([test.tree["options"].get("provider")] if asked else [])
        self.graders = [grader for grader in self.graders if grader]
        return asserted.expect

    def _called(self, test: _Test, user: Tree) -> Iterator[Tree]:
        """A simulated user: a caller that a model plays. The assertions are about the whole conversation."""
        config = user.get("config") or {}
        known = ("userProvider", "instructions", "maxTurns", "initialMessages")
        self.left += unknown(config, known, f"{user['id']}: ")
        try:
            persona = filled(str(config.get("instructions") or "{{instructions}}"), test.values)
        except NotFilled as error:
            self.left.append(f"{test.where}the user's instructions have {error}")
            return
        caller = {
            "persona": " ".join(persona.split()) or "A caller.",
            "max_turns": int(config.get("maxTurns") or MAX_TURNS),
            "model": self._endpoint(config.get("userProvider"), "the simulated user"),
        }
        made: Tree = {"name": str(test.tree.get("description") or f"test {test.number}"), "caller": caller}
        if messages := self._opened(config.get("initialMessages")):
            made["history"] = [
                {"role": str(each["role"]), "text": literal(filled(str(each["content"]), test.values))}
                for each in messages
            ]
        if expect := self._asserted(test, of_call=True):
            made["expect"] = expect
        yield made

    def _endpoint(self, asked: Any, what: str) -> Tree:
        """A model that judges, or plays the user."""
        provider: Tree = {"id": asked} if isinstance(asked, str) else dict(asked or {})
        config: Tree = provider.get("config") or {}
        service, _, model = str(provider.get("id") or f"openai:{GRADER}").partition(":")
        for kind in ("chat:", "responses:"):
            model = model.removeprefix(kind)
        if service not in ("openai", "ollama") or not model:
            self.left.append(f"{what} {provider.get('id')}: {GRADER} of OpenAI is asked instead")
            service, model = "openai", GRADER
        self.left += [f"{what}: config.{key}" for key in config if key not in ("apiBaseUrl", "apiKeyEnvar")]
        made: Tree = dict(OPENAI) if service == "openai" else {"url": OLLAMA}
        made["model"] = model
        if config.get("apiBaseUrl"):
            made["url"] = str(config["apiBaseUrl"])
        if config.get("apiKeyEnvar"):
            made["key_env"] = str(config["apiKeyEnvar"])
        return made


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _products(values: Tree) -> Iterator[Tree]:
    """One for each combination of the variables that are lists, as there."""
    lists = {key: value for key, value in values.items() if isinstance(value, list) and value}
    for chosen in itertools.product(*lists.values()):
        yield {**values, **dict(zip(lists, chosen, strict=True))}


def _judged(scenario: Tree) -> bool:
    parts = [scenario, *scenario.get("turns", ())]
    return any(part.get("expect", {}).keys() & {"judge", "trajectory"} for part in parts)


def _with_names(scenarios: Sequence[Tree]) -> list[Tree]:
    """Every scenario with a name of its own."""
    seen: dict[str, int] = {}
    for scenario in scenarios:
        name = scenario["name"]
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            scenario["name"] = f"{name} ({seen[name]})"
    return list(scenarios)
