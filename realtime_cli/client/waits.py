"""Every wait of the client and what bounds it; all in seconds.

``docs/troubleshooting.md`` shows this table. What else is waited for is bounded by settings of the agent
file: ``connect_timeout_s``, ``first_event_timeout_s``, ``progress_timeout_s`` and ``ping_timeout_s`` of the
connection, ``timeout_s`` and ``start_timeout_s`` of tools, MCP servers and hooks. A question whether a tool
may run is answered with no after ``ANSWER_TIMEOUT_S`` of ``tools/registry.py``.
"""

# -- the connection ---------------------------------------------------------------------------------
SETTINGS_TIMEOUT_S = 5.0  # for session.updated; some servers never send it, so the session goes on without it
RENEW_BEFORE_S = 120.0  # before a connection expires: from here on it is replaced in the next pause
RENEW_AT_LAST_S = 5.0  # before a connection expires: it is replaced now, even without a pause
STABLE_S = 10.0  # a connection that lasted this long resets the back-off
MAX_UNANSWERED_S = 2.0  # on the first connection: no response for this long means a wrong address
MAX_RETRY_AFTER_S = 60.0  # the longest Retry-After that is honoured
POLL_S = 0.25  # between checks for a pause in the conversation

# -- what a server may never send ----------------------------------------------------------------------
SERVER_ANSWER_S = 0.5  # for the server's own response to a turn that ended while the agent spoke
UNNAMED_REFUSAL_S = 2.0  # for a response, after an error that names no request; then it was the refusal
MAX_UTTERANCE_S = 300.0  # for the end of the user's speech, where limits.idle_minutes counts silence
MAX_SILENCE_AFTER_INPUT_S = 10.0  # for the end of the user's speech, or an answer, once a file has ended
MAX_HOSTED_CALL_S = 120.0  # for the end of a tool call that the server runs itself

# -- pauses that are kept -------------------------------------------------------------------------------
MAX_HOLD_S = 3.0  # the agent is held at a sound of which nothing more is heard
SERVER_HEARS_S = 1.0  # the agent is held for the server to hear speech, too, in what sounds meant
WORDS_S = 2.0  # the agent is held for the transcript of what may be a listener's words
ENDED_S = 0.3  # the agent is held at a sound that has ended for the server
FADE_OUT_S = 1.5  # a paused microphone sends silence for this long, so that the server can end the turn
BACKGROUND_RESULT_PAUSE_S = 1.5  # after the user's last word, before a background result is sent
QUIET_S = 2.0  # without any event once the input has ended; then the session ends
LIMIT_GRACE_S = 10.0  # for what is still running when a limit is reached

# -- the end ----------------------------------------------------------------------------------------
LAST_EVENTS_S = 0.2  # for the last events to leave
CLOSE_TIMEOUT_S = 1.0  # for socket, devices and camera to close
