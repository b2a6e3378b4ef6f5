"""What keeps the house in order: the door, the kinds of fields, the tables that can be sharded, the rooms."""
