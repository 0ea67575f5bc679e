"""The client's side of a conversation: inputs in, effects out; no clock, no await, no I/O."""
