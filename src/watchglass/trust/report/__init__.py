"""The report: as data, as a signed page, and as files for other programs."""
