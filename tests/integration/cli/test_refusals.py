"""What is said of a call to AWS that failed: one sentence, with what to do."""

import os
import sys

import pytest
from botocore.exceptions import ClientError

from cli.aws.refusals import explain
from cli.doctor.account import Identity
from cli.doctor.plan import Clients
from cli.main import main
from tests.integration.cli.recorded import DENIAL

SSO = """
[profile people]
sso_session = company
sso_account_id = 111122223333
sso_role_name = Deployer
[sso-session company]
sso_start_url = https://company.awsapps.com/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access
"""
EXECUTION = "arn:aws:states:us-east-1:111122223333:stateMachine:evergreen-prod-x"


def refused(code, message="", operation="DescribeStacks"):
    return str(explain(ClientError({"Error": {"Code": code, "Message": message}}, operation)))


@pytest.fixture
def shell(monkeypatch, tmp_path):
    """A shell without any setting of AWS; gives a function that sets some, and writes the configuration."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))

    def configure(config="", **variables):
        (tmp_path / "config").write_text(config)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return configure


def looked_up():
    """What the doctor says of the account."""
    (finding,) = Identity(Clients("us-east-1")).look()
    assert finding.status == "failed"
    return f"{finding.found}: {finding.remedy}"


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        ("ExpiredToken", "The security token included in the request is expired", "have expired: sign in again"),
        ("ExpiredTokenException", "", "aws sso login --profile people"),
        ("InvalidClientTokenId", "", "does not know these keys"),
        ("UnrecognizedClientException", "", "aws account list-regions"),
        ("SignatureDoesNotMatch", "The request signature we calculated does not match", "secret key does not fit"),
        (
            "SignatureDoesNotMatch",
            "Signature expired: 20261130T100000Z is now earlier than 20261130T101500Z (20261130T102000Z - 5 min.)",
            "clock of this machine is not AWS's (Signature expired: 20261130T100000Z",
        ),
        ("InvalidSignatureException", "Signature not yet current: 20261130T101500Z is still later", "clock"),
        ("RequestTimeTooSkewed", "The difference is too large.", "clock"),
        ("ThrottlingException", "Rate exceeded", "throttles DescribeStacks, also after retries: wait"),
        ("OptInRequired", "", "complete its registration"),
    ],
)
def test_an_answer_that_a_user_can_act_on_is_put_into_words(monkeypatch, code, message, said):
    monkeypatch.setenv("AWS_PROFILE", "people")

    assert said in refused(code, message)


def test_a_denial_names_the_action_the_resource_and_the_policy_to_attach():
    message = (
        "User: arn:aws:iam::111122223333:user/me is not authorized to perform: states:StartExecution on resource: "
        f"{EXECUTION} because no identity-based policy allows the states:StartExecution action"
    )

    assert refused("AccessDeniedException", message) == (
        f"AWS denies states:StartExecution on {EXECUTION}: attach the managed policy evergreen-prod-user, the stack's "
        "output UserPolicy, to this user or role"
    )


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        ("with an explicit deny in a service control policy", "those who administer the organisation"),
        ("because no permissions boundary allows the action", "the boundary of this user or role"),
        ("with an explicit deny in an identity-based policy", "a Deny of this user or role must go"),
    ],
)
def test_a_denial_that_no_policy_of_ours_can_lift_is_not_answered_with_one(ending, said):
    message = DENIAL.format(action="s3:PutObject").partition(" because")[0]

    answer = refused("AccessDenied", f"{message} {ending}")
    assert said in answer
    assert "attach" not in answer


def test_a_denial_without_words_still_names_what_was_denied():
    assert refused("403", "Forbidden", operation="HeadObject").startswith("AWS denies HeadObject: attach")


def test_what_is_not_known_is_told_in_awss_words():
    assert "Stack [x] already exists" in refused("AlreadyExistsException", "Stack [x] already exists")


def test_an_sso_session_that_has_ended_is_told_with_the_login_of_its_profile(shell):
    shell(SSO, AWS_PROFILE="people")

    assert looked_up() == "the SSO session has ended: aws sso login --profile people"


def test_a_profile_that_does_not_exist_is_named(shell):
    shell(AWS_PROFILE="poeple")

    assert "no AWS profile 'poeple'" in looked_up()


def test_without_credentials_the_ways_to_have_some_are_named(shell):
    shell()

    assert looked_up().startswith("no AWS credentials: name a profile in AWS_PROFILE")


def test_an_address_where_nobody_listens_is_named(shell):
    shell(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_ENDPOINT_URL="http://127.0.0.1:9")

    assert "http://127.0.0.1:9/ does not answer" in looked_up()


def test_an_answer_that_is_not_awss_is_told_as_such(shell, moto_server):
    # A page of the server's own, as a proxy may give.
    address = f"{moto_server}/moto-api"
    shell(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_ENDPOINT_URL=address)

    assert "is not AWS" in looked_up()


def test_a_proxy_where_nobody_listens_is_named(shell):
    shell(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", HTTPS_PROXY="http://127.0.0.1:9", NO_PROXY="")

    assert "the proxy http://127.0.0.1:9 does not answer" in looked_up()


def test_credentials_by_a_command_that_fails_are_told_with_its_words(shell):
    shell("[profile people]\ncredential_process = sh -c 'echo no vault >&2; exit 3'\n", AWS_PROFILE="people")

    assert "no vault" in looked_up()


def test_every_command_says_it_in_one_message(shell, monkeypatch, capsys):
    shell(SSO, AWS_PROFILE="people", AWS_REGION="us-east-1")
    monkeypatch.setattr("cli.main.signal.signal", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["evergreen", "versions"])

    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "evergreen: the SSO session has ended: aws sso login --profile people\n"
