"""The dashboard of all rooms: what it is told, and the script that shows it."""
