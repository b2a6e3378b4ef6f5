"""Everything an operator can set, read once from environment variables (`docs/operate.md` explains each)."""

from functools import lru_cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.limits import DEFAULTS, Limits
from core.providers import Provider


class Settings(BaseSettings):
    """One value per environment variable; names without the prefix `APERTURE_` are those of the field's conventions."""

    model_config = SettingsConfigDict(env_prefix="APERTURE_", extra="ignore", frozen=True, hide_input_in_errors=True)

    environment: Literal["development", "test", "production"] = "production"
    name: str = "Aperture"
    public_url: str = "http://localhost:8000"
    secret_key: SecretStr = Field(min_length=32)
    previous_secret_keys: tuple[SecretStr, ...] = ()

    database_url: str = Field(validation_alias="DATABASE_URL")
    replica_url: str | None = Field(default=None, validation_alias="REPLICA_URL")
    pgbouncer: bool = False
    pool_size: int = 15
    pool_overflow: int = 0

    redis_url: str = Field(validation_alias="REDIS_URL")
    queue_redis_url: str | None = Field(default=None, validation_alias="QUEUE_REDIS_URL")

    storage_path: Path | None = None
    s3_endpoint: str | None = Field(default=None, validation_alias="S3_ENDPOINT")
    s3_region: str = Field(default="us-east-1", validation_alias="S3_REGION")
    s3_bucket: str | None = Field(default=None, validation_alias="S3_BUCKET")
    s3_access_key: str | None = Field(default=None, validation_alias="S3_ACCESS_KEY")
    s3_secret_key: SecretStr | None = Field(default=None, validation_alias="S3_SECRET_KEY")
    s3_addressing: Literal["virtual", "path"] = Field(default="virtual", validation_alias="S3_ADDRESSING")

    mail_url: SecretStr | None = None
    mail_sender: str | None = None
    mail_folder: Path | None = None
    sms_url: str | None = None
    sms_key: SecretStr | None = None
    web_url: str | None = None
    captcha_provider: str | None = None
    captcha_site_key: str | None = None
    captcha_url: str | None = None
    captcha_secret: SecretStr | None = None

    host: str = "127.0.0.1"
    port: int = 8000
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: str = ""
    limits: Limits = DEFAULTS
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    graphiql: bool | None = None
    introspection: bool | None = None
    reference: bool = True
    documents: Path | None = None
    documents_mode: Literal["open", "known", "locked"] = "open"
    engine: Literal["compiled", "reference"] = "compiled"
    location_database: Path | None = None
    people_file: Path = Path(".aperture/people.json")

    minimum_age: int | None = Field(default=None, ge=0)
    terms_version: str | None = Field(default=None, max_length=40)

    access_token_seconds: int = 900
    session_days: int = 30
    cookie_sessions: bool = False
    identity_providers: tuple[Provider, ...] = ()
    rate_limit_factor: float = Field(default=1.0, ge=0)
    sign_up_rate_factor: float = Field(default=1.0, ge=0)
    clock_shift_seconds: float = 0.0
    timeline_length: int = 800
    following_limit: int = Field(default=7500, ge=0)
    follow_requests_limit: int = Field(default=1000, ge=0)
    close_friends_limit: int = Field(default=1000, ge=0)
    blocks_limit: int = Field(default=10_000, ge=0)
    restrictions_limit: int = Field(default=10_000, ge=0)
    mutes_limit: int = Field(default=10_000, ge=0)
    log_level: str = "INFO"

    @field_validator("database_url", "replica_url")
    @classmethod
    def _asyncpg_dialect(cls, url: str | None) -> str | None:
        """Accept the usual `postgres://` and `postgresql://`; the driver is always asyncpg."""
        if url is None:
            return None
        _, _, rest = url.partition("://")
        return f"postgresql+asyncpg://{rest}"

    @model_validator(mode="after")
    def _secure_cookies(self) -> Self:
        """Cookies with tokens in them travel encrypted, except on the machine of a developer."""
        if self.cookie_sessions and self.environment == "production" and not self.public_url.startswith("https://"):
            raise ValueError("sessions in cookies need a public_url that begins with https")
        return self

    @model_validator(mode="after")
    def _providers_are_sound(self) -> Self:
        keys = [each.key for each in self.identity_providers]
        if len(set(keys)) < len(keys):
            raise ValueError("two identity providers have the same key")
        plain = [f"{each.key}.{name}" for each in self.identity_providers for name in each.plain_addresses]
        if plain and self.environment == "production":
            raise ValueError(f"addresses of identity providers begin with https://: {', '.join(plain)}")
        return self

    @property
    def queue_url(self) -> str:
        """The queue's own plain Redis; the same server as the caches unless set."""
        return self.queue_redis_url or self.redis_url

    @property
    def is_development(self) -> bool:
        return self.environment == "development"

    @property
    def letterbox(self) -> Path | None:
        """The folder that takes mails and text messages in place of those who deliver; never in production."""
        return None if self.environment == "production" else self.mail_folder

    @property
    def pages_url(self) -> str:
        """Where links in mails begin, without a slash at the end."""
        return (self.web_url or self.public_url).rstrip("/")

    @property
    def sends_mail(self) -> bool:
        """Whether mails go anywhere."""
        return self.mail_url is not None or self.letterbox is not None

    @property
    def sends_sms(self) -> bool:
        """Whether text messages go anywhere."""
        return self.sms_url is not None or self.letterbox is not None

    @property
    def serves_introspection(self) -> bool:
        """Whether the schema may be asked for; without a word from the operator wherever GraphiQL is served."""
        return self.serves_graphiql if self.introspection is None else self.introspection

    @property
    def serves_graphiql(self) -> bool:
        """Whether the GraphiQL page is there; without a word from the operator in development alone."""
        return self.is_development if self.graphiql is None else self.graphiql


@lru_cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings()  # type: ignore[call-arg]  # every value comes from the environment
