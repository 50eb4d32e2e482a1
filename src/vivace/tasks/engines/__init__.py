"""Where tasks wait: in memory, in Redis, in RabbitMQ or in NATS."""
