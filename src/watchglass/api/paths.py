"""Where the API lies."""

PREFIX = "/api/v1"
CAMERA_TABLE = f"{PREFIX}/camera-table"
MOST_TABLE_BYTES = 1 << 20
"""Of the body of that route alone: some ten thousand rows."""
SETTINGS = f"{PREFIX}/settings-imports"
MOST_SETTINGS_BYTES = 8 << 20
DOCUMENTS = f"{PREFIX}/trust/documents"
PLAN = f"{PREFIX}/trust/plan"
MOST_PLAN_BYTES = 256 << 10
"""Five thousand devices."""
EGRESS = f"{PREFIX}/trust/egress"
MOST_EGRESS_BYTES = 64 << 20
