"""A network of simulated devices, each with its own address and MAC, in namespaces of its own.

Two namespaces and a switch between them: one is for whoever looks (a scan, nmap), the other holds
every device's address. The switch is a thread here; it answers ARP for the devices, and it keeps
what passes, so that a test can say what was sent. Nothing of it touches the machine's own network.
"""
