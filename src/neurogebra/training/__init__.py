"""The one loop: sessions that can be stepped, paused, saved and continued bit for bit."""
