"""The client's side of a Realtime conversation, as rules without I/O.

In comes what happened (``inputs``): a server event, a microphone frame, a key, a timer. Out goes what is to
be done (``effects``): send an event, play sound, run a tool, wake me later. ``session.ClientSession`` takes
the inputs; its parts (``session_part``) hold one rule each: who may ask for a response, what an interruption
cuts, which tool calls are open, when to reconnect, what the microphone may send.

The same inputs always give the same effects: recordings are verified by that. So nothing in here reads a
clock, awaits, or touches a device, a socket or a file; time comes with each input, in seconds since the
session started. What the rules of the wire mean for more than one reader is in ``in_force`` and
``out_of_band``.
"""
