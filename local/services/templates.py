"""What CloudFormation does with the resources of a template, and ministack does not.

- A bucket gets the template's tags, and CloudFormation's own
  (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html).
- A bucket that has a policy gets no second one ("The bucket policy already exists on bucket", reported in
  https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1068).
- A managed policy that somebody has attached cannot be deleted
  (https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html): the stack ends as DELETE_FAILED.
"""

from typing import Any

from local import engine

_BUCKET, _BUCKET_POLICY, _MANAGED_POLICY = "AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::IAM::ManagedPolicy"


def install() -> None:
    handlers = engine.RESOURCE_HANDLERS.get()
    _tag_buckets(handlers[_BUCKET])
    _refuse_second_policies(handlers[_BUCKET_POLICY])
    _keep_attached_policies(handlers[_MANAGED_POLICY])


def _tag_buckets(handlers: dict[str, Any]) -> None:
    # Then the engine hands the handlers the tags of the stack too.
    engine.STACK_TAG_PROPERTY.get()[_BUCKET] = ("Tags", "list")
    create, update = handlers["create"], handlers["update"]

    def tag(name: str, properties: dict[str, Any]) -> None:
        tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
        engine.BUCKET_TAGS.get()[name] = {**engine.BUCKET_TAGS.get().get(name, {}), **tags}

    def create_with_tags(logical_id: str, properties: dict[str, Any], stack_name: str) -> tuple[str, dict[str, Any]]:
        name, attributes = create(logical_id, properties, stack_name)
        tag(name, properties)
        return name, attributes

    def update_with_tags(
        name: str, before: dict[str, Any], properties: dict[str, Any], stack_name: str
    ) -> tuple[str, dict[str, Any]]:
        answer: tuple[str, dict[str, Any]] = update(name, before, properties, stack_name)
        tag(answer[0], properties)
        return answer

    handlers.update(create=create_with_tags, update=update_with_tags)


def _refuse_second_policies(handlers: dict[str, Any]) -> None:
    create = handlers["create"]

    def create_only_one(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        if (bucket := properties["Bucket"]) in engine.BUCKET_POLICIES.get():
            raise ValueError(f"The bucket policy already exists on bucket {bucket}.")
        return create(logical_id, properties, stack_name)

    handlers["create"] = create_only_one


def _keep_attached_policies(handlers: dict[str, Any]) -> None:
    delete = handlers["delete"]

    def delete_unattached(arn: str, properties: dict[str, Any]) -> None:
        # Those whom the template names are detached with it, and it names nobody.
        if engine.POLICIES.get().get(arn, {}).get("AttachmentCount", 0):
            raise ValueError(
                "Cannot delete a policy attached to entities. (Service: Iam, Status Code: 409, "
                "Error Code: DeleteConflict)"
            )
        delete(arn, properties)

    handlers["delete"] = delete_unattached
