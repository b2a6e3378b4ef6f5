"""Places that posts were taken at."""

from collections.abc import Sequence

import strawberry

from core.ids import PlaceId
from core.settings import settings
from loaders.places import places_by_id
from schema import nodes
from schema.context import Context
from schema.fields import attribute
from schema.nodes import Node
from schema.scalars import URL
from services.places import PlaceRow


@strawberry.type
class Coordinates:
    latitude: float
    longitude: float


@strawberry.type
class Place(Node):
    row: strawberry.Private[PlaceRow]

    def global_id(self) -> PlaceId:
        return PlaceId(self.row.id)

    @attribute
    def name(self) -> str:
        return self.row.name

    @attribute
    def coordinates(self) -> Coordinates:
        return Coordinates(latitude=self.row.latitude, longitude=self.row.longitude)

    @attribute
    def url(self) -> URL:
        return URL(f"{settings().public_url}/places/{self.global_id()}")


async def load_places(ctx: Context, ids: Sequence[PlaceId]) -> list[Place | None]:
    """Places by id; they are open to everybody."""
    rows = await ctx.loaders.load(places_by_id, [each.id for each in ids])
    return [Place(row=row) if row else None for row in rows]


nodes.refetchable(PlaceId, load_places)


@strawberry.input
class CoordinatesInput:
    latitude: float
    longitude: float


@strawberry.input
class CustomPlaceInput:
    name: str
    coordinates: CoordinatesInput


@strawberry.input(one_of=True)
class PlaceInput:
    place_id: strawberry.Maybe[strawberry.ID]
    custom: strawberry.Maybe[CustomPlaceInput]
