"""What of history is due, is read from the platform and written into the recorder."""
