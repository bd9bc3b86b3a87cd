"""The stack of a pipeline on GitHub: who may deploy, train and look, without a key that is stored anywhere."""
