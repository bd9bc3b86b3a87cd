"""Reads a table from one or more files of CSV, JSON lines, Parquet or Excel, and decides the type of each column."""
