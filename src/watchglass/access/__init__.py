"""Who may do what: the admin, passwords, sessions, and the one ``authorise``."""
