"""The commands, one file each: plain options in, one call, exit code out.

A command may have further files that begin with its name, such as ``doctor_wire.py`` beside ``doctor.py``.
Only ``cli`` imports commands, when they run. What two commands share does not enter: it belongs in ``app`` or
below.
"""
