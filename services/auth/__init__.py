"""Who is asking: signing keys, log-in, sessions of devices, and the check that every request passes."""
