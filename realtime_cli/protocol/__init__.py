"""The Realtime protocol on the wire: objects, events, and their conversion from and to JSON.

``session`` and ``objects`` hold the models, ``client_events`` and ``server_events`` what carries them,
``codec`` reads and writes frames, ``legacy`` knows the beta's names. Reading is lenient: nothing that
a server sends is lost over a detail. ``strict`` finds all that is wrong with what we or others want to
send, by the rules beside each field. What events mean (whose turn, what was heard) does not belong here.
"""
