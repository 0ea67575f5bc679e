"""What the local server needs besides rules: models that hear and speak, and a source of answers.

``ports`` says what the server needs of an engine, ``engine`` loads the parts of ours: ``voice_activity``,
``recogniser`` (with ``crop``), ``synthesiser`` (with ``tts_text``), and for the answer either ``chat``, an
OpenAI-compatible endpoint, or ``dialogue``, a small set of rules that can describe ``images`` a little.
``runtime`` opens the models; their weights come with Python packages and are checked by hash.
"""
