"""What several tests share: speech, devices, clocks, faults."""
