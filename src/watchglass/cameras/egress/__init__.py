"""Reading what firewalls, resolvers, routers and captures tell of whom cameras talked to."""
