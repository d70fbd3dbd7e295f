"""What may come: panels, signals, models, distributions and the forecast of demand."""
