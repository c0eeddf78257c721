"""Rows to table, wide, json, yaml and csv; progress and live views; the one place for colours and formats."""
