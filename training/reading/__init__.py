"""Reads a table from one or more CSV or Parquet files, and decides the type of each column."""
