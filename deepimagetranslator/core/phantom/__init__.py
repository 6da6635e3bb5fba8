"""A drawn abdomen: people of different build, in millimetres and Hounsfield units.

``canvas`` paints outlines, ``person`` says who is drawn, ``organs`` draws what the abdominal wall
encloses, ``trunk`` the wall and the bones, and ``scanner`` makes image and target.
"""
