"""Versions of the model (bundle), of the data and of the code, and which model is champion."""
