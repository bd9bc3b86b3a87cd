"""The buckets keep what is in them, keep the public and plain HTTP out, and clean up after themselves."""

import json

from evergreen import names


def test_there_are_three_buckets(template):
    assert set(template.resources("AWS::S3::Bucket")) == {"Data/Bucket", "Models/Bucket", "Capture/Bucket"}


def test_data_and_models_are_versioned_and_captures_are_not(template):
    versioned = {
        path
        for path, properties in template.properties("AWS::S3::Bucket").items()
        if properties.get("VersioningConfiguration") == {"Status": "Enabled"}
    }
    # A captured prediction that somebody wants forgotten must not live on as an old version.
    assert versioned == {"Data/Bucket", "Models/Bucket"}


def test_buckets_are_encrypted(template):
    for properties in template.properties("AWS::S3::Bucket").values():
        (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] in ("AES256", "aws:kms")


def test_buckets_are_closed_to_the_public(template):
    for properties in template.properties("AWS::S3::Bucket").values():
        assert properties["PublicAccessBlockConfiguration"] == {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        }
        assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_buckets_refuse_plain_http_and_old_tls(template):
    policies = {
        properties["Bucket"]: properties["PolicyDocument"]["Statement"]
        for properties in template.properties("AWS::S3::BucketPolicy").values()
    }
    assert set(policies) == {"data-bucket", "models-bucket", "capture-bucket"}
    for bucket, statements in policies.items():
        everything = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
        denied = [
            statement["Condition"]
            for statement in statements
            if statement["Effect"] == "Deny"
            and statement["Action"] == "s3:*"
            and statement["Principal"] == {"AWS": "*"}
            and statement["Resource"] == everything
        ]
        assert {"Bool": {"aws:SecureTransport": "false"}} in denied
        assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in denied


def test_buckets_outlive_the_stack(template):
    for bucket in template.resources("AWS::S3::Bucket").values():
        assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_a_bucket_that_outlived_its_stack_tells_of_which_environment_it_is_and_what_it_was_in_the_template(template):
    ids = {
        id_: {tag["Key"]: tag["Value"] for tag in resource["Properties"]["Tags"]}
        for id_, resource in template.document["Resources"].items()
        if resource["Type"] == "AWS::S3::Bucket"
    }
    for id_, tags in ids.items():
        assert tags[names.TAG_ENVIRONMENT] == template.environment.name
        assert tags[names.TAG_LOGICAL_ID] == id_


def test_a_stack_has_no_tags_of_its_own_which_an_import_of_its_buckets_would_not_take(template):
    # "As part of the import operation, you cannot modify or add [Tags]".
    manifest = json.loads((template.file.parent / "manifest.json").read_text())
    assert not manifest["artifacts"][names.stack_name(template.environment.name)]["properties"].get("tags")


def test_a_buckets_policy_goes_with_the_stack_so_that_the_next_one_can_make_its_own(template):
    for policy in template.resources("AWS::S3::BucketPolicy").values():
        assert policy.get("DeletionPolicy", "Delete") == "Delete"


def test_leftovers_of_all_buckets_expire(template):
    for properties in template.properties("AWS::S3::Bucket").values():
        rules = [rule for rule in properties["LifecycleConfiguration"]["Rules"] if rule["Id"] == "Leftovers"]
        assert all(rule["Status"] == "Enabled" for rule in rules)
        assert [rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] for rule in rules] == [7]
        assert [rule["NoncurrentVersionExpiration"]["NoncurrentDays"] for rule in rules] == [90]


def test_only_prepared_splits_captures_and_told_failures_expire_and_when_the_environment_says(template):
    expiring = {
        (path, rule.get("Prefix")): (rule["Status"], rule["ExpirationInDays"])
        for path, properties in template.properties("AWS::S3::Bucket").items()
        for rule in properties["LifecycleConfiguration"]["Rules"]
        if "ExpirationInDays" in rule
    }
    assert expiring == {
        ("Data/Bucket", names.PREPARED_PREFIX): ("Enabled", template.environment.expire_days),
        ("Models/Bucket", names.FAILURES_PREFIX): ("Enabled", template.environment.expire_days),
        ("Capture/Bucket", None): ("Enabled", template.environment.capture_days),
    }
