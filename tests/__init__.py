"""What the product promises, each promise once, against real servers."""
