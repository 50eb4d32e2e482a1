"""What is kept, and where: the records, the protocol of stores, and the stores."""
