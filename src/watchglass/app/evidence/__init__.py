"""Evidence bundles of this site: what goes into one, read by the recorder's own readers."""
