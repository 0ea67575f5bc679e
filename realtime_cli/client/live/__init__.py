"""The client's rules for the Live protocol: inputs in, effects out, as for Realtime (``client.session``).

``session.LiveClientSession`` is the whole; the parts are the stream of sound (``stream``), the work that the
agent hands over (``delegations`` to this program, ``backend`` to a Responses model), and what was said
(``spoken_log``). Nothing here awaits, reads a clock or looks at samples: whether somebody speaks comes as an
input (``VoiceDetected``). What the stream means as turns is for ``conversation.live``.
"""
