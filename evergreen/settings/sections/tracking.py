"""[tracking]: where a training's run is shown besides MLflow."""

from dataclasses import dataclass, field

from evergreen.settings.sections.field import says


@dataclass(frozen=True, kw_only=True)
class TrackingSettings:
    """Mirrors of a training's MLflow run; a change needs `cdk deploy`."""

    wandb: str = field(
        default="",
        metadata=says(
            "`entity/project` of Weights & Biases, where each training's run is shown too. A mirror that fails is told "
            "in the job's log and on the MLflow run, and fails no training."
        ),
    )
    wandb_secret: str = field(
        default="wandb", metadata=says("Name of the secret in Secrets Manager that is the API key.")
    )
    wandb_url: str = field(default="", metadata=says("A server of Weights & Biases of one's own, by its URL."))
