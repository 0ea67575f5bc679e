"""One file per command: one function each, plain options in, exit code out."""
