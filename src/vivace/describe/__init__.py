"""What an API says of itself: its OpenAPI document and the pages that show it."""
