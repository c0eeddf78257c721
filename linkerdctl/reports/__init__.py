"""Pure: objects and traffic to rows. What a row of each command means is decided here."""
