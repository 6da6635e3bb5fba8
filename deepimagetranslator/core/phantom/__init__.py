"""A drawn abdomen: people of different build, in millimetres and Hounsfield units.

``canvas`` paints outlines, ``people`` says who is drawn, ``trunk`` draws what is outside the
abdominal cavity, ``tubes`` and ``organs`` what is inside, ``scanner`` makes image and target.
"""
