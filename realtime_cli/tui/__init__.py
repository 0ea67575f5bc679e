"""What people see and press in a terminal.

In come the entries of a session (``View`` folds what their narrator makes of them) and keys; out go painted
rows, plain sentences or lines of JSON, and key events (:mod:`~realtime_cli.tui.key_events`), whose meaning
for the session is decided in ``app``. A frontend draws and asks nothing of the session; all text from
outside passes :mod:`~realtime_cli.safe_text`. Rules of the protocol have no place here.
"""
