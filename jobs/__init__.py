"""What follows from events, and work that comes back by itself; every job takes ids, reads again and may run twice."""
