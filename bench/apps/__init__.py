"""The apps that are measured, each serving every case."""
