"""Compare and swap in S3: an object is replaced only by a writer that has seen it as it is.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from typing import Any

from botocore.exceptions import ClientError


def put_if_unchanged(
    client: Any, *, bucket: str, key: str, body: bytes, etag: str | None, content_type: str = "application/json"
) -> bool:
    """Write an object if it still has the ETag that was read; return whether it was written.

    Args:
        client: a boto3 client of S3.
        etag: of the object to replace; None if there was none.
    """
    condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
    try:
        client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type, **condition)
    except ClientError as error:
        # 412: another version is there. 409: another one is being written at this moment. NoSuchKey: it was deleted.
        status, code = error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
        if status in (409, 412) or code == "NoSuchKey":
            return False
        raise
    return True
