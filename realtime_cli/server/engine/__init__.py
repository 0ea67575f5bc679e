"""Speech in, a reply, speech out: everything the local server needs that is more than rules."""
