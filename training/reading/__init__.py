"""Reads a table, CSV or Parquet, one file or many, and decides what each column is."""
