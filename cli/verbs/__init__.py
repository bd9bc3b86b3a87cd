"""One module per verb of the `evergreen` command. A verb is loaded when it is called, so that each pays for itself."""

# Each verb with what `evergreen --help` says of it, in the order of that page.
VERBS = {
    "demo": "Deploy, train, promote, predict, find drift, alarm and roll back on this machine, then stop everything.",
    "replay": "Live nine years of house prices month by month, with renewal and without, and draw them as a page.",
    "up": "Run the cloud on this machine, deployed and trained, until Ctrl-C.",
    "down": "Stop the cloud that `evergreen up` runs in another terminal, or has left behind. Its state is kept.",
    "init": "Look at a table, and write a model.toml and a page for it.",
    "doctor": "Look for what stands in the way of a deployment, and say what to do about it.",
    "train": "Train on the table that model.toml names, and promote the model if it is better.",
    "predict": "Predict with the champion.",
    "feedback": "Tell the endpoint what really happened, for the check of live quality.",
    "smoke": "Try a deployed stack through its endpoint, and take out of the captures what that has sent.",
    "renew": "Try now whether models that are fitted to newer rows do better than the champion.",
    "renewals": "List the renewals, the newest first: why each began, what came of it, and what it cost.",
    "pause": "Let nothing be renewed until it is resumed.",
    "resume": "Let models be renewed again.",
    "gates": "Say what Judge decided about a version, gate by gate.",
    "versions": "List the versions, the newest first, with Judge's decision about each.",
    "rollback": "Make the previous champion serve again, or a version that is named.",
    "drift": "Check now whether the predicted rows have drifted from the champion's holdout.",
    "dashboard": "Draw the stack's dashboard as a page. The CloudWatch console shows the same dashboard.",
    "forget": "Remove predictions, their features and their labels from the captures and the table.",
    "card": "Fetch the champion's model card, with Judge's decision in it.",
    "preview": "Train main's model and this checkout's on this machine, and say whether this one would be promoted.",
    "diff": "Say what a deployment of this checkout would change, by cdk diff.",
    "github": "Switch on the pipeline of a repository on GitHub: roles, environments and variables.",
    "reproduce": "Train a version again from its data, settings and code, and say whether the model is the same.",
    "data": "Version the data: add, list, pull and push; collect labelled predictions.",
    "destroy": "Remove the stack and what it leaves behind, and prove what is left. The buckets stay, unless told "
    "otherwise.",
}
