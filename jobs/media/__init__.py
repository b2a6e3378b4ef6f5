"""What follows for pictures: rendered, copied to where anybody may fetch them, purged, and swept up after."""
