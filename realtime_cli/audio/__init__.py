"""Sound between the device and the wire: blocks of int16, mono, 24 kHz everywhere inside."""
