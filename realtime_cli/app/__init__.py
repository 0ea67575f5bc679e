"""What commands, scripts and the Python interface share: from an agent file to a running conversation."""
