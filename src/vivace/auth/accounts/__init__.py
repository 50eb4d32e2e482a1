"""Accounts, and the first step of a sign-in: names, passwords, and what guessing costs."""
