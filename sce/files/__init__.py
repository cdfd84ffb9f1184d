"""Reading checked YAML and JSON, writing checked Parquet, and keeping secrets out of all of them."""
