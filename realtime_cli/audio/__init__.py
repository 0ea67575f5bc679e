"""Sound: devices and files, echo, playout, formats.

In come blocks of a microphone or a WAV file and the bytes of the wire; out go frames to send, blocks for
the loudspeaker, and what was heard of each answer in ms. Inside there is one form: int16, mono, 24 kHz
(``pcm``). The far end is what the loudspeaker plays, the near end what the microphone hears. Rules of the
conversation, events and the screen stay out; the audio thread takes no long locks and logs nothing.
"""
