"""The server side of the Live protocol: pure decisions on the engine that the Realtime server has, too.

``session`` takes inputs and returns effects. ``sound_clock`` is its clock, ``hearing`` the user's side,
``agent`` what is answered, handed over and said, ``voice`` what goes out every 100 ms,
``fragments`` words on the grid, ``appends`` context on its way in, ``backend`` Responses delegation,
``decisions`` questions, ``context`` all that was said, ``settings`` the session object. Sound is PCM
at 24 kHz but for the two ends of ``session``.
"""
