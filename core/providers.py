"""Services that people can log in with, as the operator describes them."""

from typing import Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

_ADDRESSES: Final = (
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "userinfo_endpoint",
    "icon_url",
)


class Provider(BaseModel):
    """One OpenID Connect provider; endpoints that are not named here are read from its discovery document."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    key: str = Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")
    name: str = Field(min_length=1, max_length=50)
    icon_url: str | None = None
    issuer: str
    client_id: str = Field(min_length=1)
    client_secret: SecretStr | None = None
    client_authentication: Literal["basic", "post"] = "basic"
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    redirect_uris: tuple[str, ...] = Field(min_length=1)
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    jwks_uri: str | None = None
    userinfo_endpoint: str | None = None

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if "openid" not in self.scopes:
            raise ValueError("without the scope openid nobody says who has logged in")
        if any("#" in uri or not urlsplit(uri).scheme for uri in self.redirect_uris):
            raise ValueError("a redirect address is absolute and has no fragment")
        return self

    @property
    def plain_addresses(self) -> list[str]:
        """Names of the settings whose addresses are not `https`."""
        found = ((name, getattr(self, name)) for name in _ADDRESSES)
        return [name for name, address in found if address and not address.startswith("https://")]
