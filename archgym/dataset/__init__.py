"""The dataset: a run's log as typed columns, in Parquet parts and in the journal that is not compacted yet."""
