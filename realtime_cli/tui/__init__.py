"""What people see and press in a terminal.

Input: conversation events (``View`` folds them) and keys. Output: painted rows, plain sentences or lines of
JSON, and key events (:mod:`~realtime_cli.tui.key_events`), whose effect on the session is decided in ``app``.
A frontend only draws; it never reads from the session. All text from outside goes through
:mod:`~realtime_cli.safe_text`. Protocol rules do not belong here.
"""
