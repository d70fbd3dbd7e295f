"""What holds for every test: a property is never refused because the machine was slow."""

from hypothesis import settings

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
