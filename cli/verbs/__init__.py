"""One module per verb of the `evergreen` command. A verb is loaded when it is called, so that each pays for itself."""

# Each verb with what `evergreen --help` says of it, in the order of that page.
VERBS = {
    "demo": "Deploy, train, promote, predict, find drift, alarm and roll back on this machine, then stop everything.",
    "up": "Run the cloud on this machine, deployed and trained, until Ctrl-C.",
    "init": "Look at a table, and write a model.toml and a page for it.",
    "train": "Train on the table that model.toml names, and promote the model if it is better.",
    "predict": "Predict with the champion.",
    "feedback": "Tell the endpoint what really happened, for the check of live quality.",
    "versions": "List the versions, the newest first, with Judge's decision about each.",
    "rollback": "Make the previous champion serve again, or a version that is named.",
    "drift": "Check now whether the predicted rows have drifted from the champion's holdout.",
    "dashboard": "Draw the stack's dashboard as a page. The CloudWatch console shows the same dashboard.",
    "forget": "Remove a prediction, its features and its label from what has been captured.",
    "card": "Fetch the champion's model card, with Judge's decision in it.",
    "reproduce": "Train a version again from its data, settings and code, and say whether the model is the same.",
    "data": "Version the data: add, list, pull and push.",
    "destroy": "Remove the stack and what it leaves behind, and prove what is left. The buckets stay, unless told "
    "otherwise.",
}
