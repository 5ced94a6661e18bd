"""What happened, told to whoever listens: events, the bus, statistics, rules and sinks."""
