"""Operators, sensors and triggers of Airflow for a deployed Evergreen stack. They need boto3 and evergreen_stack.py."""
