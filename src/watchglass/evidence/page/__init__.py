"""What people read of a bundle: its report, its player, and its check in a browser."""
