"""The HTTP API and the buckets of the embedded cloud refuse and accept as on AWS."""

import json
import shutil
import subprocess
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

_HANDLER = "def handle(event, context):\n    return {'statusCode': 200, 'body': event['body'] or event['rawPath']}"


@pytest.fixture(scope="module")
def api(aws, eventually):
    """URL of an HTTP API with an IAM authoriser, made by CloudFormation."""
    function = aws.function(_HANDLER)
    arn = aws.client("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    resources = {
        "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "predictions", "ProtocolType": "HTTP"}},
        "Integration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": {"Ref": "Api"},
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": arn,
                "PayloadFormatVersion": "2.0",
            },
        },
        "Route": {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {
                "ApiId": {"Ref": "Api"},
                "RouteKey": "POST /predict",
                "AuthorizationType": "AWS_IAM",
                "Target": {"Fn::Join": ["/", ["integrations", {"Ref": "Integration"}]]},
            },
        },
        "AccessLogs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 30}},
        "Stage": {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {
                "ApiId": {"Ref": "Api"},
                "StageName": "$default",
                "AutoDeploy": True,
                "AccessLogSettings": {
                    "DestinationArn": {"Fn::GetAtt": ["AccessLogs", "Arn"]},
                    "Format": '{"requestId":"$context.requestId","status":"$context.status"}',
                },
                "DefaultRouteSettings": {"ThrottlingBurstLimit": 50, "ThrottlingRateLimit": 100},
            },
        },
        "Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "Action": "lambda:InvokeFunction",
                "FunctionName": function,
                "Principal": "apigateway.amazonaws.com",
            },
        },
    }
    outputs = {"Url": {"Value": {"Fn::GetAtt": ["Api", "ApiEndpoint"]}}}
    formation, name = aws.client("cloudformation"), aws.name("api")
    formation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources, "Outputs": outputs}))
    stack = lambda: formation.describe_stacks(StackName=name)["Stacks"][0]  # noqa: E731
    eventually(lambda: not stack()["StackStatus"].endswith("IN_PROGRESS"))
    assert stack()["StackStatus"] == "CREATE_COMPLETE", formation.describe_stack_events(StackName=name)
    return stack()["Outputs"][0]["OutputValue"]


@pytest.fixture
def curl(aws, api):
    """Body and status of a POST to /predict by curl, as pasted from the documentation."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")

    def post(*options):
        command = ["curl", "--silent", "--cacert", str(aws.cloud.ca_file), "--write-out", "\n%{http_code}"]
        url = f"{api}/predict"
        data = ["-H", "Content-Type: application/json", "-d", '{"a": 1}']
        done = subprocess.run([*command, *options, url, *data], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        return done.stdout.rsplit("\n", 1)

    return post


def test_an_unsigned_request_is_forbidden(curl):
    body, status = curl()
    assert (json.loads(body), status) == ({"message": "Forbidden"}, "403")


_SIGV4 = ("--aws-sigv4", "aws:amz:us-east-1:execute-api")


def test_a_request_signed_by_curl_passes(curl):
    body, status = curl(*_SIGV4, "--user", "test:test")
    assert (body, status) == ('{"a": 1}', "200")


@pytest.mark.parametrize(
    ("granted", "secret", "status"),
    [("execute-api:Invoke", None, "200"), ("execute-api:Invoke", "wrong", "403"), ("s3:GetObject", None, "403")],
    ids=["with a grant", "with a wrong secret", "without a grant"],
)
def test_a_role_invokes_the_api(aws, api, curl, granted, secret, status):
    resource = f"arn:aws:execute-api:us-east-1:000000000000:{urlsplit(api).hostname.split('.')[0]}/*/POST/predict"
    session = aws.session_of(aws.role({"Effect": "Allow", "Action": granted, "Resource": resource}))
    user = f"{session['AccessKeyId']}:{secret or session['SecretAccessKey']}"
    token = f"x-amz-security-token: {session['SessionToken']}"
    assert curl(*_SIGV4, "--user", user, "-H", token)[1] == status


def test_the_address_of_an_api_is_https_on_the_clouds_port(aws, api):
    assert api.startswith("https://")
    assert api.endswith(".execute-api.localhost:" + aws.cloud.endpoint.rsplit(":", 1)[1])


@pytest.fixture(scope="module")
def bucket(aws, eventually):
    """A bucket as the stack has it: versioned, encrypted by a key of ours, TLS only, with a life cycle."""
    deny = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": [{"Fn::GetAtt": ["Store", "Arn"]}, {"Fn::Join": ["", [{"Fn::GetAtt": ["Store", "Arn"]}, "/*"]]}],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    rules = [{"Status": "Enabled", "Prefix": "captures/", "ExpirationInDays": 90}]
    encryption = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Ref": "Key"}}}
    resources = {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}}},
        "Store": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "VersioningConfiguration": {"Status": "Enabled"},
                "BucketEncryption": {"ServerSideEncryptionConfiguration": [encryption]},
                "LifecycleConfiguration": {"Rules": rules},
            },
        },
        "Policy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": "Store"},
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [deny]},
            },
        },
    }
    formation, name = aws.client("cloudformation"), aws.name("store")
    outputs = {"Name": {"Value": {"Ref": "Store"}}}
    formation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources, "Outputs": outputs}))
    stack = lambda: formation.describe_stacks(StackName=name)["Stacks"][0]  # noqa: E731
    eventually(lambda: not stack()["StackStatus"].endswith("IN_PROGRESS"))
    assert stack()["StackStatus"] == "CREATE_COMPLETE"
    return stack()["Outputs"][0]["OutputValue"]


def test_a_versioned_bucket_keeps_what_was_overwritten(aws, bucket):
    s3 = aws.client("s3")
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    first = s3.put_object(Bucket=bucket, Key="pointer", Body=b"1", ServerSideEncryption="AES256")
    second = s3.put_object(Bucket=bucket, Key="pointer", Body=b"2")
    assert first["ServerSideEncryption"] == "AES256"
    assert first["VersionId"] != second["VersionId"]
    old = s3.get_object(Bucket=bucket, Key="pointer", VersionId=first["VersionId"])
    assert old["Body"].read() == b"1"


def test_an_object_is_created_only_once_where_the_writer_asks_for_that(aws, bucket):
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="once", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket=bucket, Key="once", Body=b"2", IfNoneMatch="*")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412


def test_an_object_is_replaced_only_if_it_is_still_the_one_that_was_read(aws, bucket):
    s3 = aws.client("s3")
    read = s3.put_object(Bucket=bucket, Key="champion", Body=b"1")["ETag"]
    s3.put_object(Bucket=bucket, Key="champion", Body=b"2", IfMatch=read)
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket=bucket, Key="champion", Body=b"3", IfMatch=read)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412


@pytest.mark.parametrize(("actions", "status"), [(["s3:GetObject"], 403), (["s3:GetObject", "s3:ListBucket"], 404)])
def test_a_missing_object_looks_forbidden_to_a_role_that_may_not_list(aws, bucket, actions, status):
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    role = aws.role({"Effect": "Allow", "Action": actions, "Resource": resources})
    s3 = aws.as_caller(**aws.session_of(role))("s3")
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket=bucket, Key="no-such-key")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
