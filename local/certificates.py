"""The TLS certificate of the embedded cloud, and the certificate authority that its clients trust."""

from dataclasses import dataclass
from pathlib import Path

import trustme

# Names under which the AWS SDKs, browsers and curl address the endpoint. A wildcard covers one label.
_NAMES = (
    "localhost",
    "127.0.0.1",
    "*.localhost",
    "*.s3.localhost",
    "*.execute-api.localhost",
    "*.lambda-url.localhost",
)


@dataclass(frozen=True)
class Certificates:
    authority: Path
    certificate: Path
    key: Path


def issue(folder: Path, region: str) -> Certificates:
    """Write a new authority, for this machine only, and a certificate that it signs into `folder`.

    Those that the folder has already are kept, so that clients which trust them go on to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    issued = Certificates(folder / "ca.pem", folder / "certificate.pem", folder / "key.pem")
    if all(file.exists() for file in (issued.authority, issued.certificate, issued.key)):
        return issued
    authority = trustme.CA(organization_name="Evergreen embedded cloud")
    leaf = authority.issue_cert(*_NAMES, f"*.s3.{region}.localhost", f"*.lambda-url.{region}.localhost")
    authority.cert_pem.write_to_path(issued.authority)
    for index, blob in enumerate(leaf.cert_chain_pems):
        blob.write_to_path(issued.certificate, append=index > 0)
    issued.key.touch(mode=0o600)
    leaf.private_key_pem.write_to_path(issued.key)
    return issued
