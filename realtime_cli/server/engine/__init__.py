"""Everything the local server needs that is more than rules: models that hear and speak, and an answer.

``ports`` says what the server needs of an engine, ``engine`` loads the parts of ours: ``voice_activity``,
``recogniser`` (with ``crop``), ``synthesiser`` (with ``tts_text``), and for the answer either ``chat``, an
OpenAI-compatible endpoint, or ``dialogue``, a small set of rules that can describe ``images`` a little.
``runtime`` opens the models; their weights come with Python packages and are checked by hash.
"""
