"""From a model's reply to a prediction or a record, and to the statuses of rows."""
