"""What holds for every suite."""

from hypothesis import settings

# A busy machine is no fault of the code: how long an example takes is not what these tests are about.
settings.register_profile("tabard", deadline=None)
settings.load_profile("tabard")
