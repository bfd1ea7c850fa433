"""What happens and who is told: notices, and the ways in which they leave."""
