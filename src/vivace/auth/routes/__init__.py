"""The routes of the kit, one module for each of its parts."""
