"""What lies on disk and who keeps it: media files, ledgers, heads, and their recovery and purge."""
