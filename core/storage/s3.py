"""Objects in S3 or anything that speaks its protocol: one boto3 client in a few threads, deadlines on every call."""

import asyncio
import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from core.errors import Unavailable
from core.storage.grants import expiry
from core.storage.keys import Area, area_of, require_key, require_prefix
from core.storage.port import FOREVER, ListedObject, MissingObject, SignedRequest, StoredObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

T = TypeVar("T")

_THREADS = 8
_CONNECT_SECONDS, _READ_SECONDS, _CALL_SECONDS = 2, 10, 30
_AT_ONCE = 1000
_BLOCK = 1 << 20
_MISSING = {"404", "NoSuchKey", "NotFound"}
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where the objects are, and as whom we come."""

    name: str
    region: str
    access_key: str | None = None
    secret_key: str | None = None
    endpoint: str | None = None
    addressing: Literal["virtual", "path"] = "virtual"


class S3Storage:
    """One bucket. Signing needs no network; everything else takes a thread of a small pool."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket.name
        self._client = _client(bucket)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="s3")

    async def put(self, key: str, source: bytes | Path, content_type: str) -> StoredObject:
        require_key(key)
        return await self._call(lambda: self._put(key, source, content_type))

    async def get_to(self, key: str, path: Path) -> StoredObject:
        require_key(key)
        return await self._call(lambda: self._get_to(key, path))

    async def head(self, key: str) -> StoredObject | None:
        require_key(key)
        try:
            return await self._call(lambda: self._head(key))
        except MissingObject:
            return None

    async def copy(self, source: str, target: str) -> None:
        require_key(source)
        require_key(target)
        await self._call(lambda: self._copy(source, target))

    async def delete(self, keys: Iterable[str]) -> None:
        doomed = [require_key(key) for key in keys]
        await self._call(lambda: self._delete(doomed))

    async def list_objects(self, prefix: str, after: str = "", limit: int = 1000) -> list[ListedObject]:
        require_prefix(prefix)
        return await self._call(lambda: self._list(prefix, after, limit))

    def sign_put(
        self, key: str, content_type: str, byte_size: int, sha256: str | None, expires_in: timedelta
    ) -> SignedRequest:
        bound = {"Key": require_key(key), "ContentType": content_type, "ContentLength": byte_size}
        headers = {"Content-Type": content_type}
        if sha256 is not None:
            bound["ChecksumSHA256"] = headers["x-amz-checksum-sha256"] = _encoded(sha256)
        return self._signed("PUT", "put_object", bound, headers, expires_in)

    def sign_get(self, key: str, expires_in: timedelta) -> SignedRequest:
        return self._signed("GET", "get_object", {"Key": require_key(key)}, {}, expires_in)

    def url(self, key: str) -> str:
        if area_of(key) is not Area.PUBLIC:
            raise ValueError(f"not public: {key}")
        return f"{self._public_address}/{key}"

    @cached_property
    def _public_address(self) -> str:
        """Where public keys begin, as the client itself addresses this bucket; keys need no escaping."""
        known = f"{Area.PUBLIC}/x"
        signed = self._signed("GET", "get_object", {"Key": known}, {}, timedelta(minutes=1)).url
        return signed.partition("?")[0].removesuffix(f"/{known}")

    async def aclose(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _put(self, key: str, source: bytes | Path, content_type: str) -> StoredObject:
        data = source if isinstance(source, bytes) else source.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        self._client.put_object(
            Bucket=self._bucket,
            Key=key,
            Body=data,
            ContentType=content_type,
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=_encoded(sha256),
            CacheControl=_cache_control(key),
        )
        return StoredObject(key, len(data), content_type, sha256)

    def _get_to(self, key: str, path: Path) -> StoredObject:
        answer = self._client.get_object(Bucket=self._bucket, Key=key)
        digest = hashlib.sha256()
        with path.open("wb") as file, closing(answer["Body"]) as body:
            for block in body.iter_chunks(_BLOCK):
                digest.update(block)
                file.write(block)
            byte_size = file.tell()
        return StoredObject(key, byte_size, answer["ContentType"], digest.hexdigest())

    def _head(self, key: str) -> StoredObject:
        answer = self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        checksum = answer.get("ChecksumSHA256")
        sha256 = b64decode(checksum).hex() if checksum else None
        return StoredObject(key, answer["ContentLength"], answer["ContentType"], sha256)

    def _copy(self, source: str, target: str) -> None:
        self._client.copy_object(
            Bucket=self._bucket,
            Key=target,
            CopySource={"Bucket": self._bucket, "Key": source},
            MetadataDirective="REPLACE",
            ContentType=self._head(source).content_type,
            CacheControl=_cache_control(target),
        )

    def _delete(self, keys: list[str]) -> None:
        for at in range(0, len(keys), _AT_ONCE):
            some: list[ObjectIdentifierTypeDef] = [{"Key": key} for key in keys[at : at + _AT_ONCE]]
            answer = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": some, "Quiet": True})
            if errors := answer.get("Errors"):
                raise Unavailable(f"{len(errors)} objects could not be removed.")

    def _list(self, prefix: str, after: str, limit: int) -> list[ListedObject]:
        found: list[ListedObject] = []
        while len(found) < limit:
            start = found[-1].key if found else after
            page = self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=prefix, StartAfter=start, MaxKeys=min(limit - len(found), _AT_ONCE)
            )
            entries = page.get("Contents", [])
            found += [ListedObject(it["Key"], it["Size"], it["LastModified"]) for it in entries]
            if not page["IsTruncated"]:
                break
        return found

    def _signed(
        self, method: str, call: str, bound: dict[str, object], headers: dict[str, str], expires_in: timedelta
    ) -> SignedRequest:
        url = self._client.generate_presigned_url(
            call, Params={"Bucket": self._bucket, **bound}, ExpiresIn=int(expires_in.total_seconds())
        )
        return SignedRequest(method, url, headers, expiry(expires_in))

    async def _call(self, work: Callable[[], T]) -> T:
        """Run one exchange with the store off the loop, within its deadline, and name what went wrong."""
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                raise MissingObject from None
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < _SERVER_ERROR:
                raise
            raise _away() from error
        except (BotoCoreError, TimeoutError) as error:
            raise _away() from error


def _client(bucket: Bucket) -> "S3Client":
    """Version 4 signatures, since older ones bind nothing; the region's own endpoint, since the global redirects."""
    return boto3.client(
        "s3",
        endpoint_url=bucket.endpoint or f"https://s3.{bucket.region}.amazonaws.com",
        region_name=bucket.region,
        aws_access_key_id=bucket.access_key,
        aws_secret_access_key=bucket.secret_key,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": bucket.addressing},
            max_pool_connections=2 * _THREADS,
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 2},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def _cache_control(key: str) -> str:
    """Kept by S3 with the object, so a copy into another area is given its own."""
    return FOREVER if area_of(key) is Area.PUBLIC else "private, no-store"


def _encoded(sha256: str) -> str:
    """A checksum in hexadecimal as S3 writes it."""
    return b64encode(bytes.fromhex(sha256)).decode()


def _away() -> Unavailable:
    return Unavailable("The object store cannot be reached at the moment.")
