"""The embedded cloud's account, as its root user sees it, and what tests build in it."""

import io
import json
import tarfile
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

import boto3

from local.cloud import EmbeddedCloud


class Account:
    """The embedded cloud's account, by its root user, in the cloud's region or in another."""

    def __init__(self, cloud: EmbeddedCloud, *, region: str = "") -> None:
        self.cloud = cloud
        self.region = region or cloud.region
        environment = cloud.environment()
        self.client = self.as_caller(
            AccessKeyId=environment["AWS_ACCESS_KEY_ID"], SecretAccessKey=environment["AWS_SECRET_ACCESS_KEY"]
        )

    def as_caller(self, **credentials: str) -> Callable[[str], Any]:
        """Makes clients with the given credentials, named as STS names them."""
        session = boto3.Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
            region_name=self.region,
        )
        address = {"endpoint_url": self.cloud.endpoint, "verify": str(self.cloud.ca_file)}
        return lambda service: session.client(service, **address)

    def session_of(self, role: str) -> dict[str, str]:
        """Credentials of a session of the role, named as STS names them."""
        given = self.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return {name: given[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}

    def name(self, prefix: str) -> str:
        return f"{prefix}-{uuid.uuid4().hex[:8]}"

    def bucket(self) -> str:
        name = self.name("bucket")
        self.client("s3").create_bucket(Bucket=name)
        return name

    def role(self, *statements: dict[str, Any]) -> str:
        """ARN of a new role with one inline policy."""
        name = self.name("role")
        iam = self.client("iam")
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = {"Version": "2012-10-17", "Statement": [trust]}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]
        if statements:
            policy = {"Version": "2012-10-17", "Statement": list(statements)}
            iam.put_role_policy(RoleName=name, PolicyName="grants", PolicyDocument=json.dumps(policy))
        return arn

    def function(self, source: str, *, role: str | None = None, timeout: int = 10, **variables: str) -> str:
        """Name of a new function whose package is one module; the handler is `main.handle`."""
        name = self.name("function")
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("main.py", source)
        self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.12",
            Handler="main.handle",
            Role=role or self.role(),
            Code={"ZipFile": package.getvalue()},
            Timeout=timeout,
            Environment={"Variables": variables},
        )
        return name

    def invoke(self, function: str, event: Any = None) -> tuple[Any, str | None]:
        """The answer, and None or the kind of error."""
        answer = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event or {}))
        return json.loads(answer["Payload"].read()), answer.get("FunctionError")

    def source_archive(self, bucket: str, **modules: str) -> str:
        """URI of a .tar.gz with the given modules."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for name, source in modules.items():
                entry = tarfile.TarInfo(f"{name}.py")
                entry.size = len(source.encode())
                archive.addfile(entry, io.BytesIO(source.encode()))
        key = f"source/{uuid.uuid4().hex}.tar.gz"
        self.client("s3").put_object(Bucket=bucket, Key=key, Body=packed.getvalue())
        return f"s3://{bucket}/{key}"

    def messages(self, log_group: str) -> list[str]:
        events = self.client("logs").filter_log_events(logGroupName=log_group)["events"]
        return [event["message"] for event in events]
