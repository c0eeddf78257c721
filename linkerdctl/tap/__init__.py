"""Live requests: messages, transports, filters, aggregation."""
