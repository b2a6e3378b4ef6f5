"""A database of places, as an operator would bring one."""

from pathlib import Path

from mmdb_writer import MMDBWriter
from netaddr import IPSet

LISBON, NORWAY, NOWHERE = "192.0.2.7", "2001:db8::7", "203.0.113.1"


def location_database(folder: Path) -> Path:
    """Knows the city of the network of `LISBON`, the country alone of that of `NORWAY`, and no other address."""
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="Test-City", languages=["en"])
    lisbon = {"city": {"names": {"en": "Lisbon", "pt": "Lisboa"}}, "country": {"names": {"en": "Portugal"}}}
    writer.insert_network(IPSet(["192.0.2.0/24"]), lisbon)
    writer.insert_network(IPSet(["2001:db8::/32"]), {"country": {"names": {"en": "Norway"}}})
    path = folder / "places.mmdb"
    writer.to_db_file(str(path))
    return path
