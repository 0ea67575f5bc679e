"""What can be on the wire of the Realtime protocol: objects, events, and the way between JSON and both.

``session`` and ``objects`` hold the models, ``client_events`` and ``server_events`` what carries them,
``codec`` reads and writes frames, ``legacy`` knows the beta's names. Reading is lenient: nothing that
a server sends is lost over a detail. ``strict`` finds all that is wrong with what we or others want to
send, by the rules beside each field. What the wire means (whose turn, what was heard) is not for here.
"""
