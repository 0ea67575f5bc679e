"""The server side of the protocol: rules without I/O, and an engine of local models.

``session`` takes inputs (client frames, results of the engine, deadlines) and returns effects, without a
clock, threads or sockets; ``audio_input`` has the user's turns, ``response`` one answer, ``conversation`` the
items, ``settings`` the session object, ``event_queue`` what leaves. ``engine`` detects voice, transcribes,
answers and speaks. ``realtime_cli.server_runner`` joins both to a socket.
"""
