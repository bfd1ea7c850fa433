"""Messages between processes: codec, credits, byte-bounded queues. The only user of ZeroMQ."""
