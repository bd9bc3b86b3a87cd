"""Requests for SageMaker jobs that run one module."""

import json


def training(aws, store, role, source, *, hyperparameters=None, seconds=60, **changes):
    return {
        "TrainingJobName": aws.name("train"),
        "AlgorithmSpecification": {"TrainingImage": "an/image:1", "TrainingInputMode": "File"},
        "RoleArn": role,
        "HyperParameters": {
            "sagemaker_program": json.dumps("train.py"),
            "sagemaker_submit_directory": json.dumps(aws.source_archive(store, train=source)),
            **(hyperparameters or {}),
        },
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{store}/data/v1/"}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{store}/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": seconds},
        **changes,
    }


def processing(aws, store, role, source, *, seconds=60, **changes):
    uri = aws.source_archive(store, prepare=source)
    unpack = "mkdir -p /opt/ml/code && tar -xzf /opt/ml/processing/code/*.tar.gz -C /opt/ml/code"
    return {
        "ProcessingJobName": aws.name("process"),
        "RoleArn": role,
        "AppSpecification": {
            "ImageUri": "an/image:1",
            "ContainerEntrypoint": ["bash", "-c", f"{unpack} && exec python /opt/ml/code/prepare.py"],
        },
        "ProcessingInputs": [
            {
                "InputName": name,
                "S3Input": {
                    "S3Uri": address,
                    "LocalPath": f"/opt/ml/processing/{name}",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
            for name, address in (("code", uri), ("data", f"https://s3.us-east-1.amazonaws.com/{store}/data/v1"))
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "sets",
                    "S3Output": {
                        "S3Uri": f"s3://{store}/prepared",
                        "LocalPath": "/opt/ml/processing/sets",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": seconds},
        **changes,
    }
