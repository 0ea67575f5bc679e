"""The conversation's own vocabulary, between the wire and everybody who wants to know what went on.

What comes in are entries (``client.entry``): server events, what was sent, and what happened here, of a
session that runs, of a recording, or of a log that another tool wrote. The narrator of the protocol turns
them into conversation events (``events``), which is where every rule about the wire's meaning stands,
once. What goes out are those events, and what is folded from them alone: turns with their times and costs
(``turns``), the word for what is going on (``status``), the transcript, the timeline.
All of it is pure: no clock, no device, no file. No wire object and no protocol may enter but by way of a
narrator; nothing in here knows of screens or files. Another protocol is another narrator.
"""
