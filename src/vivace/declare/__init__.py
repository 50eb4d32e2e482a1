"""Markers: what a signature says about where its values come from. Pure data."""
