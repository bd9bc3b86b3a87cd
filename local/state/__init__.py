"""The embedded cloud's state: kept on the disk while no cloud runs, and as of the last save if one crashes."""
