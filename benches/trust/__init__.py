"""The bench of finding cameras and telling who made them."""
