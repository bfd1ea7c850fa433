"""The nouns of the product: frozen, without I/O."""
