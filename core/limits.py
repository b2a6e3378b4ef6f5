"""The bounds of what one client can ask of a process; `docs/operate.md` explains each."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field


class Limits(BaseModel):
    """Sizes are counts or bytes, times are seconds; what is above its bound is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    characters: int = Field(default=20_000, gt=0)
    # To parse and validate this many takes some 15 ms; the largest screens have 500.
    tokens: int = Field(default=1_000, gt=0)
    definitions: int = Field(default=60, gt=0)
    variables: int = Field(default=100, ge=0)
    variable_values: int = Field(default=2_000, ge=0)
    depth: int = Field(default=15, gt=0)
    # The introspection query of the field's tools is 15 to 17 levels deep and reads nothing but the schema.
    introspection_depth: int = Field(default=20, gt=0)
    aliases: int = Field(default=30, ge=0)
    selections: int = Field(default=1_500, gt=0)
    # Comparing them is what costs most; fragments of one screen may well ask for the same field.
    repeats: int = Field(default=100, gt=0)
    # The whole schema takes 40 ms to tell, and costs nothing: no part of it more than a few times.
    schemas: int = Field(default=1, gt=0)
    schema_repeats: int = Field(default=3, gt=0)
    directives: int = Field(default=50, ge=0)
    root_fields: int = Field(default=20, gt=0)
    same_mutation: int = Field(default=3, gt=0)

    operation_seconds: float = Field(default=5, gt=0)
    operations_running: int = Field(default=200, gt=0)
    operations_waiting: int = Field(default=50, ge=0)
    # Well below the 2 seconds after which nobody gets a connection any more.
    patience_seconds: float = Field(default=0.5, gt=0)

    message_bytes: int = Field(default=262_144, gt=0)
    body_seconds: float = Field(default=20, gt=0)
    headers: int = Field(default=100, gt=0)
    header_bytes: int = Field(default=32_768, gt=0)
    header_seconds: float = Field(default=10, gt=0)

    connections_per_person: int = Field(default=20, gt=0)
    connections_per_network: int = Field(default=100, gt=0)
    socket_operations: int = Field(default=50, gt=0)
    socket_init_seconds: float = Field(default=10, gt=0)


DEFAULTS: Final = Limits()
"""What holds where an operator sets nothing."""
