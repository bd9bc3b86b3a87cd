"""What a pipeline on GitHub needs: texts for its comments, the state of another branch, and the set-up of it all."""
