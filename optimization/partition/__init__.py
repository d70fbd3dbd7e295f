"""The night by SKU partitions: pure functions from a part's tables to its flow, in this process or in several."""
