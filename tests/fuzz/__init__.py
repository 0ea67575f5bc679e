"""Coverage-guided fuzzing of everything that strangers can write: recordings, agent files, scripts, the wire.

``python -m tests.fuzz`` looks for new faults; ``corpus/`` holds the beginnings and every input that once
was one, and ``test_corpus.py`` runs them all in the suite.
"""
