"""People whom a person may want to follow: made by a job ahead of time, read through the door."""
