"""Evidence bundles that somebody changed: whether the check says so, and of clean ones nothing."""
