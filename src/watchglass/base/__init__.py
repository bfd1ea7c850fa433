"""Ground floor: clocks, ids, errors, queues, retries, logs and every write to disk."""
