"""Reads a translation session: what was said, and its translation, in passages that no event marks.

``client.passages`` says where one ends. On it stand the narrator, in which a passage of the source is a turn
of the user and one of the translation an answer, and the captions.
"""

from realtime_cli.conversation.translation.narrator import TranslationNarrator

__all__ = ["TranslationNarrator"]
