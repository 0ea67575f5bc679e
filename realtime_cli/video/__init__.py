"""What the agent sees: cameras, screens, video files, streams and pictures."""
