"""Reads a table from one or more files of CSV, JSON lines or Parquet, and decides the type of each column."""
