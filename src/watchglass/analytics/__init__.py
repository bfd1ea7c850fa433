"""What is in the pictures: gate, motion, objects, tracks. See the same, for a tenth of the work."""
