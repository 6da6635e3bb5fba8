"""A synthetic abdominal CT phantom, in millimetres and Hounsfield units.

``person`` has the builds of the people, ``organs`` paints the organs, ``trunk`` the abdominal wall
and the bones, all on a ``canvas``. ``scanner`` makes the image and the target of a slice.
"""
