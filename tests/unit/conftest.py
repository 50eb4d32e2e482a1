from hypothesis import settings

# A machine that is busy with something else fails no test.
settings.register_profile("vivace", deadline=None)
settings.load_profile("vivace")
